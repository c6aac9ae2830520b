/** Says loudly, once for a run, that the tests which need the shared data do not run. */
export function setup(): void {
  if (process.env.COXSWAIN_SHARED !== undefined) return;
  console.warn('\n*** COXSWAIN_SHARED is not set: the tests that compare with recorded Kubernetes data DO NOT RUN. ***\n');
}

import type { Measure } from './measure.ts';

/** Suite -> its figures, loaded when asked for: `npm run bench` is `core`, `npm run bench:<name>` the others. */
export const suites: Readonly<Record<string, () => Promise<readonly Measure[]>>> = {
  api: async () => (await import('./api/api.ts')).api,
  core: async () => (await import('./core/core.ts')).core,
  docker: async () => (await import('./docker/docker.ts')).docker,
  store: async () => (await import('./store/store.ts')).store,
};

/** What the command line names and the benchmarks do not have. */
export class UnknownName extends Error {}

/** The measures of a suite, or those of the names alone, in the suite's order. Throws `UnknownName`, which says what there is. */
export async function measuresOf(suiteName: string, only?: readonly string[]): Promise<readonly Measure[]> {
  const suite = Object.hasOwn(suites, suiteName) ? suites[suiteName] : undefined;
  if (suite === undefined) throw new UnknownName(`--suite: expected one of ${Object.keys(suites).join(', ')}, got ${suiteName}`);
  const measures = await suite();
  if (only === undefined) return measures;
  const names = measures.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new UnknownName(`--only: expected names out of ${names.join(', ')} (suite ${suiteName}), got ${unknown.join(', ')}`);
  return measures.filter(({ name }) => only.includes(name));
}

import type { TrafficCounters } from './service-proxy.ts';

/** Bounds of the latency buckets, in milliseconds: those Prometheus clients use, in other words. */
export const latencyBucketsMs: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Counts the traffic of one Service or one pod. Plain fields: it is written to several times per request. */
export class TrafficRecorder {
  requests = 0;
  connections = 0;
  errors = 0;
  serverErrors = 0;
  inFlight = 0;
  #latencyMsSum = 0;
  /** Not cumulative; one more than there are bounds. */
  readonly #buckets: number[] = new Array<number>(latencyBucketsMs.length + 1).fill(0);

  observe(latencyMs: number): void {
    this.#latencyMsSum += latencyMs;
    let bucket = 0;
    while (bucket < latencyBucketsMs.length && latencyMs > latencyBucketsMs[bucket]!) bucket++;
    this.#buckets[bucket]!++;
  }

  counters(): TrafficCounters {
    let below = 0;
    return Object.freeze({
      requests: this.requests,
      connections: this.connections,
      errors: this.errors,
      serverErrors: this.serverErrors,
      inFlight: this.inFlight,
      latencyMsSum: this.#latencyMsSum,
      latencyBuckets: Object.freeze(this.#buckets.map((count) => (below += count))),
    });
  }
}

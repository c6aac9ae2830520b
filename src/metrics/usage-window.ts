import type { Measurement, PodUsage } from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import type { ContainerStats, PodStats } from '../runtimes/runtime.ts';

/** CPU time becomes cores by comparing with the sample before; memory is what it is. */
export class UsageWindow {
  readonly #before = new Map<string, PodStats>();

  /** What each Pod uses; Pods that are gone are forgotten. */
  add(stats: readonly PodStats[]): ReadonlyMap<string, PodUsage> {
    const usage = new Map<string, PodUsage>();
    for (const pod of stats) {
      const before = this.#before.get(pod.podUid);
      usage.set(pod.podUid, new Map(pod.containers.map((container) => [container.containerName, usageOf(pod, container, before)])));
    }
    this.#before.clear();
    for (const pod of stats) this.#before.set(pod.podUid, pod);
    return usage;
  }
}

function usageOf(pod: PodStats, now: ContainerStats, before: PodStats | undefined): ReadonlyMap<string, Measurement> {
  const { atMs } = pod;
  const usage = new Map<string, Measurement>([['memory', { milli: now.memoryWorkingSetBytes * 1000, atMs, windowMs: 0 }]]);
  const earlier = before?.containers.find((each) => each.containerName === now.containerName);
  const windowMs = before === undefined ? 0 : atMs - before.atMs;
  // A container that was started again counts from nothing.
  if (earlier === undefined || windowMs <= 0 || now.cpuNanoseconds < earlier.cpuNanoseconds) return usage;
  const milli = Math.round((now.cpuNanoseconds - earlier.cpuNanoseconds) / 1000 / windowMs);
  usage.set('cpu', { milli, atMs, windowMs });
  return usage;
}

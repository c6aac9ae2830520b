import type { PodManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Clock, Instant } from '../env/clock.ts';
import type { PodUsage } from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import type { ContainerStats, PodStats } from '../runtimes/runtime.ts';
import { UsageWindow } from './usage-window.ts';

/** Whoever asks sooner is told the same again: over a shorter time, CPU says little. */
const windowMsMin = 5_000;

export interface UsageMeterParts {
  readonly view: ViewReader;
  readonly clock: Clock;
  readonly stats: () => Promise<readonly PodStats[]>;
}

/** Measures what Pods use when somebody asks (`kubectl top`), and never by itself. */
export class UsageMeter {
  readonly #parts: UsageMeterParts;
  readonly #window = new UsageWindow();
  #last: { readonly atMs: Instant; readonly usage: Promise<ReadonlyMap<string, PodUsage>> } | undefined;

  constructor(parts: UsageMeterParts) {
    this.#parts = parts;
  }

  /** By the uid of the Pod: CPU since it was asked for last, of a newcomer since its containers started. Rejects with `RuntimeError`. */
  read(): Promise<ReadonlyMap<string, PodUsage>> {
    const atMs = this.#parts.clock.now();
    if (this.#last !== undefined && atMs >= this.#last.atMs && atMs < this.#last.atMs + windowMsMin) return this.#last.usage;
    const usage = this.#sample();
    this.#last = { atMs, usage };
    // A failure is not worth remembering.
    usage.catch(() => (this.#last = undefined));
    return usage;
  }

  async #sample(): Promise<ReadonlyMap<string, PodUsage>> {
    const stats = await this.#parts.stats();
    const usage = new Map(this.#window.add(stats));
    for (const pod of stats) {
      const stored = this.#parts.view.byUid(pod.podUid) as Stored<PodManifest> | undefined;
      const known = usage.get(pod.podUid);
      if (stored !== undefined && known !== undefined) usage.set(pod.podUid, sinceStart(pod, stored, known));
    }
    return usage;
  }
}

/** Fills in the CPU of containers that were not measured before. */
function sinceStart(stats: PodStats, pod: Stored<PodManifest>, usage: PodUsage): PodUsage {
  const filled = new Map(usage);
  for (const container of stats.containers) {
    const known = filled.get(container.containerName);
    const startedAt = startOf(pod, container);
    if (known === undefined || known.has('cpu') || startedAt === undefined || startedAt >= stats.atMs) continue;
    const windowMs = stats.atMs - startedAt;
    const milli = Math.round(container.cpuNanoseconds / 1000 / windowMs);
    filled.set(container.containerName, new Map([...known, ['cpu', { milli, atMs: stats.atMs, windowMs }]]));
  }
  return filled;
}

function startOf({ status }: Stored<PodManifest>, { containerName }: ContainerStats): Instant | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const startedAt = all.find((each) => each.name === containerName)?.state?.running?.startedAt;
  return startedAt === undefined ? undefined : parseTime(startedAt);
}

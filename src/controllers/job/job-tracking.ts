import type { PlannedWrite } from '../controller.ts';
import type { Pod } from '../pods.ts';
import { formatIndexes, parseIndexes } from './index-set.ts';
import { hasFailed, indexOf, isIndexed, isTracked, succeeded, type StoredJob } from './job-pods.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { JobProgress } from './job-progress.ts';
import { judgeFailure } from './pod-failure-policy.ts';
import { withoutTracking } from './job-scale.ts';

/** Uids that are counted but not yet in the counters: at most so many at a time. */
const uncountedMax = 500;

/** Counters as they stand in a status. */
export interface JobCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  readonly completedIndexes: string | undefined;
  readonly failedIndexes: string | undefined;
  /** True if no Pod waits to be counted any more. */
  readonly settled: boolean;
}

export interface Tracking {
  readonly counts: JobCounts;
  readonly writes: readonly PlannedWrite[];
}

/**
 * Counts each ended Pod exactly once, whatever is repeated or lost between: first its uid goes into the status, then its finalizer
 * is taken off, then the uid becomes one more in a counter. Each step needs the one before to be in the view.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers
 */
export function trackPods(job: StoredJob, progress: JobProgress, outcome: JobOutcome | undefined, isDecided: boolean): Tracking {
  const spec = job.spec!;
  const { status = {} } = job;
  const known = { succeeded: status.uncountedTerminatedPods?.succeeded ?? [], failed: status.uncountedTerminatedPods?.failed ?? [] };
  const tracked = new Map(progress.pods.filter(isTracked).map((pod) => [pod.metadata.uid, pod]));
  const waiting = { succeeded: known.succeeded.filter((uid) => tracked.has(uid)), failed: known.failed.filter((uid) => tracked.has(uid)) };
  const recorded = new Recorded(job);
  const completed = parseIndexes(status.completedIndexes, spec.completions ?? 0);
  const writes: PlannedWrite[] = [];
  for (const pod of tracked.values()) {
    if (waiting.succeeded.length + waiting.failed.length >= uncountedMax && !recorded.has(pod.metadata.uid)) continue;
    const fate = fateOf(job, progress, pod, outcome, isDecided);
    if (fate === 'stays') continue;
    if (recorded.allows(pod, fate, progress)) writes.push(withoutTracking(pod));
    else if (fate === 'succeeded') {
      const index = indexOf(pod, spec.completions ?? 0);
      if (isIndexed(spec)) completed.add(index!);
      else waiting.succeeded.push(pod.metadata.uid);
    } else if (fate === 'failed' && !recorded.has(pod.metadata.uid)) waiting.failed.push(pod.metadata.uid);
  }
  const done = (before: readonly string[]): number => before.filter((uid) => !tracked.has(uid)).length;
  return {
    writes,
    counts: {
      succeeded: isIndexed(spec) ? completed.size : (status.succeeded ?? 0) + done(known.succeeded),
      failed: (status.failed ?? 0) + done(known.failed),
      uncounted: waiting,
      completedIndexes: isIndexed(spec) ? formatIndexes(completed) : undefined,
      failedIndexes: progress.failedIndexes === undefined ? undefined : formatIndexes(progress.failedIndexes),
      settled: tracked.size === 0,
    },
  };
}

/** How a Pod counts: not yet, as a success, as a failure, or not at all. */
type Fate = 'stays' | 'succeeded' | 'failed' | 'uncounted';

function fateOf(job: StoredJob, progress: JobProgress, pod: Pod, outcome: JobOutcome | undefined, isDecided: boolean): Fate {
  const spec = job.spec!;
  const index = isIndexed(spec) ? indexOf(pod, spec.completions ?? 0) : 0;
  if (succeeded(pod)) return index === undefined ? 'uncounted' : 'succeeded';
  const leaving = isDecided || job.metadata.deletionTimestamp !== undefined;
  const failed = hasFailed(pod, spec);
  if (!failed && !leaving) return 'stays';
  // The last failure of an index that is to be tried again is kept: its successor takes over its count.
  if (!leaving && index !== undefined && progress.retrying.get(index)?.metadata.uid === pod.metadata.uid) return 'stays';
  // Who is sent home because the Job is accomplished has not failed.
  const isFailure = outcome?.type === 'SuccessCriteriaMet' ? pod.status?.phase === 'Failed' : failed || outcome !== undefined;
  if (!isFailure || index === undefined) return 'uncounted';
  return judgeFailure(spec.podFailurePolicy, pod).counts ? 'failed' : 'uncounted';
}

/** What the Job's status has already. */
class Recorded {
  readonly #uids: ReadonlySet<string>;
  readonly #job: StoredJob;
  readonly #completed: ReadonlySet<number>;
  readonly #failedIndexes: ReadonlySet<number>;

  constructor(job: StoredJob) {
    const { uncountedTerminatedPods: uncounted, completedIndexes, failedIndexes } = job.status ?? {};
    const completions = job.spec?.completions ?? 0;
    this.#job = job;
    this.#uids = new Set([...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])]);
    this.#completed = parseIndexes(completedIndexes, completions);
    this.#failedIndexes = parseIndexes(failedIndexes, completions);
  }

  has(uid: string): boolean {
    return this.#uids.has(uid);
  }

  /** Whether the Pod may lose its finalizer: nothing about it would be forgotten. */
  allows(pod: Pod, fate: Fate, { failedIndexes }: JobProgress): boolean {
    const spec = this.#job.spec!;
    const index = indexOf(pod, spec.completions ?? 0);
    if (index !== undefined && failedIndexes?.has(index) === true && !this.#failedIndexes.has(index)) return false;
    if (fate === 'uncounted' || this.has(pod.metadata.uid)) return true;
    return fate === 'succeeded' && isIndexed(spec) && index !== undefined && this.#completed.has(index);
  }
}

import type { Instant } from '../../env/clock.ts';
import { isActive, isReady, type Pod } from '../pods.ts';
import { parseIndexes } from './index-set.ts';
import {
  finishedAt,
  hasFailed,
  ignoredIndexFailures,
  indexFailures,
  indexOf,
  isIndexed,
  isTerminating,
  isTracked,
  succeeded,
  type StoredJob,
} from './job-pods.ts';
import { judgeFailure } from './pod-failure-policy.ts';

/** What has become of a Job so far: its counters, and what its Pods add to them. */
export interface JobProgress {
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  /** Of an Indexed Job. */
  readonly succeededIndexes: ReadonlySet<number>;
  /** Indexes that are given up, of a Job with a back-off limit for each. */
  readonly failedIndexes: ReadonlySet<number> | undefined;
  /** The last failed Pod of each index that must be tried again: it is kept until its successor is there, for its count. */
  readonly retrying: ReadonlyMap<number, Pod>;
}

export function progressOf(job: StoredJob, pods: readonly Pod[]): JobProgress {
  const spec = job.spec!;
  const { status = {} } = job;
  const active = pods.filter(isActive);
  const uncounted = new Set([...(status.uncountedTerminatedPods?.succeeded ?? []), ...(status.uncountedTerminatedPods?.failed ?? [])]);
  const newPods = pods.filter((pod) => isTracked(pod) && !uncounted.has(pod.metadata.uid));
  const failures = newPods.filter((pod) => hasFailed(pod, spec) && (!isIndexed(spec) || indexOf(pod, spec.completions ?? 0) !== undefined));
  const counted = failures.filter((pod) => judgeFailure(spec.podFailurePolicy, pod).counts).length;
  const succeededIndexes = isIndexed(spec) ? indexesSucceeded(job, pods) : new Set<number>();
  const failedIndexes = spec.backoffLimitPerIndex === undefined ? undefined : indexesFailed(job, pods, succeededIndexes);
  const plain = (status.succeeded ?? 0) + (status.uncountedTerminatedPods?.succeeded?.length ?? 0) + newPods.filter(succeeded).length;
  return {
    pods,
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating),
    succeeded: isIndexed(spec) ? succeededIndexes.size : plain,
    failed: (status.failed ?? 0) + (status.uncountedTerminatedPods?.failed?.length ?? 0) + counted,
    succeededIndexes,
    failedIndexes,
    retrying: failedIndexes === undefined ? new Map() : lastFailures(job, pods, active, succeededIndexes, failedIndexes),
  };
}

function indexesSucceeded(job: StoredJob, pods: readonly Pod[]): ReadonlySet<number> {
  const completions = job.spec?.completions ?? 0;
  const indexes = parseIndexes(job.status?.completedIndexes, completions);
  for (const pod of pods) {
    const index = isTracked(pod) && succeeded(pod) ? indexOf(pod, completions) : undefined;
    if (index !== undefined) indexes.add(index);
  }
  return indexes;
}

function indexesFailed(job: StoredJob, pods: readonly Pod[], done: ReadonlySet<number>): ReadonlySet<number> {
  const spec = job.spec!;
  const completions = spec.completions ?? 0;
  const indexes = parseIndexes(job.status?.failedIndexes, completions);
  for (const pod of pods) {
    const index = isTracked(pod) && hasFailed(pod, spec) ? indexOf(pod, completions) : undefined;
    if (index === undefined || done.has(index)) continue;
    const { action, counts } = judgeFailure(spec.podFailurePolicy, pod);
    if (action === 'FailIndex' || (counts && indexFailures(pod) >= spec.backoffLimitPerIndex!)) indexes.add(index);
  }
  return indexes;
}

function lastFailures(
  job: StoredJob,
  pods: readonly Pod[],
  active: readonly Pod[],
  done: ReadonlySet<number>,
  givenUp: ReadonlySet<number>,
): ReadonlyMap<number, Pod> {
  const spec = job.spec!;
  const completions = spec.completions ?? 0;
  const busy = new Set(active.map((pod) => indexOf(pod, completions)));
  const last = new Map<number, Pod>();
  for (const pod of pods) {
    const index = isTracked(pod) && hasFailed(pod, spec) ? indexOf(pod, completions) : undefined;
    if (index === undefined || busy.has(index) || done.has(index) || givenUp.has(index)) continue;
    const known = last.get(index);
    if (known === undefined || failuresBefore(pod) >= failuresBefore(known)) last.set(index, pod);
  }
  return last;
}

/** All failures of the Pod's index before it, the ignored ones too. */
export const failuresBefore = (pod: Pod): number => indexFailures(pod) + ignoredIndexFailures(pod);

const backOffMsFirst = 10_000;
const backOffMsMax = 600_000;

/** Milliseconds to wait after so many failures in a row. */
export const backOffMs = (failures: number): number => (failures <= 0 ? 0 : Math.min(backOffMsFirst * 2 ** (failures - 1), backOffMsMax));

/** Milliseconds until the Job may start Pods again: the wait doubles with each failure since the last success. */
export function backOffLeftMs(job: StoredJob, pods: readonly Pod[], now: Instant): number {
  const spec = job.spec!;
  let lastSuccess = 0;
  for (const pod of pods) if (succeeded(pod)) lastSuccess = Math.max(lastSuccess, finishedAt(pod));
  // Those that were let go (fewer are wanted, or none for now) are no failures.
  const isFailure = (pod: Pod): boolean => pod.status?.phase === 'Failed' || (isTracked(pod) && hasFailed(pod, spec));
  const failures = pods.filter((pod) => isFailure(pod) && finishedAt(pod) >= lastSuccess);
  if (failures.length === 0) return 0;
  const last = Math.max(...failures.map(finishedAt));
  return Math.max(0, last + backOffMs(failures.length) - now);
}

import type { JobSpec } from '../../api/generated/models.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import type { Pod } from '../pods.ts';
import { parseIndexes } from './index-set.ts';
import { hasFailed, isIndexed, type StoredJob } from './job-pods.ts';
import type { JobProgress } from './job-progress.ts';
import { judgeFailure } from './pod-failure-policy.ts';

/** How a Job ends, and why. `Complete` and `Failed` follow once every Pod is counted and gone. */
export interface JobOutcome {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

const failure = (reason: string, message: string): JobOutcome => ({ type: 'FailureTarget', reason, message });

/** Decided once: what the Job's conditions say already; else what its Pods make of it; undefined while it goes on. */
export function outcomeOf(job: StoredJob, progress: JobProgress, now: Instant): JobOutcome | undefined {
  const spec = job.spec!;
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const known = job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
    if (known !== undefined) return { type, reason: known.reason ?? '', message: known.message ?? '' };
  }
  return (
    policyFailure(spec, progress.pods) ??
    limitFailure(spec, progress) ??
    deadlineFailure(job, now) ??
    indexFailure(spec, progress) ??
    policySuccess(spec, progress)
  );
}

function policyFailure(spec: JobSpec, pods: readonly Pod[]): JobOutcome | undefined {
  if (spec.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    const verdict = hasFailed(pod, spec) ? judgeFailure(spec.podFailurePolicy, pod) : undefined;
    if (verdict?.jobFailure !== undefined) return failure('PodFailurePolicy', verdict.jobFailure);
  }
  return undefined;
}

function limitFailure(spec: JobSpec, { failed, pods }: JobProgress): JobOutcome | undefined {
  const limit = spec.backoffLimit ?? 6;
  const restarts = spec.template.spec?.restartPolicy === 'OnFailure' ? restartsOf(pods) : 0;
  const tooManyRestarts = limit === 0 ? restarts > 0 : restarts >= limit && restarts > 0;
  if (failed <= limit && !tooManyRestarts) return undefined;
  return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
}

function restartsOf(pods: readonly Pod[]): number {
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const each of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) restarts += each.restartCount;
  }
  return restarts;
}

/** Milliseconds until the Job's time is up; undefined if it has no such limit, or has not begun. */
export function deadlineLeftMs(job: StoredJob, now: Instant): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec!;
  const begun = job.status?.startTime;
  if (activeDeadlineSeconds === undefined || begun === undefined || suspend === true) return undefined;
  return parseTime(begun) + activeDeadlineSeconds * 1000 - now;
}

function deadlineFailure(job: StoredJob, now: Instant): JobOutcome | undefined {
  const left = deadlineLeftMs(job, now);
  return left !== undefined && left <= 0 ? failure('DeadlineExceeded', 'Job was active longer than specified deadline') : undefined;
}

function indexFailure(spec: JobSpec, { failedIndexes, succeededIndexes }: JobProgress): JobOutcome | undefined {
  if (failedIndexes === undefined || failedIndexes.size === 0) return undefined;
  if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (failedIndexes.size + succeededIndexes.size >= (spec.completions ?? 0)) return failure('FailedIndexes', 'Job has failed indexes');
  return undefined;
}

function policySuccess(spec: JobSpec, { succeededIndexes }: JobProgress): JobOutcome | undefined {
  if (!isIndexed(spec)) return undefined;
  for (const [i, { succeededIndexes: named, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    const wanted = named === undefined ? undefined : parseIndexes(named, spec.completions ?? 0);
    const met = wanted === undefined ? succeededIndexes.size : [...wanted].filter((index) => succeededIndexes.has(index)).length;
    const needed = succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY;
    if (met >= needed) return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${i}` };
  }
  return undefined;
}

/** True if there is nothing left to do: enough have succeeded, and none runs. */
export function isAccomplished(spec: JobSpec, done: number, active: number): boolean {
  if (active > 0) return false;
  return spec.completions === undefined ? done > 0 : done >= spec.completions;
}

export const accomplished: JobOutcome = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

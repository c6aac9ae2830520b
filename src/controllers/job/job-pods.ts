import type { JobManifest, JobSpec } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import type { Pod } from '../pods.ts';

export type StoredJob = Stored<JobManifest>;

/** Keeps a Pod of a Job until the Job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
export const indexFailuresKey = 'batch.kubernetes.io/job-index-failure-count';
export const indexIgnoredFailuresKey = 'batch.kubernetes.io/job-index-ignored-failure-count';

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) === true;
export const isIndexed = (spec: JobSpec): boolean => spec.completionMode === 'Indexed';
export const succeeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';
export const isTerminating = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp !== undefined && !succeeded(pod) && pod.status?.phase !== 'Failed';

/** Which index the Pod works on; undefined if it is none of the Job's. */
export function indexOf(pod: Pod, completions: number): number | undefined {
  const text = pod.metadata.annotations?.[indexKey];
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index < completions ? index : undefined;
}

/** True if a Pod that is being deleted must have ended before another takes its place. */
export const onlyReplacesFailed = (spec: JobSpec): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

/** Whether the Pod counts as failed: also one that was deleted before it could fail, unless the Job waits for the end of such. */
export function hasFailed(pod: Pod, spec: JobSpec): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return !onlyReplacesFailed(spec) && pod.metadata.deletionTimestamp !== undefined && !succeeded(pod);
}

const count = (pod: Pod, key: string): number => {
  const text = pod.metadata.annotations?.[key] ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
};

/** How often the Pod's index failed before it. */
export const indexFailures = (pod: Pod): number => count(pod, indexFailuresKey);
export const ignoredIndexFailures = (pod: Pod): number => count(pod, indexIgnoredFailuresKey);

/** When the Pod ended, as well as its status can tell. */
export function finishedAt(pod: Pod): Instant {
  const ends = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].flatMap((each) => {
    const at = each.state?.terminated?.finishedAt;
    return at === undefined ? [] : [parseTime(at)];
  });
  if (ends.length > 0) return Math.max(...ends);
  const ready = pod.status?.conditions?.find((each) => each.type === 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime !== undefined) return parseTime(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return parseTime(creationTimestamp);
}

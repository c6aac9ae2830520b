import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';

/** What one can wait for: a phase, a condition of the Pod, or its end. */
export type PodWaitCondition =
  'Scheduled' | 'Initialized' | 'ContainersReady' | 'Ready' | 'Running' | 'Succeeded' | 'Failed' | 'Ended' | 'Deleted';

type Pod = Stored<PodManifest>;

const conditionOf: Readonly<Partial<Record<PodWaitCondition, string>>> = {
  Scheduled: 'PodScheduled',
  Initialized: 'Initialized',
  ContainersReady: 'ContainersReady',
  Ready: 'Ready',
};

export function podReached(pod: Pod, condition: PodWaitCondition): boolean {
  const phase = pod.status?.phase ?? 'Pending';
  if (condition === 'Ended') return phase === 'Succeeded' || phase === 'Failed';
  const type = conditionOf[condition];
  if (type === undefined) return phase === condition;
  return pod.status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
}

/** Waiting reasons that do not go away by themselves. */
const hopeless: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CrashLoopBackOff',
]);

/** Why the Pod can no longer come to the condition as things stand; undefined if it can. */
export function podFailure(pod: Pod, condition: PodWaitCondition): string | undefined {
  const phase = pod.status?.phase ?? 'Pending';
  if (phase === 'Failed' && condition !== 'Failed' && condition !== 'Ended')
    return `it has failed${pod.status?.message === undefined ? '' : `: ${pod.status.message}`}`;
  if (phase === 'Succeeded') return 'it has ended successfully';
  const scheduled = pod.status?.conditions?.find((each) => each.type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') return `it cannot be scheduled: ${scheduled.message ?? ''}`;
  for (const container of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const waiting = container.state?.waiting;
    if (waiting?.reason !== undefined && hopeless.has(waiting.reason))
      return `container ${container.name}: ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`;
  }
  return undefined;
}

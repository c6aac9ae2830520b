import type { ContainerStateTerminated, ContainerStatus, PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';

/** What one can wait for: a phase, a condition of the Pod, or its end. */
export type PodWaitCondition =
  'Scheduled' | 'Initialized' | 'ContainersReady' | 'Ready' | 'Running' | 'Succeeded' | 'Failed' | 'Ended' | 'Deleted';

const conditions: readonly string[] = [
  'Scheduled',
  'Initialized',
  'ContainersReady',
  'Ready',
  'Running',
  'Succeeded',
  'Failed',
  'Ended',
  'Deleted',
] satisfies PodWaitCondition[];

/** For callers whom no compiler checks. */
export const isPodWaitCondition = (text: string): text is PodWaitCondition => conditions.includes(text);

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

/** What somebody waits out who could give up: no node that would take the Pod, a program that ends again and again. */
export type PassingTrouble = 'Unschedulable' | 'CrashLoopBackOff';

/** Why the Pod can no longer come to the condition as things stand, `passing` troubles aside; undefined if it can. */
export function podFailure(pod: Pod, condition: PodWaitCondition, passing: readonly PassingTrouble[] = []): string | undefined {
  const waitedOut = (reason: string): boolean => passing.some((each) => each === reason);
  const phase = pod.status?.phase ?? 'Pending';
  if (phase === 'Failed' && condition !== 'Failed' && condition !== 'Ended') return ['it has failed', ...failuresIn(pod)].join(': ');
  if (phase === 'Succeeded') return 'it has ended successfully';
  const scheduled = pod.status?.conditions?.find((each) => each.type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' && !waitedOut(scheduled.reason))
    return `it cannot be scheduled: ${scheduled.message ?? ''}`;
  for (const container of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const waiting = container.state?.waiting;
    if (waiting?.reason !== undefined && hopeless.has(waiting.reason) && !waitedOut(waiting.reason))
      return `container ${container.name}: ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}${lastEnd(container)}`;
  }
  return undefined;
}

/** What is known of a failure: of the Pod, or of those of its containers that ended badly. */
function failuresIn({ status = {} }: Pod): readonly string[] {
  if (status.message !== undefined) return [status.message];
  const ends = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(({ name, state }) =>
    state?.terminated === undefined || state.terminated.exitCode === 0 ? [] : [`container ${name} ended with ${endText(state.terminated)}`],
  );
  return ends.length === 0 ? [] : [ends.join(', ')];
}

/** How the run before ended, which the words about the back-off do not say. */
function lastEnd({ lastState }: ContainerStatus): string {
  const ended = lastState?.terminated;
  return ended === undefined ? '' : `; its last run ended with ${endText(ended)}`;
}

const endText = ({ exitCode, reason = 'Error', message = '' }: ContainerStateTerminated): string =>
  `exit code ${exitCode} (${reason})${message === '' ? '' : `: ${message.trim()}`}`;

import type { PodCondition } from '../api/generated/models.ts';
import { formatTime } from '../api/time.ts';
import type { PlannedWrite } from './scheduler.ts';
import type { Instant } from '../env/clock.ts';
import { podKind } from '../kinds/pod.ts';
import type { StoredPod } from './pod-info.ts';

/** What an attempt that came to nothing says in the pod's status. */
export interface Verdict {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** undefined: as it is; '': none. */
  readonly nominatedNodeName: string | undefined;
}

/** The write that says so, or undefined if the status says it already. */
export function verdictWrite(pod: StoredPod, { reason, message, nominatedNodeName }: Verdict, now: Instant): PlannedWrite | undefined {
  const conditions = pod.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === 'PodScheduled');
  const nominated = nominatedNodeName ?? pod.status?.nominatedNodeName ?? '';
  const same = old?.status === 'False' && old.reason === reason && old.message === message;
  if (same && nominated === (pod.status?.nominatedNodeName ?? '')) return undefined;
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastTransitionTime: old?.status === 'False' && old.lastTransitionTime !== undefined ? old.lastTransitionTime : formatTime(now),
  };
  const { nominatedNodeName: _old, ...status } = pod.status ?? {};
  const object = {
    ...pod,
    status: {
      ...status,
      conditions: old === undefined ? [...conditions, condition] : conditions.map((other) => (other === old ? condition : other)),
      ...(nominated === '' ? {} : { nominatedNodeName: nominated }),
    },
  };
  return { verb: 'update-status', kind: podKind, object };
}

/** The write that takes a nomination back, or undefined if there is none. */
export function withoutNomination(pod: StoredPod): PlannedWrite | undefined {
  const { nominatedNodeName, ...status } = pod.status ?? {};
  if (nominatedNodeName === undefined || nominatedNodeName === '') return undefined;
  const object: StoredPod = { ...pod, status };
  return { verb: 'update-status', kind: podKind, object };
}

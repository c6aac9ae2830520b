import type { PodDisruptionBudgetStatus } from '../api/generated/models.ts';
import { formatTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';

const type = 'DisruptionAllowed';

/**
 * A budget's status with the condition that says whether Pods may be taken away; `failure` is why nobody knows.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/#PodDisruptionBudgetStatus
 */
export function withDisruptionCondition(
  status: PodDisruptionBudgetStatus,
  generation: number | undefined,
  now: Instant,
  failure?: string,
): PodDisruptionBudgetStatus {
  const before = status.conditions ?? [];
  const known = before.find((each) => each.type === type);
  const allowed = failure === undefined && status.disruptionsAllowed > 0 ? 'True' : 'False';
  const reason = failure !== undefined ? 'SyncFailed' : allowed === 'True' ? 'SufficientPods' : 'InsufficientPods';
  const condition = {
    type,
    status: allowed,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: known?.status === allowed ? known.lastTransitionTime : formatTime(now),
    reason,
    message: failure ?? '',
  };
  const conditions = known === undefined ? [...before, condition] : before.map((each) => (each === known ? condition : each));
  return { ...status, conditions };
}

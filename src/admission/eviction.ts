import type { DeleteOptions, DeleteResult } from '../api/client.ts';
import type { PodDisruptionBudgetManifest, PodManifest } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import type { KubeObject, ObjectName, Stored } from '../api/object.ts';
import type { Registry } from '../api/registry.ts';
import { notFound } from '../api/status-errors.ts';
import { formatTime } from '../api/time.ts';
import type { View } from '../api/view.ts';
import type { Clock } from '../env/clock.ts';
import { ApiError } from '../errors.ts';
import { podDisruptionBudgetKind } from '../kinds/pod-disruption-budget.ts';
import { podKind } from '../kinds/pod.ts';

type Budget = Stored<PodDisruptionBudgetManifest>;
type Pod = Stored<PodManifest>;

/** Seconds after which a refused eviction may be tried again. */
const retryAfterSeconds = 10;

/**
 * Deletes Pods as their disruption budgets allow.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export class Eviction {
  readonly #registry: Registry;
  readonly #view: View;
  readonly #clock: Clock;

  constructor(registry: Registry, view: View, clock: Clock) {
    this.#registry = registry;
    this.#view = view;
    this.#clock = clock;
  }

  /** Throws `ApiError` 429 (`TooManyRequests`) if a budget forbids it for now, 500 if two budgets claim the Pod. */
  async evict(at: ObjectName, options: DeleteOptions = {}): Promise<DeleteResult> {
    const pod = this.#view.get(podKind, at.namespace, at.name);
    if (pod === undefined) throw notFound(podKind, at.name);
    const budgets = this.#budgetsOf(pod);
    if (budgets.length > 1)
      throw new ApiError(
        500,
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    const [budget] = budgets;
    if (budget !== undefined && !needsNoBudget(pod)) await this.#spend(budget, pod, options);
    return this.#registry.delete(podKind, at, { ...options, preconditions: { uid: pod.metadata.uid, ...options.preconditions } });
  }

  #budgetsOf(pod: Pod): readonly Budget[] {
    return this.#view
      .list(podDisruptionBudgetKind, { namespace: pod.metadata.namespace })
      .filter((budget) => budget.spec?.selector !== undefined && LabelMatcher.of(budget.spec.selector).matches(pod.metadata.labels));
  }

  /** Takes one disruption from the budget, with compare-and-swap, so that two evictions cannot share it. */
  async #spend(budget: Budget, pod: Pod, options: DeleteOptions): Promise<void> {
    const { status } = budget;
    const stale = (status?.observedGeneration ?? 0) < (budget.metadata.generation ?? 0);
    if (status === undefined || stale || status.disruptionsAllowed <= 0) throw refused(budget, stale || status === undefined);
    if (options.dryRun === true) return;
    const disruptedPods = { ...status.disruptedPods, [pod.metadata.name]: formatTime(this.#clock.now()) };
    const next = { ...budget, status: { ...status, disruptionsAllowed: status.disruptionsAllowed - 1, disruptedPods } };
    await this.#registry.updateStatus(podDisruptionBudgetKind, next as KubeObject, {
      identity: { name: 'system:eviction', groups: [], role: 'controller' },
    });
  }
}

/** Pods that serve nobody may always go. */
function needsNoBudget(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === 'Pending' || phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
}

function refused(budget: Budget, unknown: boolean): ApiError {
  const name = budget.metadata.name;
  const message = unknown
    ? `The disruption budget ${name} is still being processed by the server.`
    : `The disruption budget ${name} needs ${budget.status?.desiredHealthy ?? 0} healthy pods and has ${budget.status?.currentHealthy ?? 0} currently`;
  return new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message, field: '' }],
    ...(unknown ? { retryAfterSeconds } : {}),
  });
}

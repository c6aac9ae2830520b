import type { DeleteOptions, DeleteResult, Identity } from '../api/client.ts';
import type { PodDisruptionBudgetManifest, PodManifest } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import type { KubeObject, ObjectName, Stored } from '../api/object.ts';
import type { Registry } from '../api/registry.ts';
import { notFound } from '../api/status-errors.ts';
import { formatTime } from '../api/time.ts';
import type { View } from '../api/view.ts';
import type { Clock } from '../env/clock.ts';
import { ApiError } from '../errors.ts';
import { withDisruptionCondition } from '../kinds/disruption-condition.ts';
import { podDisruptionBudgetKind } from '../kinds/pod-disruption-budget.ts';
import { podKind } from '../kinds/pod.ts';

type Budget = Stored<PodDisruptionBudgetManifest>;
type Pod = Stored<PodManifest>;

/** It speaks for the user who evicts, whoever leads. */
const identity: Identity = { name: 'system:eviction', groups: [], role: 'controller', unfenced: true };

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
    const [budget] = needsNoBudget(pod) ? [] : budgets;
    if (budget !== undefined && !isFreeToGo(budget, pod)) await this.#spend(budget, pod, options);
    if (options.dryRun !== true) await this.#mark(pod);
    return this.#registry.delete(podKind, at, { ...options, preconditions: { uid: pod.metadata.uid, ...options.preconditions } });
  }

  /** The Pod says that it was meant to go: a Job need not count it as a failure of its own. */
  async #mark(pod: Pod): Promise<void> {
    const at = { namespace: pod.metadata.namespace, name: pod.metadata.name };
    const present = (await this.#registry.current(podKind, at)) as Pod | undefined;
    if (present === undefined || present.metadata.uid !== pod.metadata.uid) return;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: formatTime(this.#clock.now()),
    };
    const others = (present.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
    const { resourceVersion: _any, ...metadata } = present.metadata;
    const next = { ...present, metadata, status: { ...present.status, conditions: [...others, condition] } };
    await this.#registry.updateStatus(podKind, next as KubeObject, { identity });
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
    const spent = { ...status, disruptionsAllowed: status.disruptionsAllowed - 1, disruptedPods };
    const now = this.#clock.now();
    const next = {
      ...budget,
      status: spent.disruptionsAllowed > 0 ? spent : withDisruptionCondition(spent, budget.metadata.generation, now),
    };
    await this.#registry.updateStatus(podDisruptionBudgetKind, next as KubeObject, {
      identity,
    });
  }
}

/** A Pod that is not ready anyway may go if its budget says so, or if enough others are healthy. */
function isFreeToGo({ spec, status }: Budget, pod: Pod): boolean {
  if (pod.status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status?.desiredHealthy ?? 0) > 0 && (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0);
}

/** Pods that serve nobody may always go. */
function needsNoBudget(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === 'Pending' || phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
}

function refused(budget: Budget, unknown: boolean): ApiError {
  const name = budget.metadata.name;
  const failed = budget.status?.conditions?.find(({ type, reason }) => type === 'DisruptionAllowed' && reason === 'SyncFailed');
  const why = failed && `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failed.message}`;
  const message = unknown
    ? `The disruption budget ${name} is still being processed by the server.`
    : (why ??
      `The disruption budget ${name} needs ${budget.status?.desiredHealthy ?? 0} healthy pods and has ${budget.status?.currentHealthy ?? 0} currently`);
  return new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

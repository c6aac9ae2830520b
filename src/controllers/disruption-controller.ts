import { deepEqual } from '../api/deep-equal.ts';
import type { PodDisruptionBudgetManifest, PodDisruptionBudgetStatus } from '../api/generated/models.ts';
import type { KindIndex } from '../api/kind-index.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { matching } from '../api/matching.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { withDisruptionCondition } from '../kinds/disruption-condition.ts';
import { podDisruptionBudgetKind } from '../kinds/pod-disruption-budget.ts';
import { podKind } from '../kinds/pod.ts';
import { resolveIntOrPercent } from '../kinds/workload/int-or-percent.ts';
import type { Controller, Plan, PlannedEvent } from './controller.ts';
import { expectedScale } from './disruption/expected-scale.ts';
import { isReady, refOf, type Pod } from './pods.ts';

type Budget = Stored<PodDisruptionBudgetManifest>;

/** A Pod that was evicted and is still there after this time counts again. */
const deletionTimeoutMs = 120_000;

const keyOf = ({ metadata }: Budget): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const matcherOf = (budget: Budget): LabelMatcher =>
  budget.spec?.selector === undefined ? LabelMatcher.nothing : LabelMatcher.of(budget.spec.selector);

/**
 * Says of each PodDisruptionBudget how many of its Pods may be taken away now.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
 */
export function disruptionController(kinds: KindIndex): Controller {
  return {
    name: 'disruption',
    component: 'controllermanager',
    triggers: [
      { kind: podDisruptionBudgetKind, keys: ({ object }) => [keyOf(object as unknown as Budget)] },
      {
        kind: podKind,
        keys: ({ object, previous }, view) => {
          const budgets = view.list(podDisruptionBudgetKind, { namespace: object.metadata.namespace });
          if (budgets.length === 0) return [];
          const concerned = budgets.filter((budget) => {
            const matcher = matcherOf(budget);
            return matcher.matches(object.metadata.labels) || (previous !== undefined && matcher.matches(previous.metadata.labels));
          });
          return concerned.map(keyOf);
        },
      },
      {
        // What keeps Pods may be asked for more or fewer of them.
        kind: 'any',
        keys: ({ object, previous }, view) => {
          if (previous === undefined || view.count(podDisruptionBudgetKind) === 0) return [];
          const kind = kinds.byKind(object.apiVersion, object.kind);
          if (kind?.scale === undefined || deepEqual(object.spec, previous.spec)) return [];
          return view.list(podDisruptionBudgetKind, { namespace: object.metadata.namespace }).map(keyOf);
        },
      },
    ],
    reconcile(view, key, now): Plan {
      const [namespace, name = ''] = key.split('/');
      const budget = view.get(podDisruptionBudgetKind, namespace, name);
      return budget === undefined ? { writes: [] } : sync(view, kinds, budget, now);
    },
  };
}

function sync(view: ViewReader, kinds: KindIndex, budget: Budget, now: Instant): Plan {
  const matcher = matcherOf(budget);
  const pods = matching(view, podKind, budget.metadata.namespace ?? '', matcher);
  const events: PlannedEvent[] = [];
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void => {
    events.push({ regarding: refOf(budget), type, reason, message });
  };
  if (pods.length === 0) tell('Normal', 'NoPods', 'No matching pods found');
  const wanted = desired(view, kinds, budget, pods);
  if (wanted.problem !== undefined) {
    tell('Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${wanted.problem}`);
    return { ...statusPlan(budget, failSafe(budget), now, wanted.problem), events };
  }
  if (wanted.unmanaged.length > 0) {
    const consequence = 'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior.';
    const advice = 'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
    const selector = JSON.stringify(budget.spec?.selector ?? {});
    const found = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged.`;
    tell('Warning', 'UnmanagedPods', `${found} ${consequence} ${advice}`);
  }
  const { disrupted, recheckAt, overdue } = disruptedPods(budget, pods, now);
  for (const pod of overdue) {
    const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
    events.push({ regarding: refOf(pod), type: 'Warning', reason: 'NotDeleted', message });
  }
  const healthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && disrupted[pod.metadata.name] === undefined && isReady(pod),
  ).length;
  const status: PodDisruptionBudgetStatus = {
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
    disruptionsAllowed: wanted.expected <= 0 ? 0 : Math.max(0, healthy - wanted.healthy),
    currentHealthy: healthy,
    desiredHealthy: wanted.healthy,
    expectedPods: wanted.expected,
    ...(budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
    conditions: budget.status?.conditions ?? [],
  };
  return { ...statusPlan(budget, status, now), events, ...(recheckAt === undefined ? {} : { requeueAfterMs: recheckAt - now }) };
}

/** What nobody can count must not be taken apart. */
function failSafe(budget: Budget): PodDisruptionBudgetStatus {
  const before = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  return { ...before, disruptionsAllowed: 0 };
}

function statusPlan(budget: Budget, status: PodDisruptionBudgetStatus, now: Instant, failure?: string): Plan {
  const next = withDisruptionCondition(status, budget.metadata.generation, now, failure);
  if (deepEqual(next, budget.status)) return { writes: [] };
  return { writes: [{ verb: 'update-status', kind: podDisruptionBudgetKind, object: { ...budget, status: next } as KubeObject }] };
}

/** How many must stay healthy, of how many. */
function desired(
  view: ViewReader,
  kinds: KindIndex,
  { spec = {} }: Budget,
  pods: readonly Pod[],
): { readonly healthy: number; readonly expected: number; readonly unmanaged: readonly string[]; readonly problem?: string } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { healthy: minAvailable, expected: pods.length, unmanaged: [] };
  if (maxUnavailable === undefined && minAvailable === undefined) return { healthy: 0, expected: 0, unmanaged: [] };
  const scale = expectedScale(view, kinds, pods);
  const healthy =
    maxUnavailable === undefined
      ? resolveIntOrPercent(minAvailable!, scale.expected, 'up')
      : Math.max(0, scale.expected - resolveIntOrPercent(maxUnavailable, scale.expected, 'up'));
  return { ...scale, healthy };
}

/** Pods whose eviction was granted and which are still there. */
function disruptedPods(
  budget: Budget,
  pods: readonly Pod[],
  now: Instant,
): { readonly disrupted: Record<string, string>; readonly recheckAt: Instant | undefined; readonly overdue: readonly Pod[] } {
  const granted = budget.status?.disruptedPods ?? {};
  const disrupted: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheckAt: Instant | undefined;
  for (const pod of pods) {
    const at = granted[pod.metadata.name];
    if (at === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const deadline = parseTime(at) + deletionTimeoutMs;
    if (deadline <= now) overdue.push(pod);
    else {
      disrupted[pod.metadata.name] = at;
      recheckAt = Math.min(recheckAt ?? deadline, deadline);
    }
  }
  return { disrupted, recheckAt, overdue };
}

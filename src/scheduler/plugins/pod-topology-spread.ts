import type { FieldErrors } from '../../api/field-errors.ts';
import type { TopologySpreadConstraint } from '../../api/generated/models.ts';
import type { StoredObject } from '../../api/object.ts';
import { validateOptionalChoice } from '../../kinds/field-checks.ts';
import { validateTopologySpread } from '../../kinds/pod/topology-spread.ts';
import { differs } from '../changed-part.ts';
import type { StoredNode } from '../node-info.ts';
import { checkArgs } from '../plugin-args.ts';
import type { ClusterEvent, Refusal, SchedulerPlugin, SparseFilter } from '../plugin.ts';
import type { PodInfo } from '../pod-info.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';
import { splitTallies } from '../split-tallies.ts';
import { SpreadConstraints, type CompiledConstraint } from '../spread-constraints.ts';
import { sparseSpread, SpreadScore, spreadSizes } from '../spread-score.ts';

const name = 'PodTopologySpread';
const skewRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't match pod topology spread constraints"],
  resolvable: true,
});
const labelRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  resolvable: false,
});

/** What Kubernetes applies to pods of a Service or a controller that have no constraints of their own. */
const systemConstraints: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

export interface PodTopologySpreadArgs {
  /** `System` (unless given): Kubernetes' own; `List`: those of `defaultConstraints`. */
  readonly defaultingType?: 'System' | 'List';
  /** For pods without constraints; selectors follow from the Services and controllers of the pod, so none may be given. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
}

/**
 * `spec.topologySpreadConstraints`, and default ones for pods of Services and controllers.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
export function podTopologySpread(args: PodTopologySpreadArgs = {}): SchedulerPlugin<readonly CompiledConstraint[], () => SpreadScore> {
  const { defaultConstraints = [], defaultingType = args.defaultConstraints === undefined ? 'System' : 'List' } = args;
  checkArgs(name, (errors) => checkDefaults(defaultingType, defaultConstraints, errors));
  const systemDefaulted = defaultingType === 'System';
  const defaults = systemDefaulted ? systemConstraints : defaultConstraints;
  const constraints = new SpreadConstraints(defaults, systemDefaulted);
  return {
    name,
    preFilter: (pod, cache) => {
      const state = constraints.hard(pod, cache);
      if (state.length === 0) return { skip: true };
      return { state, sparse: sparseSkew(state, cache.nodeCount) };
    },
    filter: (_pod, { index }, state) => {
      for (const constraint of state) {
        const domain = constraint.tally.domains.of[index]!;
        if (domain < 0) return labelRefusal;
        if ((constraint.tally.pods[domain] ?? 0) > mostPods(constraint)) return skewRefusal;
      }
      return undefined;
    },
    filterAll: (_pod, indexes, count, state) => {
      let left = count;
      for (const constraint of state) left = keepEven(constraint, indexes, left);
      return left;
    },
    preScore: (pod, cache, feasible) => {
      const soft = constraints.soft(pod, cache);
      if (soft.length === 0) return { skip: true };
      const requireAll = pod.group.spreadConstraints.length > 0 || !systemDefaulted;
      // Counting the nodes means looking at all of them: only if it has to be.
      let score: SpreadScore | undefined;
      const state = (): SpreadScore => (score ??= new SpreadScore(soft, requireAll, spreadSizes(soft, requireAll, feasible)));
      const sparse = sparseSpread(soft, requireAll, cache.nodeCount);
      return sparse === undefined ? { state } : { state, sparse };
    },
    score: (_pod, { index }, state) => state().of(index),
    scoreAll: (_pod, feasible, scores, state) => state().all(feasible, scores),
    normalizeScore: (scores, feasible, state) => state().normalize(scores, feasible),
    isSchedulableAfter: (event, pod, cache) => mayFitAfter(event, pod, cache, constraints),
  };
}

/** More pods than this in a domain would be too many with one more. */
const mostPods = ({ tally, selfMatch, maxSkew, minDomains }: CompiledConstraint): number =>
  maxSkew - selfMatch + (tally.domainCount < minDomains ? 0 : tally.min);

function sparseSkew(constraints: readonly CompiledConstraint[], nodeCount: number): SparseFilter {
  const { classes, perNode } = splitTallies(
    constraints.map(({ tally }) => tally),
    nodeCount,
  );
  const limits = constraints.map((constraint) => ({
    tally: constraint.tally,
    single: perNode.includes(constraint.tally),
    most: mostPods(constraint),
  }));
  return {
    classes,
    refusal: (classOf) => {
      for (const { tally, single, most } of limits) {
        const domain = single ? undefined : classOf(tally.domains) - 1;
        if (domain === -1) return labelRefusal;
        if ((domain === undefined ? classOf(tally) : (tally.pods[domain] ?? 0)) > most) return skewRefusal;
      }
      return undefined;
    },
  };
}

function keepEven(constraint: CompiledConstraint, indexes: Int32Array, count: number): number {
  const { domains, pods } = constraint.tally;
  const { of } = domains;
  const most = mostPods(constraint);
  let left = 0;
  for (let i = 0; i < count; i++) {
    const domain = of[indexes[i]!]!;
    if (domain >= 0 && !(pods[domain]! > most)) indexes[left++] = indexes[i]!;
  }
  return left;
}

function checkDefaults(
  defaultingType: NonNullable<PodTopologySpreadArgs['defaultingType']>,
  constraints: readonly TopologySpreadConstraint[],
  errors: FieldErrors,
): void {
  validateOptionalChoice(defaultingType, ['System', 'List'], 'defaultingType', errors);
  if (defaultingType === 'System' && constraints.length > 0)
    errors.invalid('defaultingType', defaultingType, 'when .defaultConstraints are not empty');
  validateTopologySpread(constraints, 'defaultConstraints', errors);
  for (const [i, { labelSelector }] of constraints.entries())
    if (labelSelector !== undefined)
      errors.forbidden(`defaultConstraints[${i}].labelSelector`, 'it follows from the Services and controllers of each pod');
}

const taintsOf = ({ spec }: StoredObject): unknown => (spec as StoredNode['spec'])?.taints;

function mayFitAfter(event: ClusterEvent, pod: PodInfo, cache: SchedulerCache, constraints: SpreadConstraints): boolean {
  switch (event.type) {
    case 'pod-added':
    case 'pod-removed':
    case 'pod-updated':
      return (
        event.pod.namespace === pod.namespace &&
        constraints.hard(pod, cache).some(({ tally }) => tally.counter.matches(event.pod.group) || event.type !== 'pod-added')
      );
    case 'node-added':
      return constraints.hard(pod, cache).every(({ tally }) => event.node.labels[tally.domains.key] !== undefined);
    case 'node-updated':
      return differs(event.change, ({ metadata }) => metadata.labels) || differs(event.change, taintsOf);
    case 'node-removed':
      return true;
    case 'object':
    case 'pod-pending':
      return false;
  }
}

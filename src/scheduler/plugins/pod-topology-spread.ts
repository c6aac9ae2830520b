import type { TopologySpreadConstraint } from '../../api/generated/models.ts';
import { ConfigurationError } from '../../errors.ts';
import type { ClusterEvent, Refusal, SchedulerPlugin } from '../plugin.ts';
import type { PodInfo } from '../pod-info.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';
import { SpreadConstraints, type CompiledConstraint } from '../spread-constraints.ts';
import { SpreadScore } from '../spread-score.ts';

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
export function podTopologySpread(args: PodTopologySpreadArgs = {}): SchedulerPlugin<readonly CompiledConstraint[], SpreadScore> {
  const systemDefaulted = (args.defaultingType ?? (args.defaultConstraints === undefined ? 'System' : 'List')) === 'System';
  const defaults = systemDefaulted ? systemConstraints : checkedDefaults(args.defaultConstraints ?? []);
  const constraints = new SpreadConstraints(defaults, systemDefaulted);
  return {
    name,
    preFilter: (pod, cache) => {
      const state = constraints.hard(pod, cache);
      return state.length === 0 ? { skip: true } : { state };
    },
    filter: (_pod, { index }, state) => {
      for (const { tally, selfMatch, maxSkew, minDomains } of state) {
        const domain = tally.domains.of[index]!;
        if (domain < 0) return labelRefusal;
        const min = tally.domainCount < minDomains ? 0 : tally.min;
        if ((tally.pods[domain] ?? 0) + selfMatch - min > maxSkew) return skewRefusal;
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
      return { state: new SpreadScore(soft, requireAll, feasible) };
    },
    score: (_pod, { index }, state) => state.of(index),
    scoreAll: (_pod, feasible, scores, state) => state.all(feasible, scores),
    normalizeScore: (scores, feasible, state) => state.normalize(scores, feasible),
    isSchedulableAfter: (event, pod, cache) => mayFitAfter(event, pod, cache, constraints),
  };
}

function keepEven({ tally, selfMatch, maxSkew, minDomains }: CompiledConstraint, indexes: Int32Array, count: number): number {
  const { of } = tally.domains;
  const { pods } = tally;
  const most = maxSkew - selfMatch + (tally.domainCount < minDomains ? 0 : tally.min);
  let left = 0;
  for (let i = 0; i < count; i++) {
    const domain = of[indexes[i]!]!;
    if (domain >= 0 && !(pods[domain]! > most)) indexes[left++] = indexes[i]!;
  }
  return left;
}

function checkedDefaults(constraints: readonly TopologySpreadConstraint[]): readonly TopologySpreadConstraint[] {
  for (const [i, { labelSelector, maxSkew, topologyKey }] of constraints.entries()) {
    const at = `${name}: defaultConstraints[${i}]`;
    if (labelSelector !== undefined)
      throw new ConfigurationError(`${at}.labelSelector: expected none: it follows from the Services and controllers of each pod`);
    if (!(maxSkew >= 1)) throw new ConfigurationError(`${at}.maxSkew: expected 1 or more, got ${maxSkew}`);
    if (topologyKey === '') throw new ConfigurationError(`${at}.topologyKey: expected a label's key, got nothing`);
  }
  return constraints;
}

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
    case 'node-updated':
    case 'node-removed':
      return true;
    case 'object':
    case 'pod-pending':
      return false;
  }
}

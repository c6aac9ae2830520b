import type { TopologySpreadConstraint } from '../api/generated/models.ts';
import type { LabelMatcher } from '../api/label-matcher.ts';
import { matcherOf } from './affinity-term.ts';
import { defaultSelector, ownerKey, selectingKinds } from './default-selector.ts';
import type { DomainTally } from './domain-tally.ts';
import type { NodeInfo } from './node-info.ts';
import { podAffinityTest } from './plugins/node-affinity.ts';
import { PodCounter } from './pod-counter.ts';
import type { PodGroup } from './pod-group.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { untolerated } from './tolerations.ts';

/** One constraint with what it counts. */
export interface CompiledConstraint {
  readonly maxSkew: number;
  readonly minDomains: number;
  /** 1 if the pod itself is among those that are counted, else 0. */
  readonly selfMatch: number;
  readonly tally: DomainTally;
}

type When = 'DoNotSchedule' | 'ScheduleAnyway';

/** Spread constraints of pods, with their tallies. */
export class SpreadConstraints {
  readonly #defaults: readonly TopologySpreadConstraint[];
  readonly #systemDefaulted: boolean;
  #known = new WeakMap<PodGroup, Map<string, readonly CompiledConstraint[]>>();
  #cache: SchedulerCache | undefined;
  /** Of the objects that select pods. */
  #version = 0;

  constructor(defaults: readonly TopologySpreadConstraint[], systemDefaulted: boolean) {
    this.#defaults = defaults;
    this.#systemDefaulted = systemDefaulted;
  }

  hard(pod: PodInfo, cache: SchedulerCache): readonly CompiledConstraint[] {
    return this.#of(pod, cache, 'DoNotSchedule');
  }

  soft(pod: PodInfo, cache: SchedulerCache): readonly CompiledConstraint[] {
    return this.#of(pod, cache, 'ScheduleAnyway');
  }

  /** Found out once for all pods that are alike and have one owner, until what selects pods changes. */
  #of(pod: PodInfo, cache: SchedulerCache, when: When): readonly CompiledConstraint[] {
    this.#forgetOld(cache);
    let ofGroup = this.#known.get(pod.group);
    if (ofGroup === undefined) this.#known.set(pod.group, (ofGroup = new Map<string, readonly CompiledConstraint[]>()));
    const key = `${when};${pod.shape.id};${pod.group.spreadConstraints.length > 0 ? '' : ownerKey(pod)}`;
    const known = ofGroup.get(key);
    if (known?.every(({ tally }) => tally.attached) === true) return known;
    const compiled = this.#compile(pod, cache, when);
    ofGroup.set(key, compiled);
    return compiled;
  }

  #forgetOld(cache: SchedulerCache): void {
    let version = 0;
    for (const kind of selectingKinds) version += cache.objects.version(kind);
    if (cache === this.#cache && version === this.#version) return;
    this.#cache = cache;
    this.#version = version;
    this.#known = new WeakMap();
  }

  #compile(pod: PodInfo, cache: SchedulerCache, when: When): readonly CompiledConstraint[] {
    const own = pod.group.spreadConstraints;
    const constraints = (own.length > 0 ? own : this.#defaults).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
    if (constraints.length === 0) return none;
    const byDefault = own.length > 0 ? undefined : defaultSelector(pod, cache.objects);
    if (own.length === 0 && (byDefault === undefined || byDefault.matchesEverything)) return none;
    // All keys of the pod's constraints must be there for a node to count; for Kubernetes' own defaults each stands alone.
    const keys = own.length > 0 || !this.#systemDefaulted ? constraints.map(({ topologyKey }) => topologyKey) : [];
    return constraints.map((constraint) => compile(constraint, byDefault ?? ownSelector(constraint, pod), keys, pod, cache));
  }
}

const none: readonly CompiledConstraint[] = Object.freeze([]);

function ownSelector({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, { labels }: PodInfo): LabelMatcher {
  const added = matchLabelKeys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator: 'In', values: [labels[key]] }]));
  if (labelSelector === undefined || added.length === 0) return matcherOf(labelSelector);
  return matcherOf({ ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] });
}

function compile(
  constraint: TopologySpreadConstraint,
  selector: LabelMatcher,
  keys: readonly string[],
  pod: PodInfo,
  cache: SchedulerCache,
): CompiledConstraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  const { namespace, shape } = pod;
  const others = keys.filter((key) => key !== topologyKey);
  const affinity = nodeAffinityPolicy === 'Honor' ? podAffinityTest(shape) : undefined;
  const taints = nodeTaintsPolicy === 'Honor';
  const counterKey = `spread;${namespace};${selector.matchesNothing ? '-' : selector.toString()}`;
  const restriction = `${others.join()};${affinity === undefined ? '' : shape.id};${taints ? shape.id : ''}`;
  const counts = (node: NodeInfo): boolean =>
    others.every((key) => node.labels[key] !== undefined) &&
    affinity?.(node) !== false &&
    !(taints && untolerated(node.taints, shape.tolerations) !== undefined);
  // A selector that selects everything counts nothing, as in Kubernetes.
  const make = (): PodCounter =>
    new PodCounter(
      (group) => !group.terminating && group.namespace === namespace && !selector.matchesEverything && selector.matches(group.labels),
      false,
    );
  const tally = cache.relations.tally(
    `${topologyKey};${counterKey};${restriction}`,
    counterKey,
    topologyKey,
    make,
    restriction === ';;' ? undefined : counts,
  );
  return { maxSkew, minDomains, selfMatch: selector.matches(pod.labels) ? 1 : 0, tally };
}

import { ConfigurationError } from '../../errors.ts';
import type { AffinityTerm } from '../affinity-term.ts';
import { differs } from '../changed-part.ts';
import type { DomainTally } from '../domain-tally.ts';
import type { NodeInfo } from '../node-info.ts';
import type { ClassOf, ClusterEvent, NodeSet, Refusal, SchedulerPlugin, SparseFilter, SparseScore } from '../plugin.ts';
import { PodCounter } from '../pod-counter.ts';
import type { PodGroup } from '../pod-group.ts';
import { splitTallies } from '../split-tallies.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';

const name = 'InterPodAffinity';
const affinityRefusal: Refusal = Object.freeze({ plugin: name, reasons: ["node(s) didn't match pod affinity rules"], resolvable: false });
const antiAffinityRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't match pod anti-affinity rules"],
  resolvable: true,
});
const existingRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
  resolvable: true,
});

export interface InterPodAffinityArgs {
  /** How much a required affinity of a placed pod that means the newcomer counts for a node, 0 to 100; 1 unless given. */
  readonly hardPodAffinityWeight?: number;
  /** Preferences of placed pods do not count for newcomers without preferences; false unless given. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

interface Rules {
  /** There must be pods that match all terms in the node's domain, for each key. */
  readonly affinity: readonly DomainTally[];
  /** The first of its kind: no such pod anywhere, but it is one itself. */
  readonly isFirst: boolean;
  readonly antiAffinity: readonly DomainTally[];
  readonly existing: readonly DomainTally[];
}

interface Wish {
  readonly tally: DomainTally;
  readonly weight: number;
}

/**
 * `spec.affinity.podAffinity` and `podAntiAffinity`, and those of the pods that are placed already.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
 */
export function interPodAffinity(args: InterPodAffinityArgs = {}): SchedulerPlugin<Rules, readonly Wish[]> {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = args;
  if (!(hardPodAffinityWeight >= 0 && hardPodAffinityWeight <= 100)) {
    throw new ConfigurationError(`${name}: hardPodAffinityWeight: expected 0 to 100, got ${hardPodAffinityWeight}`);
  }
  return {
    name,
    preFilter: ({ group }, cache) => {
      const existing = cache.relations.carried.bearingOn(group).filter(({ role }) => role === 'required-anti-affinity');
      if (existing.length === 0 && group.requiredAffinity.length === 0 && group.requiredAntiAffinity.length === 0) return { skip: true };
      const tallies = existing.map((carried) => cache.relations.carried.tally(carried));
      const state = rulesOf(group, tallies, cache);
      return { state, sparse: sparseRules(state, cache.nodeCount) };
    },
    filter: (_pod, node, rules) => refusalOf(node, rules),
    filterAll: (_pod, indexes, count, { affinity, isFirst, antiAffinity, existing }) => {
      let left = count;
      for (const tally of affinity) left = isFirst ? keepWithKey(tally, indexes, left) : keepNear(tally, indexes, left);
      for (const tally of antiAffinity) left = keepApart(tally, indexes, left);
      for (const tally of existing) left = keepApart(tally, indexes, left);
      return left;
    },
    preScore: ({ group }, cache) => {
      if (group.preferred.length === 0 && ignorePreferredTermsOfExistingPods) return { skip: true };
      const wishes = [...ownWishes(group, cache), ...wishesOfOthers(group, cache, hardPodAffinityWeight)].filter(
        ({ tally }) => !tally.isEmpty,
      );
      if (wishes.length === 0) return { skip: true };
      return { state: wishes, sparse: sparseWishes(wishes, cache.nodeCount) };
    },
    score: (_pod, node, wishes) => wishes.reduce((sum, { tally, weight }) => sum + weight * podsNear(tally, node.index), 0),
    scoreAll: (_pod, { indexes, count }, scores, wishes) => {
      scores.fill(0, 0, count);
      for (const { tally, weight } of wishes) addWish(tally, weight, indexes, count, scores);
    },
    normalizeScore: normalizeByRange,
    isSchedulableAfter: (event, { group }, cache) => mayFitAfter(event, group, cache),
  };
}

const podsNear = ({ domains, pods }: DomainTally, index: number): number => {
  const domain = domains.of[index]!;
  return domain < 0 ? 0 : pods[domain]!;
};

function refusalOf({ index }: NodeInfo, { affinity, isFirst, antiAffinity, existing }: Rules): Refusal | undefined {
  for (const tally of affinity) {
    if (tally.domains.of[index]! < 0 || (!isFirst && podsNear(tally, index) === 0)) return affinityRefusal;
  }
  if (antiAffinity.some((tally) => podsNear(tally, index) > 0)) return antiAffinityRefusal;
  return existing.some((tally) => podsNear(tally, index) > 0) ? existingRefusal : undefined;
}

/** What is asked of the classes of nodes about one tally: some of its pods, none of them, or only that there is a domain. */
interface Check {
  readonly tally: DomainTally;
  readonly asks: 'some' | 'none' | 'domain';
  readonly refusal: Refusal;
  /** Every node has a domain for itself: the class is the number of pods. */
  readonly single: boolean;
}

function sparseRules({ affinity, isFirst, antiAffinity, existing }: Rules, nodeCount: number): SparseFilter {
  const checks: Check[] = [];
  const add = (tallies: readonly DomainTally[], asks: Check['asks'], refusal: Refusal): void => {
    for (const tally of tallies) {
      const single = tally.domains.isPerNode(nodeCount);
      // Where every node has a domain for itself, the first of its kind may go to any.
      if (!single || asks !== 'domain') checks.push({ tally, asks, refusal, single });
    }
  };
  add(affinity, isFirst ? 'domain' : 'some', affinityRefusal);
  add(antiAffinity, 'none', antiAffinityRefusal);
  add(existing, 'none', existingRefusal);
  return {
    classes: checks.map(({ tally, single }) => (single ? tally : tally.domains)),
    refusal: (classOf) => {
      for (const check of checks) if (!passes(check, classOf)) return check.refusal;
      return undefined;
    },
  };
}

function passes({ tally, asks, single }: Check, classOf: ClassOf): boolean {
  if (asks === 'domain') return classOf(tally.domains) > 0;
  return (single ? classOf(tally) : podsInDomain(tally, classOf)) > 0 === (asks === 'some');
}

function sparseWishes(wishes: readonly Wish[], nodeCount: number): SparseScore {
  const { classes, perNode } = splitTallies(
    wishes.map(({ tally }) => tally),
    nodeCount,
  );
  const told = wishes.map(({ tally, weight }) => ({ tally, weight, single: perNode.includes(tally) }));
  return {
    classes,
    score: (classOf) =>
      told.reduce((sum, { tally, weight, single }) => sum + weight * (single ? classOf(tally) : podsInDomain(tally, classOf)), 0),
    normalized: inRange,
  };
}

/** In the domain of nodes of a class. */
const podsInDomain = ({ domains, pods }: DomainTally, classOf: ClassOf): number => {
  const domain = classOf(domains) - 1;
  return domain < 0 ? 0 : (pods[domain] ?? 0);
};

/** The lowest becomes 0 and the highest 100; 0 all if they are equal. */
const inRange = (score: number, min: number, max: number): number => (max > min ? Math.trunc(100 * ((score - min) / (max - min))) : 0);

function keepNear({ domains, pods }: DomainTally, indexes: Int32Array, count: number): number {
  const { of } = domains;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const domain = of[indexes[i]!]!;
    if (domain >= 0 && pods[domain]! > 0) indexes[left++] = indexes[i]!;
  }
  return left;
}

function keepWithKey({ domains: { of } }: DomainTally, indexes: Int32Array, count: number): number {
  let left = 0;
  for (let i = 0; i < count; i++) if (of[indexes[i]!]! >= 0) indexes[left++] = indexes[i]!;
  return left;
}

function keepApart(tally: DomainTally, indexes: Int32Array, count: number): number {
  if (tally.isEmpty) return count;
  const { domains, pods } = tally;
  const { of } = domains;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const domain = of[indexes[i]!]!;
    if (domain < 0 || pods[domain] === 0) indexes[left++] = indexes[i]!;
  }
  return left;
}

function addWish({ domains, pods }: DomainTally, weight: number, indexes: Int32Array, count: number, scores: Float64Array): void {
  const { of } = domains;
  for (let i = 0; i < count; i++) {
    const domain = of[indexes[i]!]!;
    if (domain >= 0) scores[i]! += weight * pods[domain]!;
  }
}

function normalizeByRange(scores: Float64Array, { count }: NodeSet): void {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    const score = scores[i]!;
    if (score < min) min = score;
    if (score > max) max = score;
  }
  for (let i = 0; i < count; i++) scores[i] = inRange(scores[i]!, min, max);
}

function rulesOf(group: PodGroup, existing: readonly DomainTally[], cache: SchedulerCache): Rules {
  const affinity = affinityTallies(group, cache);
  const isFirst =
    affinity.length > 0 &&
    affinity.every((tally) => tally.isEmpty) &&
    group.requiredAffinity.every((term) => term.matches(group, cache.relations.labelsOfNamespace));
  return { affinity, isFirst, antiAffinity: group.requiredAntiAffinity.map((term) => termTally(term, cache)), existing };
}

/** A pod counts for the affinity only if it matches all of the terms. */
function affinityTallies({ requiredAffinity: terms }: PodGroup, { relations }: SchedulerCache): readonly DomainTally[] {
  if (terms.length === 0) return [];
  const counterKey = `all;${terms.map(({ text }) => text).join('|')}`;
  const readsNamespaceLabels = terms.some((term) => term.readsNamespaceLabels);
  const make = (): PodCounter =>
    new PodCounter((other) => terms.every((term) => term.matches(other, relations.labelsOfNamespace)), readsNamespaceLabels);
  const keys = [...new Set(terms.map(({ topologyKey }) => topologyKey))];
  return keys.map((topologyKey) => relations.tally(`${topologyKey};${counterKey}`, counterKey, topologyKey, make));
}

function termTally(term: AffinityTerm, { relations }: SchedulerCache): DomainTally {
  const counterKey = `term;${term.text}`;
  const make = (): PodCounter => new PodCounter((other) => term.matches(other, relations.labelsOfNamespace), term.readsNamespaceLabels);
  return relations.tally(`${term.topologyKey};${counterKey}`, counterKey, term.topologyKey, make);
}

function ownWishes(group: PodGroup, cache: SchedulerCache): readonly Wish[] {
  return group.preferred.map(({ term, weight }) => ({ tally: termTally(term, cache), weight }));
}

function wishesOfOthers(group: PodGroup, { relations }: SchedulerCache, hardPodAffinityWeight: number): readonly Wish[] {
  return relations.carried.bearingOn(group).flatMap((carried) => {
    const weight = carried.role === 'preferred' ? carried.weight : carried.role === 'required-affinity' ? hardPodAffinityWeight : 0;
    return weight === 0 ? [] : [{ tally: relations.carried.tally(carried), weight }];
  });
}

/** A pod that came may be the company it needs; one that went may be what it, or what somebody else, wanted to be apart from. */
function mayFitAfter(event: ClusterEvent, group: PodGroup, cache: SchedulerCache): boolean {
  switch (event.type) {
    case 'pod-added':
      return means(group.requiredAffinity, event.pod.group, cache);
    case 'pod-removed': {
      const { group: other } = event.pod;
      return means(group.requiredAntiAffinity, other, cache) || means(other.requiredAntiAffinity, group, cache);
    }
    case 'pod-updated':
      return means(group.requiredAffinity, event.pod.group, cache) || group.requiredAntiAffinity.length > 0;
    case 'node-added':
      return true;
    case 'node-updated':
      return differs(event.change, ({ metadata }) => metadata.labels);
    case 'node-removed':
    case 'pod-pending':
      return false;
    case 'object':
      return event.change.object.kind === 'Namespace';
  }
}

/** True if one of the terms means pods of the group. Asked of every kind of pod that waits whenever a pod comes or goes. */
function means(terms: readonly AffinityTerm[], group: PodGroup, { relations }: SchedulerCache): boolean {
  for (const term of terms) if (term.matches(group, relations.labelsOfNamespace)) return true;
  return false;
}

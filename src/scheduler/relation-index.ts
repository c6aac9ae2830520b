import type { Labels } from './affinity-term.ts';
import { CarriedTerms } from './carried-terms.ts';
import { DomainTally } from './domain-tally.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodCounter } from './pod-counter.ts';
import type { PodGroup } from './pod-group.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { TopologyDomains } from './topology-domains.ts';

/** The pods of one group, by node. */
class GroupCount {
  readonly onNode = new Map<number, number>();
  /** The counters that count them. */
  readonly counters = new Set<PodCounter>();

  add(index: number, delta: number): void {
    const count = (this.onNode.get(index) ?? 0) + delta;
    if (count === 0) this.onNode.delete(index);
    else this.onNode.set(index, count);
    for (const counter of this.counters) counter.add(index, delta);
  }
}

/** Tallies beyond so many are given up, the one asked for longest ago first. */
const talliesMax = 1_024;

/**
 * Who is where, for plugins that place pods with regard to others: counters by test, tallies by test and topology key, made
 * when first asked for and kept current from then on.
 */
export class RelationIndex {
  readonly carried = new CarriedTerms(this);
  readonly #cache: SchedulerCache;
  readonly #groups = new Map<PodGroup, GroupCount>();
  readonly #counters = new Map<string, PodCounter>();
  readonly #domains = new Map<string, TopologyDomains>();
  /** In the order in which they were last asked for. */
  readonly #tallies = new Map<string, { readonly tally: DomainTally; readonly counterKey: string }>();
  readonly #namespaces = new Map<string, Labels>();
  #namespacesVersion = 0;

  constructor(cache: SchedulerCache) {
    this.#cache = cache;
  }

  readonly labelsOfNamespace = (name: string): Labels => this.#namespaces.get(name) ?? noLabels;

  /** Grows when the labels of a namespace change. */
  get namespacesVersion(): number {
    return this.#namespacesVersion;
  }

  /** The groups of which there is a pod. */
  groups(): Iterable<PodGroup> {
    return this.#groups.keys();
  }

  /**
   * The tally of pods whose group passes `matches`, by domains of `topologyKey`. `counterKey` must be equal for the same tests,
   * `key` for the same tests, topology keys and nodes that count.
   */
  tally(key: string, counterKey: string, topologyKey: string, make: () => PodCounter, counts?: (node: NodeInfo) => boolean): DomainTally {
    const known = this.#tallies.get(key);
    if (known !== undefined) {
      this.#tallies.delete(key);
      this.#tallies.set(key, known);
      return known.tally;
    }
    const counter = this.#counter(counterKey, make);
    const tally = new DomainTally(counter, this.domains(topologyKey), this.#cache.nodes(), counts);
    counter.tallies.add(tally);
    this.#tallies.set(key, { tally, counterKey });
    if (this.#tallies.size > talliesMax) this.drop(this.#tallies.keys().next().value!);
    return tally;
  }

  /** Gives a tally up, and its counter if that was its last. */
  drop(key: string): void {
    const entry = this.#tallies.get(key);
    if (entry === undefined) return;
    const { tally, counterKey } = entry;
    this.#tallies.delete(key);
    tally.attached = false;
    tally.counter.tallies.delete(tally);
    if (tally.counter.tallies.size > 0) return;
    this.#counters.delete(counterKey);
    for (const count of this.#groups.values()) count.counters.delete(tally.counter);
  }

  domains(topologyKey: string): TopologyDomains {
    let domains = this.#domains.get(topologyKey);
    if (domains === undefined) {
      domains = new TopologyDomains(topologyKey, this.#cache.rows);
      for (const node of this.#cache.nodes()) domains.move(node.index, domains.place(node));
      this.#domains.set(topologyKey, domains);
    }
    return domains;
  }

  /** Of the cache alone, as all that follow. */
  podAdded(pod: PodInfo, node: NodeInfo): void {
    let count = this.#groups.get(pod.group);
    if (count === undefined) {
      count = new GroupCount();
      this.#groups.set(pod.group, count);
      if (pod.group.hasTerms) this.carried.groupCame(pod.group);
      for (const counter of this.#counters.values()) if (counter.matches(pod.group)) count.counters.add(counter);
    }
    count.add(node.index, 1);
  }

  podRemoved(pod: PodInfo, node: NodeInfo): void {
    const count = this.#groups.get(pod.group);
    if (count === undefined) return;
    count.add(node.index, -1);
    if (count.onNode.size > 0) return;
    this.#groups.delete(pod.group);
    if (pod.group.hasTerms) this.carried.groupWent(pod.group);
  }

  nodeChanged(node: NodeInfo): void {
    for (const { tally } of this.#tallies.values()) tally.leave(node);
    for (const domains of this.#domains.values()) domains.move(node.index, domains.place(node));
    if (node.object === undefined) return;
    for (const { tally } of this.#tallies.values()) tally.enter(node);
  }

  /** `labels` undefined: there is no such namespace any more. */
  setNamespace(name: string, labels: Labels | undefined): void {
    const before = this.#namespaces.get(name);
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    if (before === labels || JSON.stringify(before ?? {}) === JSON.stringify(labels ?? {})) return;
    this.#namespacesVersion++;
    for (const [key, { tally }] of [...this.#tallies]) if (tally.counter.readsNamespaceLabels) this.drop(key);
  }

  #counter(key: string, make: () => PodCounter): PodCounter {
    const known = this.#counters.get(key);
    if (known !== undefined) return known;
    const counter = make();
    this.#counters.set(key, counter);
    for (const [group, count] of this.#groups) {
      if (!counter.matches(group)) continue;
      count.counters.add(counter);
      for (const [index, pods] of count.onNode) counter.add(index, pods);
    }
    return counter;
  }
}

const noLabels: Labels = Object.freeze({});

import type { NodeInfo } from './node-info.ts';
import type { NodeClasses } from './plugin.ts';
import type { PodCounter } from './pod-counter.ts';
import type { TopologyDomains } from './topology-domains.ts';

/**
 * How many pods of a counter are in each domain of one topology key; with `counts`, only on nodes that count. Kept current pod by
 * pod; asking costs nothing.
 */
export class DomainTally implements NodeClasses {
  readonly counter: PodCounter;
  readonly domains: TopologyDomains;
  /** By domain. May be longer than there are domains. */
  pods = new Int32Array(16);
  readonly #counts: ((node: NodeInfo) => boolean) | undefined;
  /** By row: 1 if the node counts. Only with `counts`. */
  #eligible = new Uint8Array(0);
  /** By domain: how many nodes that count are in it. */
  #nodes = new Int32Array(16);
  /** How many domains (with nodes that count) have so many pods. */
  readonly #domainsWith: number[] = [];
  #domainCount = 0;
  #min = 0;
  /** False once it is no longer kept current. */
  attached = true;

  constructor(counter: PodCounter, domains: TopologyDomains, nodes: Iterable<NodeInfo>, counts?: (node: NodeInfo) => boolean) {
    this.counter = counter;
    this.domains = domains;
    this.#counts = counts;
    if (counts === undefined) this.#enterAll();
    else for (const node of nodes) this.enter(node);
  }

  /** All nodes count: how many are in each domain is known. */
  #enterAll(): void {
    const { count } = this.domains;
    if (count > this.pods.length) this.#grow(count);
    for (let domain = 0; domain < count; domain++) {
      const nodes = this.domains.size(domain);
      this.#nodes[domain] = nodes;
      if (nodes > 0) this.#domainCount++;
    }
    this.#domainsWith[0] = this.#domainCount;
    for (const index of this.counter.nodes) this.add(index, this.counter.on(index));
  }

  /** How many domains have a node that counts. */
  get domainCount(): number {
    return this.#domainCount;
  }

  /** The lowest number of pods in a domain with a node that counts; 0 if there is none. */
  get min(): number {
    return this.#domainCount === 0 ? 0 : this.#min;
  }

  /** True if no domain has any of the pods. */
  get isEmpty(): boolean {
    return this.#total === 0;
  }

  #total = 0;

  /** How many pods are in the node's domain: a class of nodes where every domain is a single node. */
  classOf(index: number): number {
    return this.pods[this.domains.of[index] ?? -1] ?? 0;
  }

  /** The rows of nodes with pods that are counted. */
  others(): Iterable<number> {
    return this.counter.nodes;
  }

  /** The node came into its domain, with the pods on it. */
  enter(node: NodeInfo): void {
    const domain = this.domains.of[node.index] ?? -1;
    if (domain < 0) return;
    if (this.#counts !== undefined) {
      const eligible = this.#counts(node);
      this.#setEligible(node.index, eligible);
      if (!eligible) return;
    }
    if (domain >= this.pods.length) this.#grow(domain + 1);
    if (this.#nodes[domain]!++ === 0) {
      this.#domainCount++;
      this.#recount(-1, this.pods[domain]!);
    }
    this.#change(domain, this.counter.on(node.index));
  }

  /** The node is about to leave its domain, with the pods on it. */
  leave(node: NodeInfo): void {
    const domain = this.domains.of[node.index] ?? -1;
    if (domain < 0 || !this.#isEligible(node.index)) return;
    this.#setEligible(node.index, false);
    this.#change(domain, -this.counter.on(node.index));
    if (--this.#nodes[domain]! > 0) return;
    this.#domainCount--;
    this.#recount(this.pods[domain]!, -1);
  }

  /** The counter counts `delta` pods more on a node. */
  add(index: number, delta: number): void {
    const domain = this.domains.of[index] ?? -1;
    if (domain >= 0 && this.#isEligible(index)) this.#change(domain, delta);
  }

  #change(domain: number, delta: number): void {
    if (delta === 0) return;
    const before = this.pods[domain]!;
    this.pods[domain] = before + delta;
    this.#total += delta;
    this.#recount(before, before + delta);
  }

  /** A domain has `to` pods instead of `from`; -1: it is not there. */
  #recount(from: number, to: number): void {
    if (to >= 0) {
      this.#domainsWith[to] = (this.#domainsWith[to] ?? 0) + 1;
      if (to < this.#min) this.#min = to;
    }
    if (from >= 0) this.#domainsWith[from]!--;
    if (this.#domainCount === 0) this.#min = 0;
    else while ((this.#domainsWith[this.#min] ?? 0) === 0) this.#min++;
  }

  #isEligible(index: number): boolean {
    return this.#counts === undefined || this.#eligible[index] === 1;
  }

  #setEligible(index: number, eligible: boolean): void {
    if (this.#counts === undefined) return;
    if (index >= this.#eligible.length) {
      const wider = new Uint8Array(Math.max(this.domains.of.length, index + 1));
      wider.set(this.#eligible);
      this.#eligible = wider;
    }
    this.#eligible[index] = eligible ? 1 : 0;
  }

  #grow(domains: number): void {
    const size = Math.max(domains, 2 * this.pods.length);
    const pods = new Int32Array(size);
    pods.set(this.pods);
    this.pods = pods;
    const nodes = new Int32Array(size);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
  }
}

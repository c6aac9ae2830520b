import type { DomainTally } from './domain-tally.ts';
import type { PodGroup } from './pod-group.ts';

/** Counts, by node, the pods whose group passes a test. */
export class PodCounter {
  readonly matches: (group: PodGroup) => boolean;
  /** True if the test looks at the labels of namespaces. */
  readonly readsNamespaceLabels: boolean;
  readonly tallies = new Set<DomainTally>();
  readonly #onNode = new Map<number, number>();
  #total = 0;

  constructor(matches: (group: PodGroup) => boolean, readsNamespaceLabels: boolean) {
    this.matches = matches;
    this.readsNamespaceLabels = readsNamespaceLabels;
  }

  get total(): number {
    return this.#total;
  }

  /** The rows of the nodes with pods that are counted. */
  get nodes(): IterableIterator<number> {
    return this.#onNode.keys();
  }

  get nodeCount(): number {
    return this.#onNode.size;
  }

  on(index: number): number {
    return this.#onNode.get(index) ?? 0;
  }

  add(index: number, delta: number): void {
    const count = (this.#onNode.get(index) ?? 0) + delta;
    if (count === 0) this.#onNode.delete(index);
    else this.#onNode.set(index, count);
    this.#total += delta;
    for (const tally of this.tallies) tally.add(index, delta);
  }
}

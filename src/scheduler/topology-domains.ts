import type { NodeClasses } from './plugin.ts';
import type { NodeInfo } from './node-info.ts';

/** Which domain of one topology key (`topology.kubernetes.io/zone`) each node is in. Numbers of domains that are empty are used again. */
export class TopologyDomains implements NodeClasses {
  readonly key: string;
  /** By row: the domain's number, -1 for nodes without the label. */
  of: Int32Array;
  readonly #numbers = new Map<string, number>();
  readonly #values: (string | undefined)[] = [];
  /** How many nodes are in each domain. */
  readonly #sizes: number[] = [];
  readonly #free: number[] = [];
  #occupied = 0;
  #placed = 0;

  constructor(key: string, rows: number) {
    this.key = key;
    this.of = new Int32Array(rows).fill(-1);
  }

  /** Numbers run from 0 to this, exclusive. */
  get count(): number {
    return this.#values.length;
  }

  /** 0: nodes without the label. */
  classOf(index: number): number {
    return (this.of[index] ?? -1) + 1;
  }

  /** How many nodes are in a domain. */
  size(domain: number): number {
    return this.#sizes[domain]!;
  }

  /** True if each of so many nodes is in a domain, and alone in it. */
  isPerNode(nodeCount: number): boolean {
    return this.#occupied === nodeCount && this.#placed === nodeCount;
  }

  /** The domain's number for a value of the label, -1 if no node has it. */
  number(value: string): number {
    return this.#numbers.get(value) ?? -1;
  }

  /** The domain the node belongs into by its labels, made if it is new; -1 if it has none (or is no Node any more). */
  place(node: NodeInfo): number {
    const value = node.object === undefined ? undefined : node.labels[this.key];
    if (value === undefined) return -1;
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#values.length;
    this.#values[number] = value;
    this.#sizes[number] = 0;
    this.#numbers.set(value, number);
    return number;
  }

  move(index: number, to: number): void {
    if (index >= this.of.length) this.#grow(index + 1);
    const from = this.of[index]!;
    if (from === to) return;
    this.of[index] = to;
    if (to >= 0) {
      this.#placed++;
      if (this.#sizes[to]!++ === 0) this.#occupied++;
    }
    if (from < 0) return;
    this.#placed--;
    if (--this.#sizes[from]! > 0) return;
    this.#occupied--;
    this.#numbers.delete(this.#values[from]!);
    this.#values[from] = undefined;
    this.#free.push(from);
  }

  #grow(rows: number): void {
    const of = new Int32Array(Math.max(rows, 2 * this.of.length)).fill(-1);
    of.set(this.of);
    this.of = of;
  }
}

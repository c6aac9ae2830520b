import type { NodeGroups } from './node-groups.ts';

/** In no group's heap. */
const absent = -1;

/**
 * The nodes that fit, by group (such as a domain of one topology key), each group's best on top: the higher its score, then the
 * lower its row. Changing one node costs a few steps, however many there are.
 */
export class GroupHeaps {
  readonly groups: NodeGroups;
  readonly #scores: () => Float64Array;
  /** By group. */
  readonly #heaps: number[][] = [];
  #groupOf = new Int32Array(0);
  #positionOf = new Int32Array(0);

  /** `scores` by row. */
  constructor(groups: NodeGroups, scores: () => Float64Array) {
    this.groups = groups;
    this.#scores = scores;
  }

  clear(): void {
    this.#heaps.length = 0;
    this.#groupOf.fill(absent);
  }

  /** The node's score, group, or whether it fits, may have changed. */
  update(index: number, fits: boolean): void {
    if (index >= this.#groupOf.length) this.#grow(index + 1);
    const from = this.#groupOf[index]!;
    const to = fits ? this.groups.groupOf(index) : absent;
    if (from !== to) {
      if (from !== absent) this.#remove(index, from);
      if (to !== absent) this.#insert(index, to);
    } else if (to !== absent) this.#settle(this.#heap(to), this.#positionOf[index]!, index);
  }

  /** The groups in which a node fits. */
  *occupied(): Generator<number> {
    for (const [i, heap] of this.#heaps.entries()) if (heap !== undefined && heap.length > 0) yield i;
  }

  /** How many nodes of a group fit. */
  size(group: number): number {
    return this.#heaps[group]?.length ?? 0;
  }

  /** The group in whose heap the node is, or undefined if it does not fit. */
  groupOf(index: number): number | undefined {
    const group = this.#groupOf[index] ?? absent;
    return group === absent ? undefined : group;
  }

  scoreOf(index: number): number {
    return this.#scores()[index]!;
  }

  /** The best node of a group that is not left out; -1 if there is none. */
  best(group: number, leftOut: (index: number) => boolean): number {
    const heap = this.#heap(group);
    // Positions still to be looked at: of every node left out, its children.
    const open = heap.length > 0 ? [0] : [];
    while (open.length > 0) {
      let first = 0;
      for (let i = 1; i < open.length; i++) if (this.#before(heap[open[i]!]!, heap[open[first]!]!)) first = i;
      const position = open[first]!;
      const index = heap[position]!;
      if (!leftOut(index)) return index;
      open[first] = open[open.length - 1]!;
      open.pop();
      if (2 * position + 1 < heap.length) open.push(2 * position + 1);
      if (2 * position + 2 < heap.length) open.push(2 * position + 2);
    }
    return -1;
  }

  #heap(group: number): number[] {
    return (this.#heaps[group] ??= []);
  }

  #insert(index: number, group: number): void {
    const heap = this.#heap(group);
    this.#groupOf[index] = group;
    heap.push(index);
    this.#settle(heap, heap.length - 1, index);
  }

  #remove(index: number, group: number): void {
    const heap = this.#heap(group);
    this.#groupOf[index] = absent;
    const last = heap.pop()!;
    if (last !== index) this.#settle(heap, this.#positionOf[index]!, last);
  }

  /** Puts a node where it belongs, starting from a position that is free for it. */
  #settle(heap: number[], from: number, index: number): void {
    let at = from;
    while (at > 0) {
      const parent = heap[(at - 1) >> 1]!;
      if (!this.#before(index, parent)) break;
      heap[at] = parent;
      this.#positionOf[parent] = at;
      at = (at - 1) >> 1;
    }
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, index)) break;
      heap[at] = heap[child]!;
      this.#positionOf[heap[at]!] = at;
      at = child;
    }
    heap[at] = index;
    this.#positionOf[index] = at;
  }

  #before(a: number, b: number): boolean {
    const scores = this.#scores();
    return scores[a]! > scores[b]! || (scores[a] === scores[b] && a < b);
  }

  #grow(rows: number): void {
    const size = Math.max(rows, 2 * this.#groupOf.length, 64);
    const groupOf = new Int32Array(size).fill(absent);
    groupOf.set(this.#groupOf);
    this.#groupOf = groupOf;
    const positionOf = new Int32Array(size);
    positionOf.set(this.#positionOf);
    this.#positionOf = positionOf;
  }
}

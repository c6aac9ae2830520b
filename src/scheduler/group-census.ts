import type { PodGroup } from './pod-group.ts';

/** How many pods there are of each group. */
export class GroupCensus {
  readonly #counts = new Map<PodGroup, number>();

  add(group: PodGroup, delta: 1 | -1): void {
    const count = (this.#counts.get(group) ?? 0) + delta;
    if (count === 0) this.#counts.delete(group);
    else this.#counts.set(group, count);
  }

  /** How many pods are in groups that pass the test. */
  count(has: (group: PodGroup) => boolean): number {
    let sum = 0;
    for (const [group, count] of this.#counts) if (has(group)) sum += count;
    return sum;
  }
}

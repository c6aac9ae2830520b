/**
 * The last changes of nodes, by index: whoever keeps something per node catches up by replaying what it missed, instead of
 * looking at every node. Bounded: who is further behind than `capacity` starts anew.
 */
export class ChangeLog {
  readonly #ring: Int32Array;
  #end = 0;

  constructor(capacity: number) {
    this.#ring = new Int32Array(capacity);
  }

  /** How many changes there ever were. */
  get end(): number {
    return this.#end;
  }

  /** `objectChanged`: the Node object changed (or came, or went); else only the pods on it. */
  push(index: number, objectChanged: boolean): void {
    this.#ring[this.#end % this.#ring.length] = index * 2 + (objectChanged ? 1 : 0);
    this.#end++;
  }

  /** True if all changes from `position` on are still here. */
  reaches(position: number): boolean {
    return this.#end - position <= this.#ring.length;
  }

  indexAt(position: number): number {
    return this.#ring[position % this.#ring.length]! >> 1;
  }

  objectChangedAt(position: number): boolean {
    return (this.#ring[position % this.#ring.length]! & 1) === 1;
  }
}

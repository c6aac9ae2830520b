import type { Instant } from '../env/clock.ts';
import { Heap } from '../env/heap.ts';

interface Wake<T> {
  readonly at: Instant;
  readonly order: number;
  readonly who: T;
}

/** Who wants to be looked at when: a heap in which the newest wish of each replaces the one before. */
export class Wakes<T> {
  readonly #heap = new Heap<Wake<T>>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  readonly #current = new Map<T, Wake<T>>();
  #order = 0;

  set(who: T, at: Instant | undefined): void {
    const known = this.#current.get(who);
    if (known !== undefined && known.at === at) return;
    if (at === undefined) {
      this.#current.delete(who);
      return;
    }
    const wake = { at, order: this.#order++, who };
    this.#current.set(who, wake);
    this.#heap.push(wake);
  }

  /** When `who` is due; undefined if it is not. */
  at(who: T): Instant | undefined {
    return this.#current.get(who)?.at;
  }

  next(): Instant | undefined {
    this.#dropOld();
    return this.#heap.peek()?.at;
  }

  /** Takes everybody whose time has come, in order. */
  due(now: Instant): T[] {
    const due: T[] = [];
    for (;;) {
      this.#dropOld();
      const first = this.#heap.peek();
      if (first === undefined || first.at > now) return due;
      this.#heap.pop();
      this.#current.delete(first.who);
      due.push(first.who);
    }
  }

  #dropOld(): void {
    for (let first = this.#heap.peek(); first !== undefined && this.#current.get(first.who) !== first; first = this.#heap.peek())
      this.#heap.pop();
  }
}

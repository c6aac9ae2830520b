import type { Instant } from '../env/clock.ts';
import { Heap } from '../env/heap.ts';

/** Who sleeps until a time of its own; it may change its mind at any time. */
export interface Sleeper {
  readonly order: number;
  readonly wakeAt: Instant | undefined;
}

interface Entry<T> {
  readonly at: Instant;
  readonly order: number;
  /** undefined: has been forgotten. Whoever is done would otherwise be held until its time. */
  sleeper: T | undefined;
}

const nobody: readonly never[] = [];

/** When whom to look at. A sleeper stands in it once for its earliest wish; a later one is found out when that time comes. */
export class WakeTimes<T extends Sleeper> {
  readonly #heap = new Heap<Entry<T>>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  readonly #standing = new Map<T, Entry<T>>();

  /** The earliest time at which somebody may want to wake. */
  get next(): Instant | undefined {
    return this.#first()?.at;
  }

  /** Takes note of the sleeper's wish. */
  note(sleeper: T): void {
    const { wakeAt } = sleeper;
    if (wakeAt === undefined) return;
    const standing = this.#standing.get(sleeper);
    if (standing !== undefined) {
      if (standing.at <= wakeAt) return;
      standing.sleeper = undefined;
    }
    const entry = { at: wakeAt, order: sleeper.order, sleeper };
    this.#standing.set(sleeper, entry);
    this.#heap.push(entry);
  }

  /** Takes out everybody whose time has come. */
  due(now: Instant): readonly T[] {
    let first = this.#first();
    if (first === undefined || first.at > now) return nobody;
    const due: T[] = [];
    for (; first !== undefined && first.at <= now; first = this.#first()) {
      this.#heap.pop();
      const sleeper = first.sleeper!;
      this.#standing.delete(sleeper);
      if (sleeper.wakeAt !== undefined && sleeper.wakeAt <= now) due.push(sleeper);
      else this.note(sleeper);
    }
    return due;
  }

  forget(sleeper: T): void {
    const standing = this.#standing.get(sleeper);
    if (standing === undefined) return;
    standing.sleeper = undefined;
    this.#standing.delete(sleeper);
  }

  /** The earliest that counts; those before it that were forgotten go. */
  #first(): Entry<T> | undefined {
    for (;;) {
      const first = this.#heap.peek();
      if (first === undefined || first.sleeper !== undefined) return first;
      this.#heap.pop();
    }
  }
}

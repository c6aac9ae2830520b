import type { Instant } from '../env/clock.ts';
import { Heap } from '../env/heap.ts';

/** Who sleeps until a time of its own; it may change its mind at any time. */
export interface Sleeper {
  readonly order: number;
  readonly wakeAt: Instant | undefined;
}

interface Entry<T> {
  readonly at: Instant;
  readonly sleeper: T;
}

const nobody: readonly never[] = [];

/** When whom to look at. A sleeper stands in it once for its earliest wish; a later one is found out when that time comes. */
export class WakeTimes<T extends Sleeper> {
  readonly #heap = new Heap<Entry<T>>((a, b) => a.at < b.at || (a.at === b.at && a.sleeper.order < b.sleeper.order));
  readonly #standing = new Map<T, Instant>();

  /** The earliest time at which somebody may want to wake. */
  get next(): Instant | undefined {
    return this.#heap.peek()?.at;
  }

  /** Takes note of the sleeper's wish. */
  note(sleeper: T): void {
    const { wakeAt } = sleeper;
    if (wakeAt === undefined) return;
    const standing = this.#standing.get(sleeper);
    if (standing !== undefined && standing <= wakeAt) return;
    this.#standing.set(sleeper, wakeAt);
    this.#heap.push({ at: wakeAt, sleeper });
  }

  /** Takes out everybody whose time has come. */
  due(now: Instant): readonly T[] {
    if (this.#heap.size === 0 || this.#heap.peek()!.at > now) return nobody;
    const due: T[] = [];
    for (let first = this.#heap.peek(); first !== undefined && first.at <= now; first = this.#heap.peek()) {
      this.#heap.pop();
      const { sleeper, at } = first;
      if (this.#standing.get(sleeper) !== at) continue;
      this.#standing.delete(sleeper);
      if (sleeper.wakeAt !== undefined && sleeper.wakeAt <= now) due.push(sleeper);
      else this.note(sleeper);
    }
    return due;
  }

  forget(sleeper: T): void {
    this.#standing.delete(sleeper);
  }
}

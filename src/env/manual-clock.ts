import { AbortedError } from '../errors.ts';
import type { Clock, Instant, Timer } from './clock.ts';
import { turn } from './system-turn.ts';

interface Entry {
  readonly at: Instant;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A clock that stands still until it is told to move: the clock of tests and simulations. */
export class ManualClock implements Clock {
  readonly virtual = true;
  #now: Instant;
  #order = 0;
  #live = 0;
  readonly #heap: Entry[] = [];

  /** @param start The first instant, in milliseconds since the epoch; 2030-01-01T00:00:00Z unless given. */
  constructor(start: Instant = 1_893_456_000_000) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  /** The instant of the earliest timer, or undefined if none is set. */
  next(): Instant | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  /** How many timers are set. A cluster that closed cleanly leaves none. */
  get timers(): number {
    return this.#live;
  }

  schedule(at: Instant, callback: () => void): Timer {
    const entry: Entry = { at: Math.max(at, this.#now), order: this.#order++, callback, cancelled: false };
    this.#push(entry);
    this.#live++;
    return {
      cancel: () => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        this.#live--;
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AbortedError('sleep', signal.reason));
        return;
      }
      const onAbort = (): void => {
        timer.cancel();
        reject(new AbortedError('sleep', signal?.reason));
      };
      const timer = this.schedule(this.#now + ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  turn(): Promise<void> {
    return turn();
  }

  /** Moves to `instant` without firing what is due on the way: `fireDue` does that. Never moves back. */
  moveTo(instant: Instant): void {
    this.#now = Math.max(this.#now, instant);
  }

  /** Fires every timer due by now, those made meanwhile for now included; returns how many fired. */
  fireDue(): number {
    let fired = 0;
    for (;;) {
      this.#dropCancelled();
      const first = this.#heap[0];
      if (first === undefined || first.at > this.#now) return fired;
      this.#pop();
      first.cancelled = true;
      this.#live--;
      first.callback();
      fired++;
    }
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

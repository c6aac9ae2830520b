import { AbortedError } from '../errors.ts';
import type { Clock, Instant, Timer } from './clock.ts';
import { Heap } from './heap.ts';
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
  readonly #heap = new Heap<Entry>(before);

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
    return this.#heap.peek()?.at;
  }

  /** How many timers are set. A cluster that closed cleanly leaves none. */
  get timers(): number {
    return this.#live;
  }

  schedule(at: Instant, callback: () => void): Timer {
    const entry: Entry = { at: Math.max(at, this.#now), order: this.#order++, callback, cancelled: false };
    this.#heap.push(entry);
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
      const first = this.#heap.peek();
      if (first === undefined || first.at > this.#now) return fired;
      this.#heap.pop();
      first.cancelled = true;
      this.#live--;
      first.callback();
      fired++;
    }
  }

  #dropCancelled(): void {
    while (this.#heap.peek()?.cancelled) this.#heap.pop();
  }
}

import { AbortedError } from '../errors.ts';
import type { Clock, Instant, SliceMeter, Timer } from './clock.ts';
import { turn } from './system-turn.ts';

/** setTimeout's limit: a longer wait is made of several. */
const maxTimeoutMs = 2 ** 31 - 1;

/** So many timers fire one after the other; what they start is done before the next. */
const roundMax = 16;

/** Milliseconds for which timers that are due may fire, round after round, before the event loop turns. */
const sliceMs = 4;

/** All timers of one instant: one timeout of Node's for all of them. */
class Due {
  readonly at: Instant;
  readonly timers: DueTimer[] = [];
  /** Those that were not cancelled. */
  live = 0;
  handle: NodeJS.Timeout | undefined;
  readonly #onIdle: (due: Due) => void;

  /** `onIdle`: the last timer was cancelled. */
  constructor(at: Instant, onIdle: (due: Due) => void) {
    this.at = at;
    this.#onIdle = onIdle;
  }

  add(callback: () => void): Timer {
    const timer = new DueTimer(callback, this);
    this.timers.push(timer);
    this.live++;
    return timer;
  }

  cancelled(): void {
    if (--this.live === 0) this.#onIdle(this);
  }
}

class DueTimer implements Timer {
  #callback: (() => void) | undefined;
  readonly #due: Due;

  constructor(callback: () => void, due: Due) {
    this.#callback = callback;
    this.#due = due;
  }

  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    this.#due.cancelled();
  }

  fire(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

/**
 * The machine's clock. Its timers keep the process alive while they are set. Timers that are due together fire for some milliseconds
 * in one turn of the event loop, so that the host's own work is not held up by thousands of pods.
 */
export class SystemClock implements Clock {
  readonly virtual = false;
  readonly #due = new Map<Instant, Due>();
  readonly #onIdle = (due: Due): void => this.#drop(due);
  /** Due, and waiting for their turn; those before `#next` have fired. */
  #late: DueTimer[] = [];
  #next = 0;
  #firing = false;
  #sliceStart = 0;

  now(): Instant {
    return Date.now();
  }

  schedule(at: Instant, callback: () => void): Timer {
    let due = this.#due.get(at);
    if (due === undefined) {
      this.#due.set(at, (due = new Due(at, this.#onIdle)));
      this.#arm(due);
    }
    return due.add(callback);
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
      const timer = this.schedule(Date.now() + ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  turn(): Promise<void> {
    return turn();
  }

  #arm(due: Due): void {
    const left = due.at - Date.now();
    const fire = left > maxTimeoutMs ? (): void => this.#arm(due) : (): void => this.#fire(due);
    due.handle = setTimeout(fire, Math.min(Math.max(left, 0), maxTimeoutMs));
  }

  /** Nobody waits for this instant any more. */
  #drop(due: Due): void {
    if (this.#due.get(due.at) !== due) return;
    clearTimeout(due.handle);
    this.#due.delete(due.at);
  }

  #fire(due: Due): void {
    this.#due.delete(due.at);
    for (const timer of due.timers) this.#late.push(timer);
    if (!this.#firing) this.#begin();
  }

  #begin(): void {
    this.#firing = true;
    this.#sliceStart = performance.now();
    this.#round();
  }

  /** Each fires in a microtask of its own: one that throws takes no other with it. */
  #round(): void {
    const end = Math.min(this.#next + roundMax, this.#late.length);
    while (this.#next < end) {
      const timer = this.#late[this.#next++]!;
      queueMicrotask(() => timer.fire());
    }
    // After all that the promises of this round lead to.
    queueMicrotask(() => process.nextTick(() => this.#goOn()));
  }

  #goOn(): void {
    if (this.#next === this.#late.length) {
      this.#late = [];
      this.#next = 0;
      this.#firing = false;
    } else if (performance.now() - this.#sliceStart < sliceMs) this.#round();
    else setImmediate(() => this.#begin());
  }
}

/** The monotonic clock that meters slices. */
export class SystemSliceMeter implements SliceMeter {
  elapsedMs(): number {
    return performance.now();
  }
}

import { AbortedError } from '../errors.ts';
import type { Clock, Instant, SliceMeter, Timer } from './clock.ts';
import { turn } from './system-turn.ts';

/** setTimeout's limit: a longer wait is made of several. */
const maxTimeoutMs = 2 ** 31 - 1;

/** So many timers fire before the event loop turns: what they start is done before it does. */
const firedMax = 16;

interface Scheduled {
  readonly callback: () => void;
  cancelled: boolean;
}

/**
 * The machine's clock. Its timers keep the process alive while they are set. Of many timers that are due together only some fire in
 * one turn of the event loop, so that the host's own work is not held up by thousands of pods.
 */
export class SystemClock implements Clock {
  readonly virtual = false;
  /** Due, and waiting for the next turn. */
  readonly #late: Scheduled[] = [];
  #fired = 0;

  now(): Instant {
    return Date.now();
  }

  schedule(at: Instant, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const scheduled: Scheduled = { callback, cancelled: false };
    const fire = (): void => this.#fire(scheduled);
    const arm = (): void => {
      const left = at - Date.now();
      handle = setTimeout(left > maxTimeoutMs ? arm : fire, Math.min(Math.max(left, 0), maxTimeoutMs));
    };
    arm();
    const cancel = (): void => {
      scheduled.cancelled = true;
      clearTimeout(handle);
    };
    return { cancel };
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

  #fire(scheduled: Scheduled): void {
    if (this.#fired === firedMax || this.#late.length > 0) {
      this.#late.push(scheduled);
      return;
    }
    if (this.#fired++ === 0) setImmediate(() => this.#nextTurn());
    scheduled.callback();
  }

  #nextTurn(): void {
    this.#fired = Math.min(firedMax, this.#late.length);
    if (this.#fired === 0) return;
    // Before anything can throw: the others fire all the same.
    setImmediate(() => this.#nextTurn());
    for (const scheduled of this.#late.splice(0, this.#fired))
      queueMicrotask(() => {
        if (!scheduled.cancelled) scheduled.callback();
      });
  }
}

/** The monotonic clock that meters slices. */
export class SystemSliceMeter implements SliceMeter {
  elapsedMs(): number {
    return performance.now();
  }
}

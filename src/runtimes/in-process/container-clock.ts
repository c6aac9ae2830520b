import type { Clock, Instant, Timer } from '../../env/clock.ts';
import { AbortedError } from '../../errors.ts';

/** The cluster's clock as one container sees it: whatever it has set is taken back when the container ends. */
export class ContainerClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  readonly #end = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get virtual(): boolean {
    return this.#clock.virtual;
  }

  now(): Instant {
    return this.#clock.now();
  }

  schedule(at: Instant, callback: () => void): Timer {
    if (this.#end.signal.aborted) return { cancel: () => undefined };
    const timer = this.#clock.schedule(at, () => {
      this.#timers.delete(own);
      callback();
    });
    const own: Timer = {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(own);
      },
    };
    this.#timers.add(own);
    return own;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = this.#end.signal;
      const leave = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        ended.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(new AbortedError('sleep', signal?.reason));
      };
      const timer = this.schedule(this.now() + ms, () => {
        leave();
        resolve();
      });
      if (signal?.aborted === true || ended.aborted) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      ended.addEventListener('abort', onAbort, { once: true });
    });
  }

  turn(): Promise<void> {
    return this.#clock.turn();
  }

  /** Takes everything back. */
  close(): void {
    this.#end.abort();
    for (const timer of this.#timers) timer.cancel();
  }
}

import type { Clock, Instant, Timer } from '../env/clock.ts';

/** How many requests of a Service without any backend may wait for the first one, and how long. */
export interface HoldPolicy {
  readonly maxRequests: number;
  readonly maxWaitMs: number;
}

interface Waiter {
  readonly resume: (available: boolean) => void;
  readonly timer: Timer;
}

/** Requests that wait for a first backend, in the order in which they came. */
export class HoldQueue {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until `since` + `maxWaitMs`. `resume(true)` is called when a backend is there, `resume(false)` when the time is up or the Service is gone. Returns
   * "no longer interested", or undefined if no more may wait.
   */
  wait(policy: HoldPolicy, since: Instant, resume: (available: boolean) => void): (() => void) | undefined {
    if (this.#waiters.size >= policy.maxRequests) return undefined;
    const waiter: Waiter = {
      resume,
      timer: this.#clock.schedule(since + policy.maxWaitMs, () => this.#end(waiter, false)),
    };
    this.#waiters.add(waiter);
    return () => {
      this.#waiters.delete(waiter);
      waiter.timer.cancel();
    };
  }

  /** Ends every wait. */
  release(available: boolean): void {
    // Those that begin to wait again meanwhile wait for the next time.
    const waiters = [...this.#waiters];
    for (const waiter of waiters) this.#end(waiter, available);
  }

  #end(waiter: Waiter, available: boolean): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.timer.cancel();
    waiter.resume(available);
  }
}

import type { Clock, Timer } from '../../env/clock.ts';
import { AbortedError, ClosedError } from '../../errors.ts';

interface Wait {
  readonly key: object | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Everything that waits inside one simulated node, so that closing it leaves no timer and no promise behind. */
export class SimulatedWaits {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #waits = new Set<Wait>();
  readonly #keyed = new Map<object, Wait[]>();

  constructor(clock: Clock, what: string) {
    this.#clock = clock;
    this.#what = what;
  }

  /**
   * Resolves after `ms` (never, if infinite) or when `key` is woken, whichever comes first.
   * @throws AbortedError if `signal` fires; ClosedError if the node is closed meanwhile.
   */
  wait(ms: number, signal: AbortSignal | undefined, key?: object): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AbortedError(this.#what, signal.reason));
        return;
      }
      let timer: Timer | undefined;
      const leave = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#forget(wait);
      };
      const wait: Wait = {
        key,
        resolve: () => {
          leave();
          resolve();
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => wait.reject(new AbortedError(this.#what, signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      if (ms !== Infinity) timer = this.#clock.schedule(this.#clock.now() + ms, wait.resolve);
      this.#waits.add(wait);
      if (key !== undefined) this.#keyed.set(key, [...(this.#keyed.get(key) ?? []), wait]);
    });
  }

  /** Ends every wait for `key`. */
  wake(key: object): void {
    for (const wait of this.#keyed.get(key) ?? []) wait.resolve();
  }

  /** Ends everything with `ClosedError`. */
  close(): void {
    for (const wait of this.#waits) wait.reject(new ClosedError(this.#what));
  }

  #forget(wait: Wait): void {
    this.#waits.delete(wait);
    if (wait.key === undefined) return;
    const rest = this.#keyed.get(wait.key)?.filter((other) => other !== wait) ?? [];
    if (rest.length === 0) this.#keyed.delete(wait.key);
    else this.#keyed.set(wait.key, rest);
  }
}

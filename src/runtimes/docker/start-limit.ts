import type { Clock } from '../../env/clock.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';

/** Two at a time leave a machine of two cores idle while the engine waits for its own children. */
const limits = { first: 16, min: 4, max: 32 };

/** Keeps so many starts in flight as the engine takes without each becoming dearer: it starts containers under locks. */
export class StartLimit {
  readonly #clock: Clock;
  readonly #limit = new AdaptiveLimit(limits);
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(start: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#limit.value) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inFlight++;
    const sinceMs = this.#clock.now();
    try {
      return await start();
    } finally {
      this.#limit.note(this.#clock.now() - sinceMs, this.#inFlight, this.#waiting.length > 0);
      this.#inFlight--;
      while (this.#inFlight < this.#limit.value && this.#waiting.length > 0) {
        this.#inFlight++;
        this.#waiting.shift()!();
      }
    }
  }
}

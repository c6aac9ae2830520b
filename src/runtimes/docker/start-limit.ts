import type { Clock } from '../../env/clock.ts';

const sampleSize = 8;
const limitMin = 2;
const limitMax = 32;

/**
 * How many starts may be in flight. Engines start containers under locks: more at a time help until they only wait for one another,
 * and where that is depends on the machine. So it is tried: after every few starts the limit goes on in the direction in which more
 * were done in a second, and turns where fewer were.
 */
export class StartLimit {
  readonly #clock: Clock;
  #limit: number;
  #inFlight = 0;
  #direction = 1;
  #lastRate = 0;
  #done = 0;
  #sinceMs = 0;
  /** Starts have waited since the sample began: without a queue a rate says nothing about the limit. */
  #queued = false;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, first = 8) {
    this.#clock = clock;
    this.#limit = first;
  }

  get limit(): number {
    return this.#limit;
  }

  async run<T>(start: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#limit) {
      this.#queued = true;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#inFlight++;
    if (this.#done === 0 && this.#sinceMs === 0) this.#sinceMs = this.#clock.now();
    try {
      return await start();
    } finally {
      this.#inFlight--;
      this.#count();
      while (this.#inFlight < this.#limit && this.#waiting.length > 0) {
        this.#inFlight++;
        this.#waiting.shift()!();
      }
    }
  }

  #count(): void {
    this.#done++;
    if (this.#done < sampleSize) return;
    const rate = this.#done / Math.max(1, this.#clock.now() - this.#sinceMs);
    if (this.#queued) {
      if (rate < this.#lastRate * 0.95) this.#direction = -this.#direction;
      this.#lastRate = rate;
      const step = this.#direction > 0 ? Math.ceil(this.#limit / 4) : -Math.ceil(this.#limit / 5);
      this.#limit = Math.min(limitMax, Math.max(limitMin, this.#limit + step));
    }
    this.#done = 0;
    this.#sinceMs = this.#waiting.length > 0 || this.#inFlight > 0 ? this.#clock.now() : 0;
    this.#queued = this.#waiting.length > 0;
  }
}

export interface AdaptiveLimitOptions {
  readonly first: number;
  readonly min: number;
  readonly max: number;
}

/** A window that cost so much more for each piece of work than the best one says that fewer should be in flight. */
const worse = 1.3;
const decrease = 0.75;

/**
 * How much work may be in flight, found out by how long it takes: one more after a window that was as good as the best, a quarter less
 * after one in which a piece of work had become dearer. What a piece costs is its latency divided by how many shared the time; so a
 * machine on which twice as many take twice as long is no worse for it, and one on which they take three times as long is. What the
 * window after a decrease costs is what is to be expected from then on: if fewer are no cheaper, the machine has become busier.
 * The same notes give the same limit: it knows no clock.
 */
export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  #limit: number;
  #bestMs = Infinity;
  #count = 0;
  #latencyMs = 0;
  #inFlight = 0;
  #bound = false;
  #decreased = false;

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options;
    this.#limit = options.first;
  }

  get value(): number {
    return this.#limit;
  }

  /**
   * A piece of work has ended.
   *
   * @param inFlight How many were under way, itself among them.
   * @param waiting Whether others waited for their turn: a limit that binds nobody is not judged.
   */
  note(latencyMs: number, inFlight: number, waiting: boolean): void {
    this.#count++;
    this.#latencyMs += latencyMs;
    this.#inFlight += inFlight;
    this.#bound ||= waiting;
    if (this.#count < this.#limit) return;
    const costMs = this.#latencyMs / this.#inFlight;
    if (this.#bound) this.#judge(costMs);
    this.#count = this.#latencyMs = this.#inFlight = 0;
    this.#bound = false;
  }

  #judge(costMs: number): void {
    const { min, max } = this.#options;
    this.#bestMs = this.#decreased ? costMs : Math.min(this.#bestMs, costMs);
    this.#decreased = costMs > this.#bestMs * worse;
    this.#limit = this.#decreased ? Math.max(min, Math.floor(this.#limit * decrease)) : Math.min(max, this.#limit + 1);
  }
}

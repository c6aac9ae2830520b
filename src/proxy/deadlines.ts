import type { Clock, Instant, Timer } from '../env/clock.ts';

/**
 * Many things that time out, one timer. Deadlines may move later at no cost (the timer looks again when it fires), so a busy
 * connection sets no timer at all.
 */
export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #deadlineOf: (item: T) => Instant;
  readonly #onDue: (item: T) => void;
  readonly #items = new Set<T>();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /**
   * @param deadlineOf When the item is due; Infinity for never.
   * @param onDue Called once per item, which has been removed by then.
   */
  constructor(clock: Clock, deadlineOf: (item: T) => Instant, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#deadlineOf = deadlineOf;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Adds an item, or looks again at one whose deadline has become earlier. */
  add(item: T): void {
    this.#items.add(item);
    this.#arm(this.#deadlineOf(item));
  }

  delete(item: T): void {
    this.#items.delete(item);
    if (this.#items.size === 0) this.#disarm();
  }

  /** Forgets everything; fires nothing. */
  clear(): void {
    this.#items.clear();
    this.#disarm();
  }

  #arm(at: Instant): void {
    if (at >= this.#timerAt) return;
    this.#disarm();
    this.#timerAt = at;
    this.#timer = this.#clock.schedule(at, () => this.#fire());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #fire(): void {
    this.#disarm();
    const now = this.#clock.now();
    let next = Infinity;
    const due: T[] = [];
    for (const item of this.#items) {
      const at = this.#deadlineOf(item);
      if (at <= now) due.push(item);
      else next = Math.min(next, at);
    }
    for (const item of due) this.#items.delete(item);
    if (next !== Infinity) this.#arm(next);
    for (const item of due) this.#onDue(item);
  }
}

import type { Instant } from '../env/clock.ts';
import { Wakes } from './wakes.ts';

interface Item {
  /** Consecutive failures. */
  failures: number;
  queued: boolean;
}

const backoffMsFirst = 5;
const backoffMsMax = 1_000_000;

/**
 * Keys to reconcile, each at most once: adding a key that waits changes nothing. Failed keys come back after a back-off that
 * doubles from 5 ms to 1,000 s (as client-go's rate limiter does); `forget` ends the counting.
 */
export class WorkQueue {
  readonly #ready: string[] = [];
  #head = 0;
  readonly #items = new Map<string, Item>();
  readonly #delayed = new Wakes<string>();

  /** Keys that can be taken now. */
  get length(): number {
    return this.#ready.length - this.#head;
  }

  add(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) this.#items.set(key, { failures: 0, queued: true });
    else if (item.queued) return;
    else item.queued = true;
    this.#delayed.set(key, undefined);
    this.#ready.push(key);
  }

  /** The key comes back at `at`, unless it is added before. The earliest of several calls counts. */
  addAt(key: string, at: Instant): void {
    if (this.#items.get(key)?.queued === true) return;
    const known = this.#delayed.at(key);
    if (known === undefined || at < known) this.#delayed.set(key, at);
  }

  /** The key failed: it comes back after its back-off. */
  retry(key: string, now: Instant): void {
    const item = this.#items.get(key) ?? { failures: 0, queued: false };
    this.#items.set(key, item);
    const delay = Math.min(backoffMsFirst * 2 ** item.failures, backoffMsMax);
    item.failures++;
    this.addAt(key, now + delay);
  }

  forget(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    item.failures = 0;
    if (!item.queued) this.#items.delete(key);
  }

  take(): string | undefined {
    if (this.#head === this.#ready.length) return undefined;
    const key = this.#ready[this.#head++]!;
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#head);
      this.#head = 0;
    }
    const item = this.#items.get(key);
    if (item !== undefined) {
      item.queued = false;
      if (item.failures === 0) this.#items.delete(key);
    }
    return key;
  }

  /** Moves what is due to the ready keys. */
  fire(now: Instant): void {
    for (const key of this.#delayed.due(now)) this.add(key);
  }

  /** When the next delayed key is due; undefined if none is. */
  nextAt(): Instant | undefined {
    return this.#delayed.next();
  }
}

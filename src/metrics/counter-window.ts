import type { Instant } from '../env/clock.ts';

/** Turns a growing count into a rate over the last few seconds. */
export class CounterWindow {
  readonly #windowMs: number;
  #samples: readonly { readonly atMs: Instant; readonly count: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Per second, in thousandths; undefined for the first sample, and when the count began anew. */
  add(atMs: Instant, count: number): { readonly milli: number; readonly windowMs: number } | undefined {
    const last = this.#samples.at(-1);
    if (last !== undefined && (count < last.count || atMs < last.atMs)) this.#samples = [];
    if (last?.atMs !== atMs) this.#samples = [...this.#samples, { atMs, count }];
    // One that is older than the window is kept, so that the window is always covered.
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - this.#windowMs) this.#samples = this.#samples.slice(1);
    const [first] = this.#samples;
    if (first === undefined || first.atMs === atMs) return undefined;
    const windowMs = atMs - first.atMs;
    return { milli: Math.round(((count - first.count) * 1_000_000) / windowMs), windowMs };
  }
}

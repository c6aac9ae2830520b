import { SeededRandom } from '../../src/env/seeded-random.ts';
import type { StoreChange, StoreEntry, WriteOp } from '../../src/stores/store.ts';

/**
 * What the writing process does, known to the one that kills it: write number n of a seed is the same everywhere, and each
 * compares with what the writes before it left. So after the first m writes there is exactly one right content.
 */
export class CrashPlan {
  readonly #random: SeededRandom;
  /** Key -> the number of the write that made it. */
  readonly #written = new Map<string, number>();
  readonly #story: string[] = [];
  #next = 1;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** How many writes have been planned. */
  get count(): number {
    return this.#next - 1;
  }

  /** The next write; the revision of write n is `revisionOf(n)`. */
  next(revisionOf: (n: number) => number): WriteOp {
    const key = `/crash/${this.#random.integer(40)}`;
    const before = this.#written.get(key);
    const expected = before === undefined ? 0 : revisionOf(before);
    const deletes = before !== undefined && this.#random.integer(5) === 0;
    const n = this.#next++;
    const value = deletes ? null : Object.freeze({ n, text: 'x'.repeat(this.#random.integer(2_000)) });
    this.#story.push(`${deletes ? 'delete' : 'put'} ${key} ${deletes ? before : n}`);
    if (deletes) this.#written.delete(key);
    else this.#written.set(key, n);
    return { key, value, expected };
  }

  /** What is wrong with the changes a store tells of as those of the last of the writes planned so far. */
  untold(changes: readonly StoreChange[]): readonly string[] {
    const told = changes.map(({ type, key, entry }) => `${type} ${key} ${(entry.value as { readonly n: number }).n}`);
    const story = this.#story.slice(this.#story.length - told.length);
    return told.flatMap((line, index) =>
      line === story[index]
        ? []
        : [`after write ${this.count}: expected its history to tell ${story[index] ?? 'nothing'}, it tells ${line}`],
    );
  }

  /** What is wrong with a content that should be the one after the writes planned so far. */
  differences(entries: readonly StoreEntry[]): readonly string[] {
    const found = new Map(entries.map(({ key, value }) => [key, (value as { readonly n: number }).n]));
    const keys = new Set([...found.keys(), ...this.#written.keys()]);
    return [...keys]
      .filter((key) => found.get(key) !== this.#written.get(key))
      .map(
        (key) =>
          `after write ${this.count}: expected ${key} to be of write ${this.#written.get(key) ?? 'none'}, found ${found.get(key) ?? 'none'}`,
      );
  }
}

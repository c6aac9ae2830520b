import { CompactedError, ConfigurationError } from '../errors.ts';
import type { Revision, StoreChange } from './store.ts';

/**
 * The newest changes, in the order of their revisions, at most `limit` of them. Revisions follow one another without a gap,
 * so that a revision is its own index.
 */
export class ChangeHistory {
  readonly #limit: number;
  #ring: (StoreChange | undefined)[] = [];
  #compacted: Revision;
  #head: Revision;

  /** @param limit How many changes are kept, at least 1. @param start The revision before the first change. */
  constructor(limit: number, start: Revision = 0) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new ConfigurationError(`historyLimit: expected a whole number of at least 1, got ${limit}`);
    }
    this.#limit = limit;
    this.#compacted = start;
    this.#head = start;
  }

  get head(): Revision {
    return this.#head;
  }

  /** Everything up to and including this revision is forgotten; reads at it, and watches after it, still work. */
  get compacted(): Revision {
    return this.#compacted;
  }

  /** Adds the change that made revision `head + 1`. */
  append(change: StoreChange): void {
    const revision = ++this.#head;
    this.#ring[revision % this.#limit] = change;
    if (revision - this.#compacted > this.#limit) this.#compacted = revision - this.#limit;
  }

  /** Throws `CompactedError` if the changes after `revision` are no longer all kept. */
  check(revision: Revision): void {
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
  }

  /** Visits the changes with a revision greater than `revision`, oldest first. */
  visitAfter(revision: Revision, visit: (change: StoreChange) => void): void {
    this.check(revision);
    for (let at = revision + 1; at <= this.#head; at++) visit(this.#ring[at % this.#limit]!);
  }

  /** Forgets the changes up to and including `revision`. */
  compact(revision: Revision): void {
    const target = Math.min(revision, this.#head);
    for (let at = this.#compacted + 1; at <= target; at++) this.#ring[at % this.#limit] = undefined;
    this.#compacted = Math.max(this.#compacted, target);
  }

  clear(): void {
    this.#ring = [];
    this.#compacted = this.#head;
  }
}

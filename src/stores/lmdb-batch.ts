import { StoreError } from '../errors.ts';
import type { LmdbBatchContents, LmdbDatabase } from './lmdb-database.ts';
import { encodeChange, encodeEntry } from './lmdb-records.ts';
import { decide, type MvccState } from './mvcc-state.ts';
import type { Revision, StoreChange, StoreEntry, StoreOpenOptions, WriteOp, WriteResult } from './store.ts';

/** The changes of a batch, and what it makes of the entries, before it is durable. */
export class LmdbBatch {
  readonly changes: StoreChange[] = [];
  readonly #state: MvccState;
  readonly #database: LmdbDatabase;
  readonly #stamp: StoreOpenOptions['stamp'];
  readonly #entries = new Map<string, StoreEntry | undefined>();
  readonly #bytes = new Map<string, Buffer | null>();
  readonly #records: (readonly [Revision, Buffer])[] = [];
  readonly #read = (key: string): StoreEntry | undefined => (this.#entries.has(key) ? this.#entries.get(key) : this.#state.read(key));

  constructor(state: MvccState, database: LmdbDatabase, stamp: StoreOpenOptions['stamp']) {
    this.#state = state;
    this.#database = database;
    this.#stamp = stamp;
  }

  get head(): Revision {
    return this.#state.head + this.changes.length;
  }

  add(op: WriteOp): WriteResult {
    const verdict = decide(op, this.head + 1, this.#read, this.#stamp);
    if (verdict.refused !== undefined) return verdict.refused;
    const { change } = verdict;
    const { key, type, entry } = change;
    const before = this.#bytes.has(key) ? (this.#bytes.get(key) ?? undefined) : this.#database.entry(key);
    if (before?.readDoubleBE(0) !== change.previous?.revision) {
      throw new StoreError(
        'STORE_CORRUPT',
        `${this.#database.path}: the file does not hold ${key} at revision ${change.previous?.revision ?? 0}, as it was read: open the store again`,
      );
    }
    const after = op.value === null ? null : encodeEntry(entry.revision, entry.createRevision, op.value);
    this.#records.push([entry.revision, encodeChange(type, key, before)]);
    this.#bytes.set(key, after);
    this.#entries.set(key, type === 'delete' ? undefined : entry);
    this.changes.push(change);
    return { ok: true, entry };
  }

  /** The same write, for whatever the key holds by now. */
  over(op: WriteOp): WriteOp {
    return { ...op, expected: this.#read(op.key)?.revision ?? 0 };
  }

  contents(from: Revision, to: Revision): LmdbBatchContents {
    return { entries: this.#bytes, changes: this.#records, forget: [from, to], head: this.head };
  }
}

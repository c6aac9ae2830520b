import { StoreError } from '../errors.ts';
import { endOfPrefix, type KeyRange, type KeyValue, type WatchAnswer } from './etcd-messages.ts';
import { parseFrozen } from './frozen-json.ts';
import type { Revision, StoreChange, StoreEntry, StoreOpenOptions } from './store.ts';

/** Keys that begin with this are the store's own, below everything that a user can name. */
const reserved = '\u0000';

/** How keys, values and events of etcd become those of the store. */
export class EtcdRecords {
  readonly #prefix: string;
  readonly #stamp: StoreOpenOptions['stamp'];

  /** A slash ends the prefix: `/west` must not take in what is under `/west2`. */
  constructor(prefix: string, stamp: StoreOpenOptions['stamp']) {
    this.#prefix = prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.#stamp = stamp;
  }

  key(key: string): string {
    return this.#prefix + key;
  }

  /** A key of the store itself, which no list and no watch shows. */
  reservedKey(name: string): string {
    return this.#prefix + reserved + name;
  }

  /** All keys that start with `prefix` and are greater than `after`. */
  range(prefix: string, after?: string): KeyRange {
    const first = after !== undefined && after >= prefix ? `${after}\u0000` : prefix === '' ? '\u0001' : prefix;
    return { key: this.#prefix + first, end: endOfPrefix(this.#prefix + prefix) };
  }

  /** All keys, the store's own included. */
  wholeRange(): KeyRange {
    return { key: this.#prefix + reserved, end: endOfPrefix(this.#prefix) };
  }

  isReserved(key: string): boolean {
    return key.startsWith(reserved, this.#prefix.length);
  }

  /** `at` is the revision to give it, its own unless given. */
  entry({ key, value, createRevision, modRevision }: KeyValue, at?: Revision): StoreEntry {
    const name = key.slice(this.#prefix.length);
    const revision = at ?? modRevision;
    return { key: name, value: this.stamped(this.#parse(name, value), revision), revision, createRevision };
  }

  stamped(value: object, revision: Revision): object {
    return this.#stamp === undefined ? value : this.#stamp(value, revision);
  }

  /** @returns undefined if what the change replaced is compacted away: then it cannot be told. */
  change({ deleted, entry, previous }: WatchAnswer['events'][number]): StoreChange | undefined {
    const before = previous && this.entry(previous);
    if (deleted) {
      if (previous === undefined) return undefined;
      return { type: 'delete', key: before!.key, entry: this.entry(previous, entry.modRevision), previous: before };
    }
    if (before === undefined && entry.createRevision !== entry.modRevision) return undefined;
    const after = this.entry(entry);
    return { type: 'put', key: after.key, entry: after, previous: before };
  }

  #parse(key: string, value: Buffer): object {
    try {
      return parseFrozen(value.toString());
    } catch (cause) {
      throw new StoreError('STORE_FOREIGN', `etcd: ${this.key(key)}: expected a JSON object: another program writes under this prefix`, {
        cause,
      });
    }
  }
}

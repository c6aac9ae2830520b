import { StoreError } from '../errors.ts';
import { ChangeHistory } from './change-history.ts';
import { KeyIndex } from './key-index.ts';
import type {
  ListOptions,
  Revision,
  StoreChange,
  StoreEntry,
  StoreList,
  StoreOpenOptions,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from './store.ts';
import { WatchHub } from './watch-hub.ts';

type Stamp = NonNullable<StoreOpenOptions['stamp']>;

/** What a write would do: a result that says no, or a change that is not yet made. */
export type Verdict = { readonly refused: WriteResult } | { readonly refused?: undefined; readonly change: StoreChange };

const fenced: Verdict = { refused: { ok: false, reason: 'fenced' } };

/**
 * Decides one write against what is there. `read` sees everything that precedes it. A delete with `expected: 0` has nothing to
 * delete and is a conflict.
 */
export function decide(op: WriteOp, revision: Revision, read: (key: string) => StoreEntry | undefined, stamp: Stamp | undefined): Verdict {
  const { value, expected, fence } = op;
  if (fence !== undefined && (read(fence.key)?.revision ?? 0) !== fence.revision) return fenced;
  const current = read(op.key);
  // One text for all that a key ever holds.
  const key = current === undefined ? op.key : current.key;
  if ((current?.revision ?? 0) !== expected || (value === null && current === undefined)) {
    return { refused: { ok: false, reason: 'conflict', current } };
  }
  const raw = value ?? current!.value;
  const entry: StoreEntry = {
    key,
    value: stamp === undefined ? raw : stamp(raw, revision),
    revision,
    createRevision: current === undefined ? revision : current.createRevision,
  };
  return { change: { type: value === null ? 'delete' : 'put', key, entry, previous: current } };
}

/** The present entries, the history and the watches of a store that has all of them in memory. */
export class MvccState {
  readonly #entries = new Map<string, StoreEntry>();
  readonly #index = new KeyIndex();
  readonly #history: ChangeHistory;
  readonly #hub = new WatchHub();
  readonly read = (key: string): StoreEntry | undefined => this.#entries.get(key);

  constructor(historyLimit: number, start: Revision = 0) {
    this.#history = new ChangeHistory(historyLimit, start);
  }

  get head(): Revision {
    return this.#history.head;
  }

  get compacted(): Revision {
    return this.#history.compacted;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** True while watchers are being called. */
  get delivering(): boolean {
    return this.#hub.delivering;
  }

  /** Puts an entry in place as it was before a restart: no change, no history. */
  load(entry: StoreEntry): void {
    if (!this.#entries.has(entry.key)) this.#index.add(entry.key);
    this.#entries.set(entry.key, entry);
  }

  /** Makes a change that `decide` made for revision `head + 1`. */
  commit(change: StoreChange): void {
    const { key } = change;
    if (change.type === 'delete') {
      this.#entries.delete(key);
      this.#index.delete(key);
    } else {
      if (change.previous === undefined) this.#index.add(key);
      this.#entries.set(key, change.entry);
    }
    this.#history.append(change);
  }

  /** Adds to the history what happened before a restart; the entries have been loaded. */
  remember(change: StoreChange): void {
    this.#history.append(change);
  }

  deliver(changes: readonly StoreChange[]): void {
    if (changes.length > 0) this.#hub.deliver(changes, this.#history.head);
  }

  watch(options: WatchOptions): StoreWatch {
    const replay: StoreChange[] = [];
    try {
      this.#history.visitAfter(options.after, (change) => {
        if (change.key.startsWith(options.prefix)) replay.push(change);
      });
    } catch (error) {
      let closed = false;
      queueMicrotask(() => {
        if (!closed) options.onError(error as Error);
      });
      return { close: () => void (closed = true) };
    }
    return this.#hub.add(options, this.#history.head, replay);
  }

  compact(revision: Revision): void {
    this.#history.compact(revision);
  }

  list(prefix: string, options: ListOptions = {}): StoreList {
    const revision = options.revision ?? this.head;
    if (revision > this.head) {
      throw new StoreError('STORE_FUTURE_REVISION', `revision ${revision} has not happened yet: the store is at ${this.head}`, {
        retryable: true,
      });
    }
    this.#history.check(revision);
    const undone = this.#undone(prefix, options.after, revision);
    const limit = options.limit ?? Infinity;
    const entries: StoreEntry[] = [];
    let more = false;
    const add = (entry: StoreEntry): boolean => {
      if (entries.length >= limit) more = true;
      else entries.push(entry);
      return !more;
    };
    if (undone.size === 0) this.#index.scan(prefix, options.after, (key) => add(this.#entries.get(key)!));
    else this.#scanWith(undone, prefix, options.after, add);
    if (!more) return { entries, revision, more };
    return { entries, revision, more, remaining: this.#remaining(undone, prefix, entries.at(-1)?.key ?? options.after) };
  }

  /** Forgets everything and ends all watches. */
  close(): void {
    this.#hub.close();
    this.#entries.clear();
    this.#history.clear();
  }

  /** What keys changed after `revision` held at it: an entry, or undefined for a key that did not exist. */
  #undone(prefix: string, after: string | undefined, revision: Revision): Map<string, StoreEntry | undefined> {
    const undone = new Map<string, StoreEntry | undefined>();
    this.#history.visitAfter(revision, ({ key, previous }) => {
      if (key.startsWith(prefix) && (after === undefined || key > after) && !undone.has(key)) undone.set(key, previous);
    });
    return undone;
  }

  #scanWith(
    undone: Map<string, StoreEntry | undefined>,
    prefix: string,
    after: string | undefined,
    add: (entry: StoreEntry) => boolean,
  ): void {
    const gone = [...undone].filter(([key, entry]) => entry !== undefined && !this.#entries.has(key)).map(([key]) => key);
    gone.sort((a, b) => (a < b ? -1 : 1));
    let next = 0;
    let going = true;
    const addGone = (before: string | undefined): void => {
      while (going && next < gone.length && (before === undefined || gone[next]! < before)) going = add(undone.get(gone[next++]!)!);
    };
    this.#index.scan(prefix, after, (key) => {
      addGone(key);
      const entry = undone.has(key) ? undone.get(key) : this.#entries.get(key);
      if (going && entry !== undefined) going = add(entry);
      return going;
    });
    addGone(undefined);
  }

  #remaining(undone: Map<string, StoreEntry | undefined>, prefix: string, after: string | undefined): number {
    let count = this.#index.count(prefix, after);
    for (const [key, entry] of undone) {
      if (after !== undefined && key <= after) continue;
      count += Number(entry !== undefined) - Number(this.#entries.has(key));
    }
    return count;
  }
}

import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SystemSecureRandom } from '../env/system-secure-random.ts';
import { ClosedError, ConfigurationError, CoxswainError, StoreError } from '../errors.ts';
import { LmdbBatch } from './lmdb-batch.ts';
import { diskErrorOf, LmdbDatabase, maxKeyBytes } from './lmdb-database.ts';
import { loadState } from './lmdb-load.ts';
import { LmdbOwner } from './lmdb-owner.ts';
import { decodeEntry, readEntry } from './lmdb-records.ts';
import type { MvccState } from './mvcc-state.ts';
import type {
  ListOptions,
  Revision,
  Store,
  StoreEntry,
  StoreList,
  StoreOpenOptions,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from './store.ts';

export interface LmdbStoreOptions {
  /** The directory of the store; made if it is not there. Nothing else should be in it. */
  readonly path: string;
  /** How many changes are kept for watches and for reads at an older revision, across restarts too. 8192 unless given. */
  readonly historyLimit?: number;
}

/** Something that waits for its turn to be written. */
interface Job {
  readonly ops: readonly WriteOp[];
  /** Written whatever the keys hold by then. */
  readonly over: boolean;
  /** Forget the history up to here. */
  readonly compact: Revision;
  readonly resolve: (results: readonly WriteResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How many writes one transaction takes in; what is beyond waits for the next, so that no turn of the event loop grows long. */
const maxBatchOps = 1024;

/**
 * Keeps everything on a disk: a write is acknowledged when it is synced, and whatever waits meanwhile is synced together
 * with the next. One process owns the directory at a time. Everything is also held in memory, where reads are answered.
 * Needs the package `lmdb` (an optional peer dependency).
 *
 * @example
 * const store = new LmdbStore({ path: './cluster-state' });
 * await store.open();
 */
export class LmdbStore implements Store {
  readonly name = 'lmdb';
  readonly durable = true;
  readonly shared = false;
  readonly #path: string;
  readonly #historyLimit: number;
  #stamp: StoreOpenOptions['stamp'];
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #database: LmdbDatabase | undefined;
  #owner: LmdbOwner | undefined;
  #state: MvccState | undefined;
  /** Up to here the history is gone from the disk; a little behind the memory, so that not every write removes one. */
  #forgotten: Revision = 0;
  #waiting: Job[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: LmdbStoreOptions) {
    if (typeof options.path !== 'string' || options.path === '')
      throw new ConfigurationError(`LmdbStore: path: expected the name of a directory, found ${JSON.stringify(options.path)}`);
    this.#path = resolve(options.path);
    this.#historyLimit = options.historyLimit ?? 8192;
  }

  /**
   * @throws StoreError `STORE_LOCKED`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_IO` (no directory, a disk that
   * cannot be written to); ConfigurationError without `lmdb`.
   */
  async open(options: StoreOpenOptions = {}): Promise<void> {
    if (this.#phase === 'closed') throw new ClosedError('the LMDB store');
    if (this.#phase !== 'new') throw new StoreError('STORE_OPEN', 'the LMDB store has been opened already');
    this.#phase = 'opening';
    this.#stamp = options.stamp;
    try {
      await mkdir(this.#path, { recursive: true });
      this.#owner = await LmdbOwner.claim(this.#path, new SystemSecureRandom());
      this.#database = await LmdbDatabase.open(this.#path);
      this.#state = loadState(this.#database, this.#historyLimit, this.#stamp);
      this.#forgotten = this.#database.header.compacted;
      if (this.#isClosed()) throw new ClosedError('the LMDB store');
      this.#phase = 'open';
    } catch (error) {
      if (!this.#isClosed()) this.#phase = 'new';
      await this.#giveBack();
      throw error instanceof CoxswainError ? error : await diskErrorOf(this.#path, error, 'the store cannot be opened');
    }
  }

  write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    return this.#enqueue({ ops });
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    return this.#opened().read(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<StoreList> {
    return this.#opened().list(prefix, options);
  }

  async head(): Promise<Revision> {
    return this.#opened().head;
  }

  watch(options: WatchOptions): StoreWatch {
    return this.#opened().watch(options);
  }

  async compact(revision: Revision): Promise<void> {
    await this.#enqueue({ compact: revision });
  }

  /**
   * Writes a consistent copy of the present state into another directory while the store is in use. The copy is a store
   * of its own: open it, or hand it to `restore`.
   *
   * @throws StoreError `STORE_FULL` or `STORE_IO`; what was copied so far is removed.
   */
  async backup(directory: string): Promise<void> {
    this.#opened();
    const target = join(resolve(directory), 'coxswain.mdb');
    const partial = `${target}.partial`;
    try {
      await mkdir(resolve(directory), { recursive: true });
      await this.#database!.copyTo(partial);
      await rename(partial, target);
    } catch (cause) {
      const error = await diskErrorOf(target, cause, 'the backup failed');
      await rm(partial, { force: true });
      throw error;
    }
  }

  /**
   * Brings the content to that of a backup while the store is in use: what differs is written with new revisions, as any
   * write is, so that watches are told. What others write meanwhile comes before or after the restore of its key: it is
   * replaced, or it stays.
   */
  async restore(directory: string): Promise<void> {
    this.#opened();
    const backup = await LmdbDatabase.open(resolve(directory), { readOnly: true });
    const wanted = new Map<string, StoreEntry>();
    try {
      for (const { key, value } of backup.entries()) wanted.set(key, decodeEntry(key, value, undefined));
    } finally {
      await backup.close();
    }
    const ops = this.#differences(wanted);
    for (let n = 0; n < ops.length; n += maxBatchOps) await this.#enqueue({ ops: ops.slice(n, n + maxBatchOps), over: true });
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    const isOpening = this.#phase === 'opening';
    this.#phase = 'closed';
    // What is being opened gives back what it has when it finds that it is closed.
    if (isOpening) return;
    await this.#writing;
    this.#state?.close();
    await this.#giveBack();
  }

  /** Asked behind an await, where the phase may have changed. */
  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #opened(): MvccState {
    if (this.#phase === 'closed') throw new ClosedError('the LMDB store');
    if (this.#phase !== 'open' || this.#state === undefined)
      throw new StoreError('STORE_NOT_OPEN', 'the LMDB store has not been opened: call open() first');
    return this.#state;
  }

  #enqueue({ ops = [], over = false, compact = 0 }: Partial<Job>): Promise<readonly WriteResult[]> {
    return new Promise((resolve, reject) => {
      const state = this.#opened();
      if (state.delivering)
        throw new StoreError('STORE_REENTRANT', 'a watch callback wrote to the store: write after the callback has returned');
      for (const { key } of ops) {
        if (Buffer.byteLength(key) > maxKeyBytes)
          throw new StoreError(
            'STORE_KEY_TOO_LONG',
            `${key.slice(0, 80)}...: expected a key of at most ${maxKeyBytes} bytes, got ${Buffer.byteLength(key)}`,
          );
      }
      this.#waiting.push({ ops, over, compact, resolve, reject });
      this.#writing ??= this.#writeAll(state);
    });
  }

  /** Writes until nothing waits. Of what is sent in one turn of the event loop, all goes into one transaction. */
  async #writeAll(state: MvccState): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const jobs = this.#take();
      try {
        await this.#writeBatch(state, jobs);
      } catch (error) {
        for (const job of jobs) job.reject(error);
      }
    }
    this.#writing = undefined;
  }

  #take(): readonly Job[] {
    let count = 0;
    let ops = 0;
    while (count < this.#waiting.length && (count === 0 || ops + this.#waiting[count]!.ops.length <= maxBatchOps))
      ops += this.#waiting[count++]!.ops.length;
    return this.#waiting.splice(0, count);
  }

  /** Decides, makes durable, and only then shows: nobody reads what a crash could take back. */
  async #writeBatch(state: MvccState, jobs: readonly Job[]): Promise<void> {
    const staged = new LmdbBatch(state, this.#database!, this.#stamp);
    const results = jobs.map(({ ops, over }) => ops.map((op) => staged.add(over ? staged.over(op) : op)));
    const asked = Math.min(Math.max(...jobs.map((job) => job.compact)), state.head);
    const forget = this.#forget(staged.head, asked);
    if (staged.changes.length > 0 || forget > this.#forgotten) {
      await this.#database!.write(staged.contents(this.#forgotten, forget));
      this.#forgotten = forget;
    }
    for (const change of staged.changes) state.commit(change);
    if (asked > 0) state.compact(asked);
    state.deliver(staged.changes);
    for (const [index, job] of jobs.entries()) job.resolve(results[index]!);
  }

  /** Up to where the disk may forget: what was asked for, and what is well beyond the limit. */
  #forget(head: Revision, asked: Revision): Revision {
    const slack = Math.max(16, this.#historyLimit >> 3);
    const beyond = head - this.#forgotten > this.#historyLimit + slack ? head - this.#historyLimit : 0;
    return Math.max(this.#forgotten, asked, beyond);
  }

  #differences(wanted: ReadonlyMap<string, StoreEntry>): readonly WriteOp[] {
    const state = this.#opened();
    const ops: WriteOp[] = [];
    for (const { key, value } of wanted.values()) {
      const bytes = this.#database!.entry(key);
      const present = bytes === undefined ? undefined : decodeEntry(key, readEntry(bytes), undefined);
      if (JSON.stringify(present?.value) !== JSON.stringify(value)) ops.push({ key, value, expected: present?.revision ?? 0 });
    }
    for (const { key, revision } of state.list('').entries) if (!wanted.has(key)) ops.push({ key, value: null, expected: revision });
    return ops;
  }

  async #giveBack(): Promise<void> {
    const [owner, database] = [this.#owner, this.#database];
    this.#owner = undefined;
    this.#database = undefined;
    await database?.close();
    await owner?.release();
  }
}

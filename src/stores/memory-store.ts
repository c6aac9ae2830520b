import { ClosedError, StoreError } from '../errors.ts';
import { decide, MvccState } from './mvcc-state.ts';
import type {
  ListOptions,
  Revision,
  Store,
  StoreChange,
  StoreEntry,
  StoreList,
  StoreOpenOptions,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from './store.ts';

export interface MemoryStoreOptions {
  /** How many changes are kept for watches and for reads at an older revision. 8192 unless given. */
  readonly historyLimit?: number;
}

/**
 * Keeps everything in this process and forgets it with it. Writes commit synchronously inside `write`, and watchers have been
 * told before it returns.
 *
 * @example
 * const store = new MemoryStore();
 * await store.open();
 * const [result] = await store.write([{ key: '/greeting', value: Object.freeze({ text: 'hello' }), expected: 0 }]);
 */
export class MemoryStore implements Store {
  readonly name = 'memory';
  readonly durable = false;
  readonly shared = false;
  readonly #state: MvccState;
  #stamp: StoreOpenOptions['stamp'];
  #phase: 'new' | 'open' | 'closed' = 'new';

  constructor(options: MemoryStoreOptions = {}) {
    this.#state = new MvccState(options.historyLimit ?? 8192);
  }

  async open(options: StoreOpenOptions = {}): Promise<void> {
    if (this.#phase === 'closed') throw new ClosedError('the memory store');
    if (this.#phase === 'open') throw new StoreError('STORE_OPEN', 'the memory store has been opened already');
    this.#stamp = options.stamp;
    this.#phase = 'open';
  }

  write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    try {
      return Promise.resolve(this.#write(ops));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    this.#check();
    return this.#state.read(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<StoreList> {
    this.#check();
    return this.#state.list(prefix, options);
  }

  async head(): Promise<Revision> {
    this.#check();
    return this.#state.head;
  }

  watch(options: WatchOptions): StoreWatch {
    this.#check();
    return this.#state.watch(options);
  }

  async compact(revision: Revision): Promise<void> {
    this.#check();
    this.#state.compact(revision);
  }

  async close(): Promise<void> {
    if (this.#phase === 'open') this.#state.close();
    this.#phase = 'closed';
  }

  #write(ops: readonly WriteOp[]): readonly WriteResult[] {
    this.#check();
    const state = this.#state;
    if (state.delivering) {
      throw new StoreError('STORE_REENTRANT', 'a watch callback wrote to the store: write after the callback has returned');
    }
    const results: WriteResult[] = [];
    const changes: StoreChange[] = [];
    try {
      for (const op of ops) {
        const verdict = decide(op, state.head + 1, state.read, this.#stamp);
        if (verdict.refused !== undefined) {
          results.push(verdict.refused);
          continue;
        }
        state.commit(verdict.change);
        changes.push(verdict.change);
        results.push({ ok: true, entry: verdict.change.entry });
      }
    } finally {
      // Also when `stamp` threw half-way: what was committed is seen.
      state.deliver(changes);
    }
    return results;
  }

  #check(): void {
    if (this.#phase === 'closed') throw new ClosedError('the memory store');
    if (this.#phase === 'new') throw new StoreError('STORE_NOT_OPEN', 'the memory store has not been opened: call open() first');
  }
}

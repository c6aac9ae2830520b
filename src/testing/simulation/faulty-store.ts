import { StoreError } from '../../errors.ts';
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
} from '../../stores/store.ts';

/** What happens to one write. `lost-answer`: it took effect, and nobody is told. */
export type StoreFault = 'none' | 'conflict' | 'error-before' | 'lost-answer';

/**
 * A store in bad weather: asks before each write what is to happen to it. It outlives `close`, as a disk outlives a process, until
 * `dispose`.
 */
export class FaultyStore implements Store {
  readonly name: string;
  readonly durable = true;
  readonly shared: boolean;
  readonly #store: Store;
  readonly #faultOf: (op: WriteOp) => StoreFault;
  readonly #watches = new Set<StoreWatch>();
  #opened = false;
  #writesLeft = Number.POSITIVE_INFINITY;

  constructor(store: Store, faultOf: (op: WriteOp) => StoreFault) {
    this.#store = store;
    this.name = `faulty ${store.name}`;
    this.shared = store.shared;
    this.#faultOf = faultOf;
  }

  async open(options?: StoreOpenOptions): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    await this.#store.open(options);
  }

  /** The process that uses the store dies after so many more writes: none of its later ones takes effect, until it is closed. */
  crashAfter(writes: number): void {
    this.#writesLeft = writes;
  }

  /** True if that has happened. */
  get crashed(): boolean {
    return this.#writesLeft === 0;
  }

  async write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    const results: WriteResult[] = [];
    let clean: WriteOp[] = [];
    const flush = async (): Promise<void> => {
      if (clean.length > 0) results.push(...(await this.#store.write(clean)));
      clean = [];
    };
    for (const op of ops) {
      const fault = this.crashed ? 'error-before' : this.#faultOf(op);
      if (!this.crashed) this.#writesLeft--;
      if (fault === 'none') {
        clean.push(op);
        continue;
      }
      await flush();
      if (fault === 'conflict') results.push({ ok: false, reason: 'conflict', current: await this.#store.get(op.key) });
      else {
        if (fault === 'lost-answer') await this.#store.write([op]);
        throw new StoreError('STORE_UNREACHABLE', `the store failed (${fault}) at ${op.key}`, { retryable: true });
      }
    }
    await flush();
    return results;
  }

  get(key: string): Promise<StoreEntry | undefined> {
    return this.#store.get(key);
  }

  list(prefix: string, options?: ListOptions): Promise<StoreList> {
    return this.#store.list(prefix, options);
  }

  head(): Promise<Revision> {
    return this.#store.head();
  }

  watch(options: WatchOptions): StoreWatch {
    const watch = this.#store.watch(options);
    this.#watches.add(watch);
    return watch;
  }

  compact(revision: Revision): Promise<void> {
    return this.#store.compact(revision);
  }

  /** Ends the watches of the process that closed it; what is stored stays. */
  close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    this.#writesLeft = Number.POSITIVE_INFINITY;
    return Promise.resolve();
  }

  /** Closes the store behind. */
  dispose(): Promise<void> {
    return this.#store.close();
  }
}

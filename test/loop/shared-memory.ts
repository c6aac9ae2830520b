import type { Clock } from '../../src/env/clock.ts';
import { StoreError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { Store, StoreChange, StoreOpenOptions, StoreWatch, WatchOptions, WriteOp } from '../../src/stores/store.ts';

export interface DoorOptions {
  /** Virtual milliseconds that each request and each answer is on its way. */
  readonly delayMs?: () => number;
  /** Planted: writes go out without their fence. */
  readonly withoutFence?: boolean;
}

/** One store that several clusters of a test share, each through a door of its own that can be slow or shut. */
export class SharedMemory {
  readonly #store = new MemoryStore({ historyLimit: 1_000_000 });
  readonly #clock: Clock;
  #open: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  door(options: DoorOptions = {}): Door {
    const open = (given: StoreOpenOptions | undefined): Promise<void> => (this.#open ??= this.#store.open(given));
    return new Door(this.#store, this.#clock, open, options);
  }

  /** Everything that happens, from the start; the store must have been opened. */
  follow(onChanges: (changes: readonly StoreChange[]) => void): StoreWatch {
    return this.#store.watch({ prefix: '', after: 0, onChanges, onError: (error) => expectNothing(error) });
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function expectNothing(error: Error): never {
  throw error;
}

class Door implements Store {
  readonly name = 'shared-memory';
  readonly durable = false;
  readonly shared = true;
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #openStore: (options: StoreOpenOptions | undefined) => Promise<void>;
  readonly #options: DoorOptions;
  readonly #watches = new Set<StoreWatch>();
  readonly #held: { readonly go: () => void; readonly fail: (error: Error) => void }[] = [];
  #shut = false;

  constructor(store: MemoryStore, clock: Clock, openStore: (options: StoreOpenOptions | undefined) => Promise<void>, options: DoorOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#openStore = openStore;
    this.#options = options;
  }

  /** Nothing passes, in neither direction, until `unshut`. */
  shut(): void {
    this.#shut = true;
  }

  unshut(): void {
    this.#shut = false;
    for (const { go } of this.#held.splice(0)) go();
  }

  /** What is held fails, as when a server that stood still is left for another, which answers what comes next. */
  giveUp(): void {
    this.#shut = false;
    for (const { fail } of this.#held.splice(0)) fail(new StoreError('STORE_UNREACHABLE', 'no answer in time', { retryable: true }));
  }

  open(options?: StoreOpenOptions): Promise<void> {
    return this.#openStore(options);
  }

  write(ops: readonly WriteOp[]): ReturnType<Store['write']> {
    const sent = this.#options.withoutFence === true ? ops.map(({ fence: _fence, ...op }) => op) : ops;
    return this.#pass(() => this.#store.write(sent));
  }

  get(key: string): ReturnType<Store['get']> {
    return this.#pass(() => this.#store.get(key));
  }

  list(...args: Parameters<Store['list']>): ReturnType<Store['list']> {
    return this.#pass(() => this.#store.list(...args));
  }

  head(): Promise<number> {
    return this.#pass(() => this.#store.head());
  }

  watch(options: WatchOptions): StoreWatch {
    let tail = Promise.resolve();
    let open = true;
    const later = (deliver: () => void): void => {
      const arrive = (): void => (open ? deliver() : undefined);
      // A watch goes on with another server.
      tail = tail.then(() => this.#way()).then(arrive, arrive);
    };
    const watch = this.#store.watch({
      ...options,
      onChanges: (changes) => later(() => options.onChanges(changes)),
      onProgress: (revision) => later(() => options.onProgress?.(revision)),
    });
    const handle = {
      close: () => {
        open = false;
        this.#watches.delete(handle);
        watch.close();
      },
    };
    this.#watches.add(handle);
    return handle;
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  async close(): Promise<void> {
    for (const watch of [...this.#watches]) watch.close();
    this.unshut();
  }

  async #pass<T>(request: () => Promise<T>): Promise<T> {
    await this.#way();
    const answer = await request();
    await this.#way();
    return answer;
  }

  async #way(): Promise<void> {
    const delayMs = this.#options.delayMs?.() ?? 0;
    if (delayMs > 0) await this.#clock.sleep(delayMs);
    while (this.#shut) await new Promise<void>((go, fail) => this.#held.push({ go, fail }));
  }
}

export type { Door };

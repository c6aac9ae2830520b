import assert from 'node:assert/strict';
import { SystemClock } from '../env/system-clock.ts';
import type {
  Revision,
  Store,
  StoreChange,
  StoreEntry,
  StoreOpenOptions,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from '../stores/store.ts';

/** A place for a store that nobody else uses. */
export interface StoreFixture {
  /** Fresh, empty, not yet opened. */
  readonly store: Store;
  /** Another instance over the same place, not yet opened: for stores that are durable or shared. */
  readonly again?: () => Store;
  /** A store that has its revisions in common with this one and nothing else, not yet opened: another prefix of one etcd. */
  readonly elsewhere?: () => Store;
  /** How long something may take that the contract promises to happen; 10 s unless given. */
  readonly patienceMs?: number;
  /** Called last, after every store has been closed. */
  dispose(): Promise<void>;
}

export type StoreFactory = () => StoreFixture | Promise<StoreFixture>;

/** A watch that keeps what it was told. */
export interface ProbeWatch {
  readonly changes: StoreChange[];
  /** How many changes came in each call. */
  readonly calls: number[];
  readonly progress: Revision[];
  readonly errors: Error[];
  readonly handle: StoreWatch;
  /** Resolves once `count` changes have come. */
  has(count: number): Promise<void>;
  /** Resolves once `condition` holds, which is looked at whenever something comes. */
  until(condition: () => boolean, what: string): Promise<void>;
}

/** A small frozen value. */
export const valueOf = (n: number): object => Object.freeze({ n });

/** What the cases of the store suite use to drive the store under test. */
export class StoreProbe {
  readonly fixture: StoreFixture;
  readonly store: Store;
  readonly #clock = new SystemClock();
  readonly #opened: Store[] = [];

  constructor(fixture: StoreFixture) {
    this.fixture = fixture;
    this.store = fixture.store;
  }

  async open(store: Store = this.store, options?: StoreOpenOptions): Promise<Store> {
    this.#opened.push(store);
    await this.within(store.open(options), 'open()');
    return store;
  }

  async dispose(): Promise<void> {
    for (const store of this.#opened) await store.close();
    await this.fixture.dispose();
  }

  /** Resolves like `promise`, or rejects when the fixture's patience is at its end. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    const patienceMs = this.fixture.patienceMs ?? 10_000;
    let timer: { cancel(): void } | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#clock.schedule(this.#clock.now() + patienceMs, () =>
        reject(new assert.AssertionError({ message: `${what}: did not happen within ${patienceMs} ms` })),
      );
    });
    try {
      return await Promise.race([promise, tooLate]);
    } finally {
      timer?.cancel();
    }
  }

  /** Some turns of the event loop: time for what must not happen. */
  async quiet(): Promise<void> {
    for (let n = 0; n < 20; n++) await this.#clock.turn();
  }

  write(...ops: WriteOp[]): Promise<readonly WriteResult[]> {
    return this.within(this.store.write(ops), 'write()');
  }

  /** Writes and expects success. */
  async put(key: string, value: object, expected: Revision = 0): Promise<StoreEntry> {
    const [result] = await this.write({ key, value, expected });
    assert.ok(result?.ok, `write of ${key} with expected ${expected}: expected it to be made, got ${JSON.stringify(result)}`);
    return result.entry;
  }

  async delete(key: string, expected: Revision): Promise<StoreEntry> {
    const [result] = await this.write({ key, value: null, expected });
    assert.ok(result?.ok, `delete of ${key} with expected ${expected}: expected it to be made, got ${JSON.stringify(result)}`);
    return result.entry;
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return (await this.store.list(prefix)).entries.map((entry) => entry.key);
  }

  watch(prefix: string, after: Revision, overrides: Partial<WatchOptions> = {}): ProbeWatch {
    const waiting = new Set<() => void>();
    const look = (): void => {
      for (const check of waiting) check();
    };
    const changes: StoreChange[] = [];
    const calls: number[] = [];
    const progress: Revision[] = [];
    const errors: Error[] = [];
    const handle = this.store.watch({
      prefix,
      after,
      onChanges: (told) => {
        changes.push(...told);
        calls.push(told.length);
        look();
      },
      onProgress: (revision) => {
        progress.push(revision);
        look();
      },
      onError: (error) => {
        errors.push(error);
        look();
      },
      ...overrides,
    });
    const until = (condition: () => boolean, what: string): Promise<void> => {
      const met = new Promise<void>((resolve) => {
        const check = (): void => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
      return this.within(met, `the watch on '${prefix}' after ${after}: ${what}`);
    };
    return { changes, calls, progress, errors, handle, until, has: (count) => until(() => changes.length >= count, `${count} changes`) };
  }
}

/** What a change says, in short. */
export const told = ({ type, key, entry, previous }: StoreChange): string =>
  `${type} ${key} ${JSON.stringify(entry.value)} @${entry.revision} was ${previous === undefined ? 'nothing' : `@${previous.revision}`}`;

/** A case of the suite: throws if the store does not do what its contract says. */
export interface StoreCase {
  readonly name: string;
  readonly run: (make: StoreFactory) => Promise<void>;
}

/** A case that runs `body` on an opened store and leaves nothing behind. */
export function storeCase(
  name: string,
  body: (probe: StoreProbe) => Promise<void>,
  options: { readonly open: boolean } = { open: true },
): StoreCase {
  return {
    name,
    run: async (make) => {
      const probe = new StoreProbe(await make());
      try {
        if (options.open) await probe.open();
        await body(probe);
      } finally {
        await probe.dispose();
      }
    },
  };
}

import type { Random } from '../env/random.ts';
import type { Revision, Store, StoreChange, StoreEntry, StoreList, WriteOp, WriteResult } from '../stores/store.ts';

/** Something a client did; `call` and `end` are ticks of a counter that all clients share. */
export type RecordedCall = { readonly call: number; readonly end: number } & (
  | { readonly type: 'write'; readonly ops: readonly WriteOp[]; readonly results: readonly WriteResult[] | undefined }
  | { readonly type: 'get'; readonly key: string; readonly entry: StoreEntry | undefined }
  | { readonly type: 'list'; readonly prefix: string; readonly list: StoreList }
  | { readonly type: 'head'; readonly revision: Revision }
);

/** Something a watch said, in the order in which it said it. */
export type WatchReport = { readonly changes: readonly StoreChange[] } | { readonly progress: Revision } | { readonly error: Error };

export interface RecordedWatch {
  readonly prefix: string;
  readonly after: Revision;
  readonly reports: readonly WatchReport[];
}

/** What several clients did to a store, and what its watches said of it. */
export interface StoreHistory {
  readonly calls: readonly RecordedCall[];
  readonly watches: readonly RecordedWatch[];
  /** The revision before the first call. */
  readonly start: Revision;
  /** The store is shared: only writes of one key keep the order of their group. */
  readonly shared: boolean;
  /** Every change, by a watch opened after the last call; checked against what the clients were told. */
  readonly changes: readonly StoreChange[];
}

export interface HistoryOptions {
  readonly random: Random;
  /** Every key of the history starts with this; nobody else writes there. */
  readonly prefix: string;
  /** How many operations all clients do together. 1000 unless given. */
  readonly operations?: number;
  /** 8 unless given. */
  readonly clients?: number;
  /** 6 unless given. */
  readonly keys?: number;
  /** What a client does between two operations; nothing unless given. */
  readonly pause?: (random: Random) => Promise<void>;
  /** Resolves `promise`, or rejects when it has taken too long. */
  readonly within: <T>(promise: Promise<T>, what: string) => Promise<T>;
}

/** How often a write that ends a history is tried. */
const writesAtEndMax = 50;

/** Lets several clients loose on a few keys of a store and records what they are told. */
export class StoreHistoryRecorder {
  readonly #store: Store;
  readonly #options: HistoryOptions;
  readonly #calls: RecordedCall[] = [];
  readonly #watches: RecordedWatch[] = [];
  /** What somebody last saw of a key, so that compares hold about as often as not. */
  readonly #known = new Map<string, Revision>();
  #tick = 0;
  #written = 0;
  #left: number;

  constructor(store: Store, options: HistoryOptions) {
    this.#store = store;
    this.#options = options;
    this.#left = options.operations ?? 1000;
  }

  async record(): Promise<StoreHistory> {
    const start = await this.#store.head();
    const { prefix, random } = this.#options;
    const watches = [`${prefix}`, `${prefix}0/`, `${prefix}1/`].map((watched) => this.#watch(watched, start));
    const clients = Array.from({ length: this.#options.clients ?? 8 }, (_, n) => this.#client(random.fork(`client ${n}`), start));
    await Promise.all(clients);
    const last = await this.#last();
    const changes = await this.#collect(start, last.revision);
    for (const watch of watches)
      await this.#options.within(watch.reached(), `the watch on ${watch.prefix} to reach revision ${last.revision}`);
    for (const watch of watches) watch.close();
    return { calls: this.#calls, watches: this.#watches, start, shared: this.#store.shared, changes };
  }

  async #client(random: Random, start: Revision): Promise<void> {
    while (this.#left-- > 0) {
      await this.#options.pause?.(random);
      const chance = random.integer(100);
      if (chance < 55) await this.#write(random);
      else if (chance < 85) await this.#get(this.#key(random));
      else if (chance < 95) await this.#list(random);
      else if (chance < 98) await this.#head();
      else await this.#resume(random, start);
    }
  }

  #key(random: Random): string {
    const n = random.integer(this.#options.keys ?? 6);
    return `${this.#options.prefix}${n % 2}/key-${n}`;
  }

  #op(random: Random): WriteOp {
    const key = this.#key(random);
    const expected = this.#known.get(key) ?? 0;
    const value = random.integer(6) === 0 ? null : Object.freeze({ written: ++this.#written });
    return { key, value, expected };
  }

  async #write(random: Random): Promise<void> {
    const ops = Array.from({ length: random.integer(4) === 0 ? 3 : 1 }, () => this.#op(random));
    const call = ++this.#tick;
    let results: readonly WriteResult[] | undefined;
    try {
      results = await this.#store.write(ops);
    } catch {
      // The outcome is unknown: the checker considers both.
    }
    this.#calls.push({ type: 'write', ops, results, call, end: ++this.#tick });
    for (const [index, result] of (results ?? []).entries()) {
      const { key, value } = ops[index]!;
      if (result.ok) this.#known.set(key, value === null ? 0 : result.entry.revision);
      else if (result.reason === 'conflict') this.#known.set(key, result.current?.revision ?? 0);
    }
  }

  async #get(key: string): Promise<void> {
    const call = ++this.#tick;
    const entry = await this.#store.get(key).catch(() => null);
    // A read that failed says nothing about the store.
    if (entry !== null) this.#calls.push({ type: 'get', key, entry, call, end: ++this.#tick });
  }

  async #list(random: Random): Promise<void> {
    const prefix = `${this.#options.prefix}${random.integer(3) === 0 ? '' : `${random.integer(2)}/`}`;
    const call = ++this.#tick;
    const list = await this.#store.list(prefix).catch(() => null);
    if (list !== null) this.#calls.push({ type: 'list', prefix, list, call, end: ++this.#tick });
  }

  async #head(): Promise<void> {
    const call = ++this.#tick;
    const revision = await this.#store.head().catch(() => null);
    if (revision !== null) this.#calls.push({ type: 'head', revision, call, end: ++this.#tick });
  }

  /** A short watch from some revision of the past, as of a client that lost its connection. */
  async #resume(random: Random, start: Revision): Promise<void> {
    const head = await this.#store.head().catch(() => start);
    const watch = this.#watch(`${this.#options.prefix}${random.integer(2)}/`, start + random.integer(head - start + 1));
    await this.#write(random);
    watch.close();
  }

  /** A last write that is known to be made, for every watch of the whole prefix to arrive at. */
  async #last(): Promise<StoreEntry> {
    let last: StoreEntry | undefined;
    for (const end of ['0/', '1/', '']) {
      const op = { key: `${this.#options.prefix}${end}~end`, value: Object.freeze({ written: ++this.#written }), expected: 0 };
      last = await this.#options.within(this.#surely(op), 'the last write');
      if (last === undefined) throw new Error('the last write of the history was refused: somebody else writes under its prefix');
    }
    return last!;
  }

  /** Writes again while the outcome is unknown. What the write then finds may be its own. */
  async #surely(op: WriteOp & { readonly value: { readonly written: number } }): Promise<StoreEntry | undefined> {
    for (let left = writesAtEndMax; ; left--) {
      try {
        const [result] = await this.#store.write([op]);
        if (result?.ok === true) return result.entry;
        const found = result?.reason === 'conflict' ? result.current : undefined;
        return (found?.value as typeof op.value | undefined)?.written === op.value.written ? found : undefined;
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  async #collect(start: Revision, last: Revision): Promise<readonly StoreChange[]> {
    const watch = this.#watch(this.#options.prefix, start);
    await this.#options.within(watch.reached(), `a watch from revision ${start} to reach revision ${last}`);
    watch.close();
    return watch.reports.flatMap((report) => ('changes' in report ? report.changes : []));
  }

  #watch(prefix: string, after: Revision): RecordedWatch & { close(): void; reached(): Promise<undefined> } {
    const reports: WatchReport[] = [];
    let finished = false;
    let arrive: ((nothing: undefined) => void) | undefined;
    let fail: ((error: Error) => void) | undefined;
    const arrived = new Promise<undefined>((resolve, reject) => {
      arrive = resolve;
      fail = reject;
    });
    arrived.catch(() => undefined);
    const open = this.#store.watch({
      prefix,
      after,
      onChanges: (changes) => {
        reports.push({ changes: [...changes] });
        finished ||= changes.some((change) => change.key === `${prefix}~end`);
        if (finished) arrive?.(undefined);
      },
      onProgress: (progress) => reports.push({ progress }),
      onError: (error) => {
        reports.push({ error });
        fail?.(error);
      },
    });
    const watch = { prefix, after, reports, close: () => open.close(), reached: () => arrived };
    this.#watches.push(watch);
    return watch;
  }
}

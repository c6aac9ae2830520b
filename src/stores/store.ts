/** The contract of a store: keys, revisions, opaque frozen JSON. A store knows nothing of kinds. */

/** One cluster-wide counter that only grows. 0 is "before everything". */
export type Revision = number;

/** A JSON object, deeply frozen. */
export type StoredValue = object;

/** A key's present value. */
export interface StoreEntry {
  readonly key: string;
  /** Frozen; what `StoreOpenOptions.stamp` returned, if one was given. Everybody reads the same object. */
  readonly value: StoredValue;
  /** The revision of the write that made this value. */
  readonly revision: Revision;
  /** The revision at which the key came into being. */
  readonly createRevision: Revision;
}

/**
 * One write. Every write compares: `expected` is the revision the key must be at, 0 for "must not exist".
 * A write of a controller also names the leader's key (`fence`), which must still be at the revision given.
 */
export interface WriteOp {
  readonly key: string;
  /**
   * The new value, or null to delete the key (with `expected: 0` there is nothing to delete: a conflict). The store may keep
   * the object: it must be frozen and is never cloned.
   */
  readonly value: StoredValue | null;
  readonly expected: Revision;
  readonly fence?: Fence;
}

export interface Fence {
  readonly key: string;
  readonly revision: Revision;
}

export type WriteResult =
  | { readonly ok: true; readonly entry: StoreEntry }
  /** `expected` did not hold; `current` is what is there instead (undefined: the key does not exist). Nothing was written. */
  | { readonly ok: false; readonly reason: 'conflict'; readonly current: StoreEntry | undefined }
  /** The fence did not hold. Nothing was written. */
  | { readonly ok: false; readonly reason: 'fenced' };

/** One change of one key, in the order of revisions. */
export interface StoreChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** The new entry; of a delete, the last value with the revision of the delete. */
  readonly entry: StoreEntry;
  /** What the key held before; undefined for a key that came into being. */
  readonly previous: StoreEntry | undefined;
}

export interface WatchOptions {
  /** Only keys that start with this. */
  readonly prefix: string;
  /** Changes with a revision greater than this are delivered. */
  readonly after: Revision;
  /**
   * Called with changes in revision order, each exactly once; never with an empty list. An adapter whose writes commit in
   * this process calls it before the write's promise resolves. Must not throw (that ends the watch with
   * `STORE_WATCHER_FAILED`) and must not write to the store synchronously (refused with `STORE_REENTRANT`). Never called
   * before `watch` has returned.
   */
  readonly onChanges: (changes: readonly StoreChange[]) => void;
  /** The watch is over, and nothing follows: `CompactedError` if `after` is too old, another `StoreError` if the connection is lost for good. */
  readonly onError: (error: Error) => void;
  /** Called when everything up to `revision` has been delivered though nothing matched (a bookmark). Optional. */
  readonly onProgress?: (revision: Revision) => void;
}

export interface StoreWatch {
  /** No callback runs after this returns. May be repeated. */
  close(): void;
}

export interface ListOptions {
  /** The revision to read at; the present if absent. `CompactedError` if it is no longer kept, `STORE_FUTURE_REVISION` if it has not happened. */
  readonly revision?: Revision;
  /** At most this many entries; all if absent. */
  readonly limit?: number;
  /** Only keys greater than this one. */
  readonly after?: string;
}

export interface StoreList {
  /** In the order of keys (by UTF-16 code units; keys are ASCII). */
  readonly entries: readonly StoreEntry[];
  /** The revision read at. */
  readonly revision: Revision;
  /** True if `limit` cut the list. */
  readonly more: boolean;
  /** How many entries follow the last one returned, if the store can tell cheaply. */
  readonly remaining?: number;
}

export interface StoreOpenOptions {
  /**
   * Called once for each value the store commits or decodes; what it returns is what readers get. The registry uses it to
   * set `metadata.resourceVersion`. Must be pure and return a frozen object; a delete hands it a value it has stamped before.
   * Never applied to what is persisted.
   */
  readonly stamp?: (value: StoredValue, revision: Revision) => StoredValue;
}

/**
 * MVCC over immutable objects. Asynchronous, because etcd is remote; the memory store commits synchronously inside `write`.
 * `write` resolves when the store keeps its promise: acknowledged means durable in a store with `durable: true`.
 */
export interface Store {
  /** For messages: `memory`, `lmdb`, `etcd`. */
  readonly name: string;
  /** True if acknowledged writes survive the process. */
  readonly durable: boolean;
  /** True if other processes may write to it at the same time. */
  readonly shared: boolean;
  /** Called once before anything else. `StoreError` with code `STORE_LOCKED`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_IO` or `STORE_UNREACHABLE`. */
  open(options?: StoreOpenOptions): Promise<void>;
  /**
   * Applies a group of writes in order. A group is not a transaction: each write has its own compare, result and revision,
   * and a later write of the group sees the earlier ones. Groups sent without waiting follow one another. A shared store
   * keeps this order only among writes of one key and those that name it as their fence; others it makes at the same time. Rejects with `StoreError` only if the outcome is unknown or nothing
   * was written (`retryable` says whether a repeat can help).
   */
  write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]>;
  /** The present entry of a key; a shared store reads with a quorum. */
  get(key: string): Promise<StoreEntry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<StoreList>;
  /** The newest revision; a shared store asks a quorum. Every watch with `onProgress` is told when it has come that far. */
  head(): Promise<Revision>;
  /** Throws `ClosedError` after close. An `after` that lies in the future is waited for. */
  watch(options: WatchOptions): StoreWatch;
  /**
   * Forgets history up to and including `revision`; present values stay, and so do reads at `revision` and watches
   * after it. Older than what is forgotten already: no effect.
   */
  compact(revision: Revision): Promise<void>;
  /** Ends all watches without `onError` and gives everything back. May be repeated. After it every call rejects with `ClosedError`. */
  close(): Promise<void>;
}

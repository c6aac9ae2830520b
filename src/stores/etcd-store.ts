import type { Clock } from '../env/clock.ts';
import { silentLogger, type Logger } from '../env/logger.ts';
import { SystemClock } from '../env/system-clock.ts';
import { ClosedError, ConfigurationError, StoreError } from '../errors.ts';
import { EtcdCompactor } from './etcd-compactor.ts';
import { EtcdConnection, type EtcdTls } from './etcd-connection.ts';
import { isCompacted, storeErrorOf, type GrpcError } from './etcd-errors.ts';
import { EtcdFeed } from './etcd-feed.ts';
import { EtcdLease } from './etcd-lease.ts';
import { decodeRange, encodeCompact, encodeRange, etcdMethods, type RangeAnswer, type RangeQuery } from './etcd-messages.ts';
import { EtcdRecords } from './etcd-records.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { EtcdWriter } from './etcd-writer.ts';
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

export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port`, of as many members as there are; the next is asked when one fails. */
  readonly endpoints: readonly string[];
  /** Every key of the store begins with this and a slash; other programs stay outside. `/coxswain` unless given. */
  readonly prefix?: string;
  readonly tls?: EtcdTls;
  readonly user?: string;
  readonly password?: string;
  /** How long a request may take, failover included, in milliseconds. 5,000 unless given. */
  readonly requestTimeoutMs?: number;
  /** After so much silence a server is asked for a sign of life, in milliseconds. 5,000 unless given; etcd refuses less than 5,000 by default. */
  readonly keepAliveMs?: number;
  /** How long it has for its answer before another is asked. 2,000 unless given. */
  readonly keepAliveTimeoutMs?: number;
  /** How often history is compacted, and how old it gets at least, in milliseconds; 0 leaves it to others. 300,000 unless given, as Kubernetes does. */
  readonly compactionIntervalMs?: number;
  /** How many changes this process keeps for watches that begin in the past; older ones are read from etcd. 8192 unless given. */
  readonly historyLimit?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export type { EtcdLease } from './etcd-lease.ts';
export type { EtcdTls } from './etcd-connection.ts';

/** Entries per request of a list. */
const pageSize = 1_000;

/** What an open store consists of. */
interface Parts {
  readonly connection: EtcdConnection;
  readonly records: EtcdRecords;
  readonly writer: EtcdWriter;
  readonly feed: EtcdFeed;
  readonly compactor: EtcdCompactor | undefined;
}

/**
 * Keeps everything in etcd (3.4 or later), where other processes may write to it too. Reads ask a quorum; without one they
 * fail with `STORE_UNREACHABLE` and never answer from what may be old. The writes of a group to different keys are made at
 * the same time, so that their revisions may be in another order than the group.
 *
 * @example
 * const store = new EtcdStore({ endpoints: ['http://127.0.0.1:2379'] });
 * await store.open();
 */
export class EtcdStore implements Store {
  readonly name = 'etcd';
  readonly durable = true;
  readonly shared = true;
  readonly #options: EtcdStoreOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #requestTimeoutMs: number;
  readonly #leases = new Set<EtcdLease>();
  #parts: Parts | undefined;
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';

  constructor(options: EtcdStoreOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#logger = options.logger ?? silentLogger;
    this.#prefix = options.prefix ?? '/coxswain';
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 5_000;
    if (this.#prefix === '')
      throw new ConfigurationError('prefix: expected a text that every key begins with, such as /coxswain, got an empty one');
  }

  /** @throws StoreError `STORE_UNREACHABLE` without a quorum, `STORE_ACCESS_DENIED`. */
  async open(options: StoreOpenOptions = {}): Promise<void> {
    if (this.#phase === 'closed') throw new ClosedError('the etcd store');
    if (this.#phase !== 'new') throw new StoreError('STORE_OPEN', 'the etcd store has been opened already');
    this.#phase = 'opening';
    let connection: EtcdConnection | undefined;
    try {
      const { keepAliveMs = 5_000, keepAliveTimeoutMs = 2_000, historyLimit = 8192 } = this.#options;
      const requestTimeoutMs = this.#requestTimeoutMs;
      const env = { clock: this.#clock, logger: this.#logger };
      connection = await EtcdConnection.open({ ...this.#options, ...env, requestTimeoutMs, keepAliveMs, keepAliveTimeoutMs });
      const records = new EtcdRecords(this.#prefix, options.stamp);
      // Asked for as a range, to find out now whether the user may read it.
      const { head } = await range(connection, { ...records.range(''), limit: 1, keysOnly: true }, 'open');
      if (this.#isClosed()) throw new ClosedError('the etcd store');
      const intervalMs = this.#options.compactionIntervalMs ?? 300_000;
      const compactor =
        intervalMs === 0 ? undefined : new EtcdCompactor({ ...env, connection, key: records.reservedKey('compaction'), intervalMs });
      this.#parts = {
        connection,
        records,
        writer: new EtcdWriter(connection, records),
        feed: new EtcdFeed({ ...env, connection, records, historyLimit }, head),
        compactor,
      };
      this.#phase = 'open';
    } catch (error) {
      connection?.close();
      if (!this.#isClosed()) this.#phase = 'new';
      throw error;
    }
  }

  async write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    const { writer, feed } = this.#opened();
    if (feed.delivering)
      throw new StoreError('STORE_REENTRANT', 'a watch callback wrote to the store: write after the callback has returned');
    return writer.write(ops);
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    const { connection, records } = this.#opened();
    const [found] = (await range(connection, { key: records.key(key) }, `read of ${key}`)).entries;
    return found && records.entry(found);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<StoreList> {
    const { connection, records } = this.#opened();
    const limit = options.limit ?? Infinity;
    const entries: StoreEntry[] = [];
    let { revision, after } = options;
    for (;;) {
      const query = { ...records.range(prefix, after), limit: Math.min(pageSize, limit - entries.length), revision: revision ?? 0 };
      const page = await this.#compactedAs(range(connection, query, `list of ${prefix}`));
      revision ??= page.head;
      for (const found of page.entries) entries.push(records.entry(found));
      after = entries.at(-1)?.key;
      if (!page.more) return { entries, revision, more: false };
      if (entries.length >= limit) return { entries, revision, more: true, remaining: page.count - page.entries.length };
    }
  }

  async head(): Promise<Revision> {
    const { connection, records, feed } = this.#opened();
    const { head } = await range(connection, headQuery(records), 'head');
    // Who asks may be waiting for a watch to come this far.
    feed.expect(head);
    return head;
  }

  watch(options: WatchOptions): StoreWatch {
    return this.#opened().feed.watch(options);
  }

  /** Compacts all of etcd, not only this store's prefix. */
  async compact(revision: Revision): Promise<void> {
    const { connection, feed } = this.#opened();
    try {
      await connection.call(etcdMethods.compact, encodeCompact(revision), { repeat: true, what: 'compaction' });
    } catch (error) {
      if (!isCompacted(error as GrpcError))
        throw error instanceof StoreError || error instanceof ClosedError
          ? error
          : storeErrorOf(error as GrpcError, `compaction at ${revision}`);
    }
    feed.forget(revision);
  }

  /**
   * A lease: what is put under it is there only as long as this process keeps it alive. For presence, not for leadership:
   * a process that stands still finds out later than the others.
   */
  async lease(options: { readonly ttlMs: number }): Promise<EtcdLease> {
    const { connection, records } = this.#opened();
    const lease = await EtcdLease.grant({ connection, records, clock: this.#clock, logger: this.#logger, ttlMs: options.ttlMs });
    this.#leases.add(lease);
    void lease.lost.then(() => this.#leases.delete(lease));
    return lease;
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    for (const lease of this.#leases) await lease.close();
    const parts = this.#parts;
    if (parts === undefined) return;
    await parts.compactor?.close();
    parts.feed.close();
    await parts.writer.idle();
    parts.connection.close();
  }

  /** Asked behind an await, where the phase may have changed. */
  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #opened(): Parts {
    if (this.#phase === 'closed') throw new ClosedError('the etcd store');
    if (this.#phase !== 'open' || this.#parts === undefined)
      throw new StoreError('STORE_NOT_OPEN', 'the etcd store has not been opened: call open() first');
    return this.#parts;
  }

  /** etcd says that something is compacted, but up to where only to a watch. */
  async #compactedAs<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!isCompacted(error as GrpcError)) throw error;
      throw await this.#compaction();
    }
  }

  /** What a watch from the beginning ends with. One that goes on is with a member that does not know of the compaction yet. */
  #compaction(): Promise<StoreError> {
    const { connection, records } = this.#opened();
    const clock = this.#clock;
    return new Promise((resolve) => {
      const end = (error: StoreError): void => {
        timer.cancel();
        watch.close();
        resolve(error);
      };
      const unknown = (): void =>
        end(new StoreError('STORE_UNREACHABLE', 'etcd: list: nobody says up to where history is compacted', { retryable: true }));
      const timer = clock.schedule(clock.now() + this.#requestTimeoutMs, unknown);
      const watch = new EtcdWatch({
        connection,
        clock,
        logger: this.#logger,
        range: records.wholeRange(),
        after: 0,
        onEvents: unknown,
        onEnd: end,
      });
    });
  }
}

const headQuery = (records: EtcdRecords): RangeQuery => ({ key: records.reservedKey('head'), countOnly: true });

/** Asks a quorum, on another endpoint if need be: a read may be repeated. */
async function range(connection: EtcdConnection, query: RangeQuery, what: string): Promise<RangeAnswer> {
  try {
    return decodeRange(await connection.call(etcdMethods.range, encodeRange(query), { repeat: true, what }));
  } catch (error) {
    if (error instanceof StoreError || error instanceof ClosedError || isCompacted(error as GrpcError)) throw error;
    throw storeErrorOf(error as GrpcError, what);
  }
}

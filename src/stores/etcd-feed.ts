import type { Clock, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { CompactedError } from '../errors.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { encodeTxn, etcdMethods, type WatchAnswer } from './etcd-messages.ts';
import type { EtcdRecords } from './etcd-records.ts';
import { EtcdWatch } from './etcd-watch.ts';
import type { Revision, StoreChange, StoreWatch, WatchOptions } from './store.ts';
import { WatchHub } from './watch-hub.ts';

export interface EtcdFeedParts {
  readonly connection: EtcdConnection;
  readonly records: EtcdRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly historyLimit: number;
}

/** How long the feed has to arrive by itself. */
const pushAfterMs = 100;

/**
 * One watch of the whole prefix that serves all watches of this process, so that a hundred of them cost etcd no more than
 * one, and each knows how far it has come: what has passed the whole has passed its part. The last changes are kept for
 * watches that begin a little earlier; one that begins still earlier gets a watch of its own.
 */
export class EtcdFeed {
  readonly #parts: EtcdFeedParts;
  readonly #hub = new WatchHub();
  readonly #own = new Set<EtcdWatch>();
  /** Watches of the hub that are to be told if the feed loses its place. */
  readonly #listeners = new Set<WatchOptions>();
  #recent: StoreChange[] = [];
  /** Everything after this revision, up to `#reached`, is in `#recent`. */
  #since: Revision;
  #reached: Revision;
  #upstream: EtcdWatch;
  #push: Timer | undefined;
  #expected: Revision = 0;

  constructor(parts: EtcdFeedParts, head: Revision) {
    this.#parts = parts;
    this.#since = head;
    this.#reached = head;
    this.#upstream = this.#follow(head);
  }

  /** True while callbacks run. */
  get delivering(): boolean {
    return this.#hub.delivering;
  }

  watch(options: WatchOptions): StoreWatch {
    if (options.after < this.#since) return this.#watchAlone(options);
    const replay = this.#recent.filter(({ key, entry }) => entry.revision > options.after && key.startsWith(options.prefix));
    this.#listeners.add(options);
    const handle = this.#hub.add(options, this.#reached, replay);
    return {
      close: () => {
        this.#listeners.delete(options);
        handle.close();
      },
    };
  }

  /**
   * Sees to it that everybody is told of the progress to `revision`. Other programs may have made it, under other prefixes:
   * then nothing comes on its own, and a write of a key of the store's own pushes the feed along.
   */
  expect(revision: Revision): void {
    this.#expected = Math.max(this.#expected, revision);
    if (revision <= this.#reached || this.#push !== undefined) return;
    const { clock, connection, records, logger } = this.#parts;
    this.#push = clock.schedule(clock.now() + pushAfterMs, () => {
      this.#push = undefined;
      if (this.#expected <= this.#reached) return;
      const put = { key: records.reservedKey('push'), value: Buffer.from('{}') };
      connection
        .call(etcdMethods.txn, encodeTxn({ compare: [], success: [{ put }], failure: [] }), { repeat: true, what: 'push' })
        .catch((error: unknown) => {
          logger.warn({ error: String(error) }, 'etcd: the watches could not be pushed along');
        });
    });
  }

  /** What etcd was asked to forget is not told from here either. */
  forget(revision: Revision): void {
    this.#recent = this.#recent.filter((change) => change.entry.revision > revision);
    this.#since = Math.max(this.#since, Math.min(revision, this.#reached));
  }

  close(): void {
    this.#push?.cancel();
    this.#upstream.close();
    for (const watch of this.#own) watch.close();
    this.#own.clear();
    this.#listeners.clear();
    this.#hub.close();
  }

  #follow(after: Revision): EtcdWatch {
    return new EtcdWatch({
      ...this.#parts,
      range: this.#parts.records.wholeRange(),
      after,
      onEvents: (events, reached) => this.#take(events, reached),
      onEnd: (error) => this.#lose(error, error instanceof CompactedError ? error.compactRevision : undefined),
    });
  }

  #take(events: WatchAnswer['events'], reached: Revision): void {
    const changes = this.#changes(events, reached);
    if (changes instanceof Error) {
      this.#upstream.close();
      this.#lose(changes, reached);
      return;
    }
    this.#reached = reached;
    this.#recent.push(...changes);
    if (this.#recent.length > 2 * this.#parts.historyLimit) {
      const dropped = this.#recent.splice(0, this.#recent.length - this.#parts.historyLimit);
      this.#since = dropped.at(-1)!.entry.revision;
    }
    this.#hub.deliver(changes, reached);
  }

  /** The changes that the events are, or why one of them cannot be told. */
  #changes(events: WatchAnswer['events'], reached: Revision): StoreChange[] | Error {
    const changes: StoreChange[] = [];
    for (const event of events) {
      if (this.#parts.records.isReserved(event.entry.key)) continue;
      try {
        const change = this.#parts.records.change(event);
        if (change === undefined) return new CompactedError(reached);
        changes.push(change);
      } catch (error) {
        return error as Error;
      }
    }
    return changes;
  }

  /** What happened up to `revision` cannot be told, or, if it is undefined, nothing at all: who watched must list again. */
  #lose(error: Error, revision: Revision | undefined): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#hub.close();
    this.#recent = [];
    // A watch that begins here finds out by itself what is the matter.
    this.#since = revision ?? Infinity;
    this.#reached = this.#since;
    if (revision !== undefined) this.#upstream = this.#follow(revision);
    for (const listener of listeners) listener.onError(error);
  }

  #watchAlone(options: WatchOptions): StoreWatch {
    const hub = new WatchHub();
    const handle = hub.add(options, options.after, []);
    const over = (error: Error): void => {
      close();
      options.onError(error);
    };
    const watch = new EtcdWatch({
      ...this.#parts,
      range: this.#parts.records.wholeRange(),
      after: options.after,
      onEvents: (events, reached) => {
        const changes = this.#changes(events, reached);
        if (changes instanceof Error) over(changes);
        else hub.deliver(changes, reached);
      },
      onEnd: over,
    });
    this.#own.add(watch);
    const close = (): void => {
      handle.close();
      watch.close();
      this.#own.delete(watch);
    };
    return { close };
  }
}

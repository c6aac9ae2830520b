import type { Clock, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { CompactedError, StoreError } from '../errors.ts';
import type { EtcdConnection, EtcdStream } from './etcd-connection.ts';
import type { GrpcError } from './etcd-errors.ts';
import { decodeWatch, encodeWatch, etcdMethods, type KeyRange, type WatchAnswer } from './etcd-messages.ts';
import type { Revision } from './store.ts';

export interface EtcdWatchParts {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly range: KeyRange;
  /** Events after this revision are told. */
  readonly after: Revision;
  /** Everything up to `reached` has been told with these events; there may be none. */
  readonly onEvents: (events: WatchAnswer['events'], reached: Revision) => void;
  /** The watch is over: its past is compacted, or the user may not read the range. */
  readonly onEnd: (error: CompactedError | StoreError) => void;
}

const firstPauseMs = 100;
const maxPauseMs = 2_000;

/** A watch of a range that survives its connection: it goes on, after what it has told last, on whichever server answers. */
export class EtcdWatch {
  readonly #parts: EtcdWatchParts;
  readonly #forgetTurns: () => void;
  #reached: Revision;
  #stream: EtcdStream | undefined;
  #retry: Timer | undefined;
  #pauseMs = firstPauseMs;
  #closed = false;
  /** Grows with each stream; what an older one still says is not heard. */
  #generation = 0;

  constructor(parts: EtcdWatchParts) {
    this.#parts = parts;
    this.#reached = parts.after;
    this.#forgetTurns = parts.connection.onTurn(() => this.#restart(this.#pauseMs));
    void this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#generation++;
    this.#forgetTurns();
    this.#retry?.cancel();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  async #start(): Promise<void> {
    const generation = ++this.#generation;
    const isOld = (): boolean => generation !== this.#generation;
    try {
      const { stream, client } = await this.#parts.connection.stream(etcdMethods.watch);
      stream.on('error', (error: GrpcError) => {
        if (isOld()) return;
        this.#parts.logger.warn({ error: error.message, after: this.#reached }, 'etcd: a watch lost its server and goes on elsewhere');
        this.#parts.connection.turn(client);
        if (!isOld()) this.#restart(this.#pauseMs);
      });
      stream.on('end', () => {
        if (!isOld()) this.#restart(this.#pauseMs);
      });
      stream.on('data', (bytes: Buffer) => {
        if (!isOld()) this.#take(decodeWatch(bytes));
      });
      if (isOld()) {
        stream.cancel();
        return;
      }
      this.#stream = stream;
      stream.write(encodeWatch(this.#parts.range, this.#reached + 1));
    } catch (error) {
      if (isOld()) return;
      this.#parts.logger.warn({ error: String(error) }, 'etcd: a watch finds no server');
      this.#restart(this.#pauseMs);
    }
  }

  #restart(afterMs: number): void {
    if (this.#closed) return;
    this.#generation++;
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#retry?.cancel();
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs);
    this.#retry = this.#parts.clock.schedule(this.#parts.clock.now() + afterMs, () => void this.#start());
  }

  #take(answer: WatchAnswer): void {
    if (answer.canceled) {
      const error = endOf(answer);
      if (error === undefined) {
        this.#parts.logger.warn({ reason: answer.cancelReason }, 'etcd: a watch was cancelled');
        this.#restart(this.#pauseMs);
        return;
      }
      this.close();
      this.#parts.onEnd(error);
      return;
    }
    this.#pauseMs = firstPauseMs;
    if (answer.created) return;
    // Of events, etcd says only for the last one that all before it have been sent; a report without events is about its head.
    const reached = answer.events.at(-1)?.entry.modRevision ?? answer.head;
    const { onEvents } = this.#parts;
    const fresh = answer.events.filter((event) => event.entry.modRevision > this.#reached);
    if (reached <= this.#reached) return;
    this.#reached = reached;
    onEvents(fresh, reached);
  }
}

/** Why a watch that etcd cancelled cannot go on; undefined if it can. */
function endOf({ compactRevision, cancelReason }: WatchAnswer): StoreError | undefined {
  if (compactRevision > 0) return new CompactedError(compactRevision);
  if (!/permission ?denied/i.test(cancelReason)) return undefined;
  return new StoreError('STORE_ACCESS_DENIED', `etcd: watch: user or permission refused: ${cancelReason}`);
}

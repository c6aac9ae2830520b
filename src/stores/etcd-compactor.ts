import type { Clock, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { decodeTxn, encodeCompact, encodeTxn, etcdMethods } from './etcd-messages.ts';
import type { Revision } from './store.ts';

export interface EtcdCompactorParts {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the processes that share the store agree on who compacts. */
  readonly key: string;
  readonly intervalMs: number;
}

/**
 * Compacts etcd every interval up to where it was one interval ago, so that history is kept at least that long. Of several
 * processes one does it each time: the one whose write of the common key succeeds.
 */
export class EtcdCompactor {
  readonly #parts: EtcdCompactorParts;
  /** The revision of the common key, and etcd's head, as last seen. */
  #seen: Revision = 0;
  #head: Revision = 0;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: EtcdCompactorParts) {
    this.#parts = parts;
    this.#running = this.#pass();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #pass(): Promise<void> {
    const { clock, intervalMs, logger } = this.#parts;
    try {
      await this.#compact();
    } catch (error) {
      logger.warn({ error: String(error) }, 'etcd: the compaction failed; it will be tried again');
    }
    if (this.#closed) return;
    this.#timer = clock.schedule(clock.now() + intervalMs, () => {
      this.#running = this.#pass();
    });
  }

  async #compact(): Promise<void> {
    const { connection, key } = this.#parts;
    const txn = encodeTxn({
      compare: [{ key, revision: this.#seen }],
      success: [{ put: { key, value: Buffer.from('{}') } }],
      failure: [{ range: { key } }],
    });
    const answer = decodeTxn(await connection.call(etcdMethods.txn, txn, { repeat: false, what: 'compaction' }));
    const target = this.#head;
    this.#head = answer.head;
    this.#seen = answer.succeeded ? answer.head : (answer.found[0]?.[0]?.modRevision ?? 0);
    if (answer.succeeded && target > 0)
      await connection.call(etcdMethods.compact, encodeCompact(target), { repeat: true, what: 'compaction' });
  }
}

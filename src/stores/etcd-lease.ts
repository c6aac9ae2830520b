import type { Clock, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { ConfigurationError, StoreError } from '../errors.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { storeErrorOf, type GrpcError } from './etcd-errors.ts';
import { decodeLease, decodeTxn, encodeLease, encodeLeaseGrant, encodeTxn, etcdMethods } from './etcd-messages.ts';
import type { EtcdRecords } from './etcd-records.ts';
import type { Revision } from './store.ts';

export interface EtcdLeaseParts {
  readonly connection: EtcdConnection;
  readonly records: EtcdRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long it lives without a renewal; etcd counts in whole seconds. */
  readonly ttlMs: number;
}

/** A lease that this process renews until it is closed or lost. */
export class EtcdLease {
  /** Resolves when the lease is no longer certain: closed, expired, or not renewed in time. Its keys may be gone. */
  readonly lost: Promise<void>;
  readonly #parts: EtcdLeaseParts;
  readonly #id: bigint;
  /** Until when it is certain to live. */
  #until: number;
  #timer: Timer | undefined;
  #lose: () => void = () => undefined;
  #over = false;

  private constructor(parts: EtcdLeaseParts, id: bigint, until: number) {
    this.#parts = parts;
    this.#id = id;
    this.#until = until;
    this.lost = new Promise((resolve) => (this.#lose = resolve));
    this.#next();
  }

  /** @internal */
  static async grant(parts: EtcdLeaseParts): Promise<EtcdLease> {
    const { connection, clock, ttlMs } = parts;
    if (!(ttlMs >= 1_000)) throw new ConfigurationError(`ttlMs: expected at least 1000, got ${ttlMs}`);
    const asked = clock.now();
    const request = encodeLeaseGrant(Math.ceil(ttlMs / 1_000));
    const { id } = await understand(connection.call(etcdMethods.leaseGrant, request, { repeat: true, what: 'lease' }).then(decodeGrant));
    return new EtcdLease(parts, id, asked + ttlMs);
  }

  /** Creates a key that lives as long as the lease; false if it exists already. */
  async hold(key: string, value: object): Promise<false | Revision> {
    if (this.#over) throw new StoreError('STORE_LEASE_LOST', `the lease that was to hold ${key} is over`);
    const name = this.#parts.records.key(key);
    const put = { key: name, value: Buffer.from(JSON.stringify(value)), lease: this.#id };
    const txn = encodeTxn({ compare: [{ key: name, revision: 0 }], success: [{ put }], failure: [] });
    const answer = await understand(
      this.#parts.connection.call(etcdMethods.txn, txn, { repeat: false, what: `lease of ${key}` }).then(decodeTxn),
    );
    return answer.succeeded && answer.head;
  }

  /** Gives the lease back; its keys are gone at once. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#end();
    const revoke = this.#parts.connection.call(etcdMethods.leaseRevoke, encodeLease(this.#id), { repeat: true, what: 'lease' });
    // It ends by itself if nobody can be told.
    await revoke.catch(() => undefined);
  }

  #end(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#lose();
  }

  #next(): void {
    const { clock, ttlMs } = this.#parts;
    const at = Math.min(clock.now() + ttlMs / 3, this.#until);
    this.#timer = clock.schedule(at, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, ttlMs, logger } = this.#parts;
    const asked = clock.now();
    if (asked >= this.#until) {
      this.#end();
      return;
    }
    // What is not answered in time is as good as lost.
    const deadline = clock.schedule(this.#until, () => {
      if (!this.#over) this.#end();
    });
    try {
      const { ttlSeconds } = await this.#keepAlive();
      if (ttlSeconds > 0) this.#until = asked + ttlMs;
      else this.#end();
    } catch (error) {
      logger.warn({ error: String(error) }, 'etcd: a lease was not renewed');
    }
    deadline.cancel();
    if (!this.#over) this.#next();
  }

  /** One renewal on a stream of its own: renewals are few, and a fresh stream finds a server that works. */
  async #keepAlive(): Promise<{ readonly ttlSeconds: number }> {
    const { stream, client } = await this.#parts.connection.stream(etcdMethods.leaseKeepAlive);
    try {
      return await new Promise((resolve, reject) => {
        stream.once('data', (bytes: Buffer) => resolve(decodeLease(bytes)));
        stream.on('error', (error) => {
          this.#parts.connection.turn(client);
          reject(error);
        });
        stream.once('end', () => reject(new Error('the server ended the renewal')));
        stream.write(encodeLease(this.#id));
      });
    } finally {
      stream.cancel();
    }
  }
}

const decodeGrant = decodeLease;

async function understand<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof Error && 'details' in error ? storeErrorOf(error as GrpcError, 'lease') : error;
  }
}

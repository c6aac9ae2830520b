import { ConfigurationError } from '../errors.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { storeErrorOf, type GrpcError } from './etcd-errors.ts';
import { decodeTxn, encodeTxn, etcdMethods, type KeyValue, type Txn } from './etcd-messages.ts';
import type { EtcdRecords } from './etcd-records.ts';
import type { Revision, StoreEntry, WriteOp, WriteResult } from './store.ts';

/** What is under way for one key. */
interface KeyTraffic {
  /** The last write of the key. */
  writer: Promise<unknown>;
  /** Writes since then that name the key as their fence. */
  readers: Promise<unknown>[];
}

/** How many transactions are under way at once. */
const maxInFlight = 256;
/** A revision that no key is ever at. */
const never = -1;

/**
 * Sends each write as a transaction of its own, many at a time. Those of one key keep their order, and so do a write and
 * those that name its key as their fence.
 */
export class EtcdWriter {
  readonly #connection: EtcdConnection;
  readonly #records: EtcdRecords;
  readonly #traffic = new Map<string, KeyTraffic>();
  readonly #queue: (() => void)[] = [];
  #inFlight = 0;

  constructor(connection: EtcdConnection, records: EtcdRecords) {
    this.#connection = connection;
    this.#records = records;
  }

  /** Rejects if the outcome of any is unknown, once nothing of the group is under way any more. */
  async write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    const outcomes = await Promise.allSettled(ops.map((op) => this.#inOrder(op)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#traffic.size > 0) await Promise.all([...this.#traffic.values()].flatMap(({ writer, readers }) => [writer, ...readers]));
  }

  async #inOrder(op: WriteOp): Promise<WriteResult> {
    const before: Promise<unknown>[] = [];
    const own = this.#traffic.get(op.key);
    if (own !== undefined) before.push(own.writer, ...own.readers);
    const fence = op.fence === undefined ? undefined : this.#traffic.get(op.fence.key);
    if (fence !== undefined) before.push(fence.writer);
    const done = before.length === 0 ? this.#send(op) : Promise.all(before).then(() => this.#send(op));
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    const traffic: KeyTraffic = { writer: settled, readers: [] };
    this.#traffic.set(op.key, traffic);
    if (op.fence !== undefined && op.fence.key !== op.key) this.#readFence(op.fence.key, settled);
    void settled.then(() => {
      if (this.#traffic.get(op.key) === traffic && traffic.readers.length === 0) this.#traffic.delete(op.key);
    });
    return done;
  }

  #readFence(key: string, settled: Promise<unknown>): void {
    let traffic = this.#traffic.get(key);
    if (traffic === undefined) {
      traffic = { writer: Promise.resolve(), readers: [] };
      this.#traffic.set(key, traffic);
    }
    const { readers } = traffic;
    readers.push(settled);
    void settled.then(() => {
      void readers.splice(readers.indexOf(settled), 1);
      if (readers.length === 0 && this.#traffic.get(key) === traffic) this.#traffic.delete(key);
    });
  }

  async #send(op: WriteOp): Promise<WriteResult> {
    if (this.#inFlight >= maxInFlight) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#inFlight++;
    try {
      return await this.#transact(op);
    } catch (error) {
      if (error instanceof Error && 'details' in error) throw storeErrorOf(error as GrpcError, `write of ${op.key}`);
      throw error;
    } finally {
      this.#inFlight--;
      this.#queue.shift()?.();
    }
  }

  async #transact(op: WriteOp): Promise<WriteResult> {
    if (op.key === '' || op.key.startsWith('\u0000'))
      throw new ConfigurationError(`expected a key that begins with a printable character, got ${JSON.stringify(op.key)}`);
    const answer = decodeTxn(
      await this.#connection.call(etcdMethods.txn, encodeTxn(this.#txnFor(op)), { repeat: false, what: `write of ${op.key}` }),
    );
    const [own = [], fence = []] = answer.found;
    if (answer.succeeded) return { ok: true, entry: this.#written(op, answer.head, own[0]) };
    if (op.fence !== undefined && (fence[0]?.modRevision ?? 0) !== op.fence.revision) return { ok: false, reason: 'fenced' };
    return { ok: false, reason: 'conflict', current: own[0] && this.#records.entry(own[0]) };
  }

  #txnFor({ key, value, expected, fence }: WriteOp): Txn {
    const name = this.#records.key(key);
    const nothingToDelete = value === null && expected === 0;
    const compare = [{ key: name, revision: nothingToDelete ? never : expected }];
    const failure = [{ range: { key: name } }];
    if (fence !== undefined) {
      compare.push({ key: this.#records.key(fence.key), revision: fence.revision });
      failure.push({ range: { key: this.#records.key(fence.key) } });
    }
    if (value === null) return { compare, success: [{ remove: name }], failure };
    const put = { put: { key: name, value: Buffer.from(JSON.stringify(value)) } };
    // Only etcd knows when a key that is changed came into being.
    return { compare, success: expected === 0 ? [put] : [{ range: { key: name, keysOnly: true } }, put], failure };
  }

  /** `before` is what a removal removed, or what a put found. */
  #written({ key, value }: WriteOp, revision: Revision, before: KeyValue | undefined): StoreEntry {
    if (value === null && before !== undefined) return this.#records.entry(before, revision);
    return { key, value: this.#records.stamped(value ?? {}, revision), revision, createRevision: before?.createRevision ?? revision };
  }
}

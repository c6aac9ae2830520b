import { ProtobufFields } from './protobuf-fields.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { Revision } from './store.ts';

/** The part of etcd's v3 API that is used: https://etcd.io/docs/v3.4/dev-guide/api_reference_v3/ */
export const etcdMethods = {
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
  compact: '/etcdserverpb.KV/Compact',
  watch: '/etcdserverpb.Watch/Watch',
  leaseGrant: '/etcdserverpb.Lease/LeaseGrant',
  leaseRevoke: '/etcdserverpb.Lease/LeaseRevoke',
  leaseKeepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  authenticate: '/etcdserverpb.Auth/Authenticate',
  status: '/etcdserverpb.Maintenance/Status',
} as const;

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

export interface KeyRange {
  readonly key: string;
  /** Keys from `key` up to, not including, this one; only `key` if absent. */
  readonly end?: string;
}

export interface RangeQuery extends KeyRange {
  readonly limit?: number;
  readonly revision?: Revision;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeAnswer {
  readonly entries: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
  /** The newest revision of the store, whatever was asked for. */
  readonly head: Revision;
}

export type TxnOp =
  | { readonly range: RangeQuery }
  | { readonly put: { readonly key: string; readonly value: Buffer; readonly lease?: bigint } }
  | { readonly remove: string };

/** If every key is at its revision (0: does not exist), `success` is done, else `failure`. */
export interface Txn {
  readonly compare: readonly { readonly key: string; readonly revision: Revision }[];
  readonly success: readonly TxnOp[];
  readonly failure: readonly TxnOp[];
}

export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly head: Revision;
  /** Per operation what it found: of a range its entries, of a removal what was removed. */
  readonly found: readonly (readonly KeyValue[])[];
}

export interface WatchAnswer {
  readonly created: boolean;
  readonly canceled: boolean;
  readonly cancelReason: string;
  /** Not 0 if the watch was refused because what it asked for is compacted up to here. */
  readonly compactRevision: Revision;
  readonly head: Revision;
  readonly events: readonly { readonly deleted: boolean; readonly entry: KeyValue; readonly previous: KeyValue | undefined }[];
}

const compareEqual = 0;
const compareModRevision = 2;
const eventDelete = 1;

/** The smallest key behind all that start with `prefix`: keys are ASCII. */
export function endOfPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function rangeRequest({ key, end, limit, revision, keysOnly, countOnly }: RangeQuery): ProtobufWriter {
  return new ProtobufWriter()
    .text(1, key)
    .text(2, end ?? '')
    .int(3, limit ?? 0)
    .int(4, revision ?? 0)
    .bool(8, keysOnly ?? false)
    .bool(9, countOnly ?? false);
}

export const encodeRange = (query: RangeQuery): Buffer => rangeRequest(query).finish();

function requestOp(op: TxnOp): ProtobufWriter {
  const writer = new ProtobufWriter();
  if ('range' in op) return writer.message(1, rangeRequest(op.range));
  if ('put' in op)
    return writer.message(
      2,
      new ProtobufWriter()
        .text(1, op.put.key)
        .bytes(2, op.put.value)
        .int(3, op.put.lease ?? 0n),
    );
  return writer.message(3, new ProtobufWriter().text(1, op.remove).bool(3, true));
}

export function encodeTxn({ compare, success, failure }: Txn): Buffer {
  const writer = new ProtobufWriter();
  for (const { key, revision } of compare) {
    writer.message(1, new ProtobufWriter().int(1, compareEqual).int(2, compareModRevision).text(3, key).int(6, revision));
  }
  for (const op of success) writer.message(2, requestOp(op));
  for (const op of failure) writer.message(3, requestOp(op));
  return writer.finish();
}

export const encodeCompact = (revision: Revision): Buffer => new ProtobufWriter().int(1, revision).finish();

export function encodeWatch(range: KeyRange, startRevision: Revision): Buffer {
  const create = new ProtobufWriter().text(1, range.key).text(2, range.end ?? '');
  create.int(3, startRevision).bool(4, true).bool(6, true);
  return new ProtobufWriter().message(1, create).finish();
}

export const encodeLeaseGrant = (ttlSeconds: number): Buffer => new ProtobufWriter().int(1, ttlSeconds).finish();
export const encodeLease = (id: bigint): Buffer => new ProtobufWriter().int(1, id).finish();
export const encodeAuthenticate = (user: string, password: string): Buffer => new ProtobufWriter().text(1, user).text(2, password).finish();

function keyValue(fields: ProtobufFields): KeyValue {
  return { key: fields.text(1), value: fields.bytes(5), createRevision: fields.int(2), modRevision: fields.int(3) };
}

const headOf = (fields: ProtobufFields): Revision => fields.message(1)?.int(3) ?? 0;

export function decodeRange(bytes: Buffer): RangeAnswer {
  const fields = new ProtobufFields(bytes);
  return { entries: fields.messages(2).map(keyValue), more: fields.bool(3), count: fields.int(4), head: headOf(fields) };
}

export function decodeTxn(bytes: Buffer): TxnAnswer {
  const fields = new ProtobufFields(bytes);
  const found = fields.messages(3).map((op) => (op.message(1)?.messages(2) ?? op.message(3)?.messages(3) ?? []).map(keyValue));
  return { succeeded: fields.bool(2), head: headOf(fields), found };
}

export function decodeWatch(bytes: Buffer): WatchAnswer {
  const fields = new ProtobufFields(bytes);
  const events = fields.messages(11).map((event) => {
    const previous = event.message(3);
    const entry = event.message(2);
    if (entry === undefined) throw new RangeError('a watch event without its key');
    return { deleted: event.int(1) === eventDelete, entry: keyValue(entry), previous: previous && keyValue(previous) };
  });
  return {
    created: fields.bool(3),
    canceled: fields.bool(4),
    cancelReason: fields.text(6),
    compactRevision: fields.int(5),
    head: headOf(fields),
    events,
  };
}

/** The id and the time to live, in seconds; 0 seconds: the lease is gone. */
export function decodeLease(bytes: Buffer): { readonly id: bigint; readonly ttlSeconds: number } {
  const fields = new ProtobufFields(bytes);
  return { id: fields.bigint(2), ttlSeconds: fields.int(3) };
}

export const decodeToken = (bytes: Buffer): string => new ProtobufFields(bytes).text(2);

import { parseFrozen } from './frozen-json.ts';
import type { Revision, StoreChange, StoreEntry, StoreOpenOptions } from './store.ts';

type Stamp = StoreOpenOptions['stamp'];

/** The format this version writes and reads. A change that an older version cannot read gets the next number. */
export const lmdbFormat = 1;

/** What the file says of itself and of its history. */
export interface LmdbHeader {
  readonly product: string;
  readonly format: number;
  readonly head: Revision;
  /** The history up to and including this revision is gone. */
  readonly compacted: Revision;
}

/** A change as it is on disk: what the key held before. What it holds after follows from the later changes and the entries. */
export interface LmdbChange {
  readonly type: StoreChange['type'];
  readonly key: string;
  readonly previous: StoreEntry | undefined;
}

const entryHeaderBytes = 16;
const nothing = 0;
const something = 1;

/** An entry: its two revisions, then the JSON text of its value. */
export function encodeEntry(revision: Revision, createRevision: Revision, value: object): Buffer {
  const text = JSON.stringify(value);
  const bytes = Buffer.allocUnsafe(entryHeaderBytes + Buffer.byteLength(text));
  bytes.writeDoubleBE(revision, 0);
  bytes.writeDoubleBE(createRevision, 8);
  bytes.write(text, entryHeaderBytes);
  return bytes;
}

/** An entry as it is on disk, read out of its bytes. */
export interface LmdbEntry {
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly text: string;
}

/** The reverse of `encodeEntry`. Keeps nothing of `bytes`, which may be overwritten afterwards. */
export function readEntry(bytes: Buffer): LmdbEntry {
  const text = bytes.toString('utf8', entryHeaderBytes, bytes.length);
  return { revision: bytes.readDoubleBE(0), createRevision: bytes.readDoubleBE(8), text };
}

/** The entry with its value; `at` is the revision to stamp it with, its own unless given. */
export function decodeEntry(key: string, { text, createRevision, ...own }: LmdbEntry, stamp: Stamp, at?: Revision): StoreEntry {
  const revision = at ?? own.revision;
  const value = parseFrozen(text);
  return { key, value: stamp === undefined ? value : stamp(value, revision), revision, createRevision };
}

/** A change: its type, whether there was something before, the key, and the bytes of the entry before. */
export function encodeChange(type: StoreChange['type'], key: string, previous: Buffer | undefined): Buffer {
  const keyBytes = Buffer.from(key);
  const head = Buffer.allocUnsafe(4);
  head.writeUInt8(type === 'put' ? 0 : 1, 0);
  head.writeUInt8(previous === undefined ? nothing : something, 1);
  head.writeUInt16BE(keyBytes.length, 2);
  return Buffer.concat(previous === undefined ? [head, keyBytes] : [head, keyBytes, previous]);
}

export function decodeChange(bytes: Buffer, stamp: Stamp): LmdbChange & { readonly raw: Buffer | undefined } {
  const end = 4 + bytes.readUInt16BE(2);
  const key = bytes.toString('utf8', 4, end);
  const raw = bytes.readUInt8(1) === something ? bytes.subarray(end) : undefined;
  return { type: bytes.readUInt8(0) === 0 ? 'put' : 'delete', key, raw, previous: raw && decodeEntry(key, readEntry(raw), stamp) };
}

import { open, type FileHandle } from 'node:fs/promises';
import { StoreError } from '../errors.ts';

/** Where things are in a page of LMDB's version-2 files (64-bit, little-endian): `MDB_page`, `MDB_meta`, `MDB_db`, `MDB_node`. */
const layout = {
  pageHeader: 24,
  flags: 18,
  lower: 20,
  overflowPages: 20,
  metaMagic: 24,
  metaVersion: 28,
  metaPageSize: 48,
  metaFreeRoot: 48 + 40,
  metaMainRoot: 96 + 40,
  metaLastPage: 144,
  metaTransaction: 152,
  metaBytes: 160,
} as const;
const magic = 0xbeefc0de;
const fileVersion = 2;
const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04, dupLeaf: 0x20 } as const;
const nodeFlags = { big: 0x01, subtree: 0x02 } as const;
const noPage = 0xffff_ffff_ffff_ffffn;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  readonly roots: readonly bigint[];
}

/**
 * Looks at an LMDB file without LMDB, which would map it into memory and crash on a page that is not there. A file that ends
 * before one of its pages throws `STORE_CORRUPT`, one that is not LMDB's `STORE_FOREIGN`. Nothing is changed.
 */
export async function checkLmdbFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    const meta = await newestMeta(file, path, size);
    // Pages at the end that were freed before they were ever written are missing without harm: look at those in use.
    if (size < (meta.lastPage + 1) * meta.pageSize) await new PageWalk(file, path, size, meta.pageSize).check(meta.roots);
  } finally {
    await file.close();
  }
}

const foreign = (path: string, found: string): StoreError =>
  new StoreError(
    'STORE_FOREIGN',
    `${path}: expected a file of an LMDB store, found ${found}. It was not touched: give the store another directory`,
  );

const truncated = (path: string, size: number, needed: number): StoreError =>
  new StoreError(
    'STORE_CORRUPT',
    `${path}: the file is cut off: expected at least ${needed} bytes, found ${size}. It was not touched: restore a backup`,
  );

async function newestMeta(file: FileHandle, path: string, size: number): Promise<Meta> {
  const first = await readMeta(file, path, 0);
  if (typeof first === 'string') throw size < layout.metaBytes ? truncated(path, size, layout.metaBytes) : foreign(path, first);
  const { pageSize } = first;
  if (size < 2 * pageSize) throw truncated(path, size, 2 * pageSize);
  const second = await readMeta(file, path, pageSize);
  if (typeof second === 'string')
    throw new StoreError('STORE_CORRUPT', `${path}: its second page is damaged: ${second}. It was not touched`);
  return second.transaction > first.transaction ? second : first;
}

/** A meta page, or what is there instead. */
async function readMeta(file: FileHandle, path: string, position: number): Promise<Meta | string> {
  const bytes = Buffer.alloc(layout.metaBytes);
  const { bytesRead } = await file.read(bytes, 0, layout.metaBytes, position);
  if (bytesRead < layout.metaBytes) return `only ${bytesRead} bytes`;
  if (bytes.readUInt32LE(layout.metaMagic) !== magic) return 'something else';
  const version = bytes.readUInt32LE(layout.metaVersion) & 0xffff;
  if (version > fileVersion) {
    throw new StoreError(
      'STORE_NEWER',
      `${path}: expected LMDB's file version ${fileVersion}, found ${version}: a newer version wrote it. It was not touched`,
    );
  }
  const pageSize = bytes.readUInt32LE(layout.metaPageSize);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return `a page size of ${pageSize}`;
  return {
    pageSize,
    lastPage: Number(bytes.readBigUInt64LE(layout.metaLastPage)),
    transaction: bytes.readBigUInt64LE(layout.metaTransaction),
    roots: [bytes.readBigUInt64LE(layout.metaFreeRoot), bytes.readBigUInt64LE(layout.metaMainRoot)],
  };
}

/** Follows every reference from the roots and sees whether the page it leads to lies inside the file. */
class PageWalk {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #size: number;
  readonly #pageSize: number;

  constructor(file: FileHandle, path: string, size: number, pageSize: number) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.#pageSize = pageSize;
  }

  async check(roots: readonly bigint[]): Promise<void> {
    const waiting = roots.filter((root) => root !== noPage);
    for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) waiting.push(...(await this.#references(page)));
  }

  async #references(page: bigint): Promise<readonly bigint[]> {
    const bytes = await this.#read(page);
    const flags = bytes.readUInt16LE(layout.flags);
    if ((flags & pageFlags.overflow) !== 0) {
      await this.#read(page + BigInt(bytes.readUInt32LE(layout.overflowPages)) - 1n);
      return [];
    }
    if ((flags & pageFlags.dupLeaf) !== 0 || (flags & (pageFlags.branch | pageFlags.leaf)) === 0) return [];
    const references: bigint[] = [];
    const count = bytes.readUInt16LE(layout.lower) >> 1;
    for (let n = 0; n < count; n++) {
      const node = layout.pageHeader + bytes.readUInt16LE(layout.pageHeader + 2 * n);
      const low = BigInt(bytes.readUInt32LE(node));
      const nodeFlag = bytes.readUInt16LE(node + 4);
      const data = node + 8 + bytes.readUInt16LE(node + 6);
      if ((flags & pageFlags.branch) !== 0) references.push(low | (BigInt(nodeFlag) << 32n));
      else if ((nodeFlag & nodeFlags.subtree) !== 0) references.push(bytes.readBigUInt64LE(data + 40));
      else if ((nodeFlag & nodeFlags.big) !== 0) references.push(bytes.readBigUInt64LE(data));
    }
    return references.filter((reference) => reference !== noPage);
  }

  async #read(page: bigint): Promise<Buffer> {
    const position = Number(page) * this.#pageSize;
    if (position + this.#pageSize > this.#size) throw truncated(this.#path, this.#size, position + this.#pageSize);
    const bytes = Buffer.alloc(this.#pageSize);
    await this.#file.read(bytes, 0, this.#pageSize, position);
    return bytes;
  }
}

import { access, constants, open, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database, RootDatabase, RootDatabaseOptions } from 'lmdb';
import { turn } from '../env/system-turn.ts';
import { ConfigurationError, StoreError } from '../errors.ts';
import { checkLmdbFile } from './lmdb-file-check.ts';
import { lmdbFormat, readEntry, type LmdbEntry, type LmdbHeader } from './lmdb-records.ts';
import type { Revision } from './store.ts';

const headerKey = 'coxswain';

/** A file on a disk with less room than this is called full when a write fails. */
const fullBytes = 1024 * 1024;

/** LMDB's longest key, in bytes. */
export const maxKeyBytes = 1978;

/** What one durable transaction writes. */
export interface LmdbBatchContents {
  /** null deletes the key. */
  readonly entries: ReadonlyMap<string, Buffer | null>;
  readonly changes: readonly (readonly [Revision, Buffer])[];
  /** Changes after the first revision, up to and including the second, are removed. */
  readonly forget: readonly [Revision, Revision];
  readonly head: Revision;
}

/** The file of an `LmdbStore`: the only one that knows lmdb. */
export class LmdbDatabase {
  readonly path: string;
  readonly #root: RootDatabase<Buffer, string>;
  readonly #entries: Database<Buffer | LmdbEntry, string>;
  readonly #history: Database<Buffer, number>;

  private constructor(path: string, root: RootDatabase<Buffer, string>) {
    this.path = path;
    this.#root = root;
    // Read where lmdb has them: a copy of each would be a good part of the time that opening takes.
    const encoder = { encode: (bytes: Buffer) => bytes, decode: readEntry };
    const options: RootDatabaseOptions & { readonly name: string } = { name: 'entries', encoding: 'binary', encoder };
    this.#entries = root.openDB(options);
    this.#history = root.openDB({ name: 'history', encoding: 'binary' });
  }

  /** Opens the file in `directory`, or makes it. What is not a store of this format is refused before anything is written. */
  static async open(directory: string, options: { readonly readOnly?: boolean } = {}): Promise<LmdbDatabase> {
    const { open: openLmdb } = await import('lmdb').catch((cause: unknown) => {
      throw new ConfigurationError("the LMDB store needs the package 'lmdb': npm install lmdb", { cause });
    });
    const path = join(directory, 'coxswain.mdb');
    const size = await sizeOf(path);
    if (size > 0) await checkLmdbFile(path);
    else if (options.readOnly === true)
      throw new StoreError('STORE_FOREIGN', `${directory}: expected a store, found no coxswain.mdb in it`);
    // LMDB maps its lock file into memory, even to read: made on a full disk, it ends the process with SIGBUS instead of an error.
    if ((size === 0 || (await sizeOf(`${path}-lock`)) === 0) && (await isFull(path))) {
      const message = `${path}: it cannot be opened for the first time: expected 1 MiB of room on the disk; make room and try again`;
      throw new StoreError('STORE_FULL', message, { retryable: true });
    }
    const root = openLmdb<Buffer, string>({
      path,
      noSubdir: true,
      encoding: 'binary',
      maxDbs: 4,
      overlappingSync: false,
      // Batches are made here; the other kind leaves a promise behind that nobody can catch.
      eventTurnBatching: false,
      readOnly: options.readOnly === true,
    });
    try {
      const isNew = root.getKeysCount({ limit: 1 }) === 0;
      if (isNew) await begin(root, directory);
      checkHeader(path, root.get(headerKey));
      const database = new LmdbDatabase(path, root);
      return database;
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  get header(): LmdbHeader {
    return checkHeader(this.path, this.#root.get(headerKey));
  }

  /** The bytes of an entry as of the last transaction. */
  entry(key: string): Buffer | undefined {
    return this.#entries.getBinary(key);
  }

  entries(): Iterable<{ readonly key: string; readonly value: LmdbEntry }> {
    return this.#entries.getRange({ snapshot: false }) as Iterable<{ readonly key: string; readonly value: LmdbEntry }>;
  }

  /** The bytes of the changes after `revision`, oldest first. */
  changes(revision: Revision): Iterable<{ readonly key: Revision; readonly value: Buffer }> {
    return this.#history.getRange({ start: revision + 1, snapshot: false });
  }

  /** Resolves when the batch is on the disk; rejects with `StoreError` if it is not, and nothing of it was written. */
  async write(batch: LmdbBatchContents): Promise<void> {
    await this.#commit(() => {
      for (const [key, bytes] of batch.entries) {
        if (bytes === null) void this.#entries.remove(key);
        else void this.#entries.put(key, bytes);
      }
      for (const [revision, bytes] of batch.changes) void this.#history.put(revision, bytes);
      const [from, to] = batch.forget;
      for (let revision = from + 1; revision <= to; revision++) void this.#history.remove(revision);
      void this.#root.put(headerKey, encodeHeader(batch.head, to));
    });
  }

  /** Writes a consistent copy as of now to a file that does not exist yet. */
  async copyTo(path: string): Promise<void> {
    await this.#root.backup(path, true);
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(dirname(path));
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** One transaction, synced before this resolves: `overlappingSync` is off. */
  async #commit(action: () => void): Promise<void> {
    try {
      await this.#root.batch(action);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  async #explain(error: unknown): Promise<StoreError> {
    const { commitError } = error as { commitError?: Promise<never> };
    const cause =
      commitError === undefined ? error : await Promise.race([commitError.catch((reason: unknown) => reason), turn().then(() => error)]);
    return diskErrorOf(this.path, cause, 'the write failed');
  }
}

/** What to tell of an error of the disk that `path` is on: `STORE_FULL` if there is no room, else `STORE_IO`. */
export async function diskErrorOf(path: string, cause: unknown, what: string): Promise<StoreError> {
  if (await isFull(path)) {
    const message = `${path}: ${what}: the disk is full: nothing was written; make room and try again`;
    return new StoreError('STORE_FULL', message, { cause, retryable: true });
  }
  return new StoreError('STORE_IO', `${path}: ${what}: ${String(cause)}`, { cause, retryable: true });
}

/** A disk that cannot be written to, such as a read-only one with a backup, is not full. */
async function isFull(path: string): Promise<boolean> {
  const directory = dirname(path);
  const disk = await access(directory, constants.W_OK)
    .then(() => statfs(directory))
    .catch(() => undefined);
  return disk !== undefined && disk.bavail * disk.bsize < fullBytes;
}

/** 0 for a file that is not there. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** Makes a new file a store, unless another process was faster. */
async function begin(root: RootDatabase<Buffer, string>, directory: string): Promise<void> {
  await root.transaction(() => {
    if (root.get(headerKey) === undefined) void root.put(headerKey, encodeHeader(0, 0));
  });
  await syncDirectory(directory);
  await syncDirectory(dirname(directory));
}

function encodeHeader(head: Revision, compacted: Revision): Buffer {
  const header: LmdbHeader = { product: headerKey, format: lmdbFormat, head, compacted };
  return Buffer.from(JSON.stringify(header));
}

function checkHeader(path: string, bytes: Buffer | undefined): LmdbHeader {
  const header = bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as LmdbHeader);
  if (header?.product !== headerKey) {
    throw new StoreError(
      'STORE_FOREIGN',
      `${path}: it is an LMDB file of another program. It was not touched: give the store another directory`,
    );
  }
  if (header.format > lmdbFormat) {
    const message = `${path}: expected format ${lmdbFormat}, found ${header.format}: a newer version of this package wrote it. It was not touched: use that version`;
    throw new StoreError('STORE_NEWER', message);
  }
  return header;
}

/** Makes the names in a directory durable; not every system can, and those that cannot do not need it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}

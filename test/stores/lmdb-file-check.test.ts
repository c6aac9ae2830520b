import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { newDirectory, openStore, put } from './lmdb-directory.ts';

const fileIn = (path: string): string => join(path, 'coxswain.mdb');
const hash = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** The code of the refusal, if the file is the same after it. */
async function refusal(path: string): Promise<string> {
  const before = await hash(fileIn(path));
  const error = await new LmdbStore({ path }).open().then(
    () => undefined,
    (reason: { code: string }) => reason,
  );
  return (await hash(fileIn(path))) === before ? String(error?.code) : 'the file was changed';
}

/** A store with small, large and very large values, closed. */
async function storeFile(): Promise<string> {
  const path = await newDirectory();
  const store = await openStore(path);
  for (let n = 0; n < 300; n++) await put(store, `/k/${n}`, { text: 'x'.repeat(n % 50 === 0 ? 20_000 : 200) });
  await store.close();
  return path;
}

async function opensWhole(path: string): Promise<boolean> {
  const store = new LmdbStore({ path });
  try {
    await store.open();
    return (await store.list('/k/')).entries.length === 300;
  } catch {
    return false;
  } finally {
    await store.close();
  }
}

async function lmdbFile(path: string, entries: Readonly<Record<string, string>>): Promise<void> {
  const database = open<Buffer, string>({ path: fileIn(path), noSubdir: true, encoding: 'binary', maxDbs: 4 });
  for (const [key, value] of Object.entries(entries)) await database.put(key, Buffer.from(value));
  await database.close();
}

describe('what is not a whole store of this version is refused and not touched', () => {
  it('another file', async () => {
    for (const content of ['hello', 'x'.repeat(50_000), '{"json": true}'.repeat(1000)]) {
      const path = await newDirectory();
      await writeFile(fileIn(path), content);
      expect(await refusal(path)).toBe(content.length < 160 ? 'STORE_CORRUPT' : 'STORE_FOREIGN');
    }
  });

  it('a file where the directory should be', async () => {
    const path = join(await newDirectory(), 'file');
    await writeFile(path, 'hello');
    for (const place of [path, join(path, 'below')]) {
      const error = await new LmdbStore({ path: place }).open().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'STORE_IO', message: expect.stringContaining(place) });
    }
    expect(await readFile(path, 'utf8')).toBe('hello');
  });

  it('an LMDB file of another program', async () => {
    const path = await newDirectory();
    await lmdbFile(path, { hello: 'world' });
    expect(await refusal(path)).toBe('STORE_FOREIGN');
  });

  it('a store of a newer format', async () => {
    const path = await newDirectory();
    await lmdbFile(path, { coxswain: JSON.stringify({ product: 'coxswain', format: 2, head: 0, compacted: 0 }) });
    expect(await refusal(path)).toBe('STORE_NEWER');
  });

  it('a file of a newer LMDB', async () => {
    const path = await storeFile();
    const bytes = await readFile(fileIn(path));
    bytes.writeUInt32LE(3, 28);
    await writeFile(fileIn(path), bytes);
    expect(await refusal(path)).toBe('STORE_NEWER');
  });

  it('a file cut off anywhere', async () => {
    const source = await storeFile();
    const { size } = await stat(fileIn(source));
    const root = await newDirectory();
    const outcomes = new Set<string>();
    for (const keep of [1, 100, 159, 4095, 4096, 8191, 8192, 20_000, size / 3, size / 2, size - 40_960, size - 8192, size - 1].map(
      Math.floor,
    )) {
      const path = join(root, String(keep));
      await mkdir(path);
      await copyFile(fileIn(source), fileIn(path));
      await truncate(fileIn(path), keep);
      const opens = keep >= size / 2 && (await opensWhole(path));
      // The end of a file may hold nothing that is in use: then it opens, and all is there.
      if (!opens) outcomes.add(await refusal(path));
    }
    expect([...outcomes]).toEqual(['STORE_CORRUPT']);
  });

  it('a store whose history does not fit its entries', async () => {
    const path = await storeFile();
    const database = open<Buffer, string>({ path: fileIn(path), noSubdir: true, encoding: 'binary', maxDbs: 4 });
    await database.openDB<Buffer, string>({ name: 'entries', encoding: 'binary' }).remove('/k/7');
    await database.close();
    await expect(new LmdbStore({ path }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('an empty file is a new store', async () => {
    const path = await newDirectory();
    await writeFile(fileIn(path), '');
    const store = await openStore(path);
    expect((await put(store, '/a', {})).revision).toBe(1);
  });
});

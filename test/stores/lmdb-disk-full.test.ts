import { spawnSync } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { newDirectory, openStore, put } from './lmdb-directory.ts';

/** A disk of 6 MB, or undefined where this user may not make one. */
async function smallDisk(): Promise<string | undefined> {
  const path = await newDirectory();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'coxswain-test', path]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  return path;
}

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;
if (!mayMount) console.warn('*** The tests of a full disk DO NOT RUN: they need Linux and the right to mount a tmpfs. ***');

describe.skipIf(!mayMount && process.env['CI'] !== 'true')('a disk that is full', () => {
  it('fails the write with a typed error, loses nothing, and goes on when there is room', async () => {
    const path = await smallDisk();
    expect(path, 'a tmpfs could not be mounted').toBeDefined();
    const filler = join(path!, 'filler');
    await writeFile(filler, Buffer.alloc(3 * 1024 * 1024));
    const store = await openStore(path!);
    const acknowledged: string[] = [];
    const seen: string[] = [];
    store.watch({
      prefix: '/',
      after: 0,
      onError: () => undefined,
      onChanges: (changes) => seen.push(...changes.map((change) => change.key)),
    });
    const write = async (n: number): Promise<unknown> => {
      const ops = Array.from({ length: 10 }, (_, i) => ({
        key: `/k/${n}-${i}`,
        value: Object.freeze({ text: 'x'.repeat(8000) }),
        expected: 0,
      }));
      try {
        await store.write(ops);
        acknowledged.push(...ops.map((op) => op.key));
        return undefined;
      } catch (error) {
        return error;
      }
    };
    let failure: unknown;
    let n = 0;
    while (failure === undefined) failure = await write(n++);
    expect(failure).toMatchObject({ code: 'STORE_FULL', retryable: true });
    expect(await write(n++)).toMatchObject({ code: 'STORE_FULL' });
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(seen).toEqual(acknowledged);
    expect((await store.list('/')).entries).toHaveLength(acknowledged.length);

    await rm(filler);
    expect(await write(n++)).toBeUndefined();
    expect(await store.head()).toBe(acknowledged.length);
    await store.close();
    const again = await openStore(path!);
    expect((await again.list('/')).entries.map((entry) => entry.key)).toEqual([...acknowledged].sort((a, b) => (a < b ? -1 : 1)));
    await again.close();
  });

  it('fails a backup with a typed error and leaves nothing of it', async () => {
    const disk = await smallDisk();
    expect(disk, 'a tmpfs could not be mounted').toBeDefined();
    const store = await openStore(await newDirectory());
    for (let n = 0; n < 100; n++) await put(store, `/k/${n}`, { text: 'x'.repeat(8000) });
    await writeFile(join(disk!, 'filler'), Buffer.alloc(5.7 * 1024 * 1024));
    await expect(store.backup(disk!)).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    expect(await readdir(disk!)).toEqual(['filler']);
    await rm(join(disk!, 'filler'));
    await store.backup(disk!);
    // A backup that is opened gets a file beside it.
    await writeFile(join(disk!, 'filler'), Buffer.alloc(6 * 1024 * 1024)).catch(() => undefined);
    await expect(store.restore(disk!)).rejects.toMatchObject({ code: 'STORE_FULL' });
    await rm(join(disk!, 'filler'));
    await store.restore(disk!);
    await store.close();
    const copy = await openStore(disk!);
    expect((await copy.list('/k/')).entries).toHaveLength(100);
    await copy.close();
  });

  it('fails to open a new store with a typed error, and opens it when there is room', async () => {
    const disk = await smallDisk();
    expect(disk, 'a tmpfs could not be mounted').toBeDefined();
    await writeFile(join(disk!, 'filler'), Buffer.alloc(6 * 1024 * 1024)).catch(() => undefined);
    const store = new LmdbStore({ path: disk! });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    await rm(join(disk!, 'filler'));
    await store.open();
    expect((await put(store, '/a', {})).revision).toBe(1);
    await store.close();
  });

  it('that is read-only is named, and the store opens once it can be written to', async () => {
    const path = await smallDisk();
    expect(path, 'a tmpfs could not be mounted').toBeDefined();
    spawnSync('mount', ['-o', 'remount,ro', path!]);
    const store = new LmdbStore({ path: path! });
    onTestFinished(() => store.close());
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_IO', retryable: true, message: expect.stringContaining('EROFS') });
    spawnSync('mount', ['-o', 'remount,rw', path!]);
    await store.open();
    await put(store, '/a', { n: 1 });
  });
});

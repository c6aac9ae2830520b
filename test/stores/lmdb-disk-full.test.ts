import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newDirectory, openStore } from './lmdb-directory.ts';

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
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { newDirectory, openStore, put } from './lmdb-directory.ts';

async function ownerProcess(path: string, env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'lmdb-owner-process.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

const locked = { code: 'STORE_LOCKED', retryable: true };

describe('one owner at a time', () => {
  it('a second store in this process is told so, and the first goes on', async () => {
    const path = await newDirectory();
    const first = await openStore(path);
    await expect(new LmdbStore({ path }).open()).rejects.toMatchObject(locked);
    await put(first, '/a', { n: 1 });
    await first.close();
    expect(await readdir(path)).toEqual(['coxswain.mdb', 'coxswain.mdb-lock']);
    const second = await openStore(path);
    expect((await second.get('/a'))?.value).toEqual({ n: 1 });
  });

  it('a store that was refused can be opened once the owner is gone', async () => {
    const path = await newDirectory();
    const first = await openStore(path);
    const second = new LmdbStore({ path });
    onTestFinished(() => second.close());
    await expect(second.open()).rejects.toMatchObject(locked);
    await first.close();
    await second.open();
    expect(await second.head()).toBe(0);
  });

  it('another process keeps it while it lives, stopped or not, and loses it with kill -9', async () => {
    const path = await newDirectory();
    const owner = await ownerProcess(path);
    await expect(new LmdbStore({ path }).open()).rejects.toMatchObject(locked);
    owner.kill('SIGSTOP');
    await expect(new LmdbStore({ path }).open()).rejects.toMatchObject(locked);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const store = await openStore(path);
    expect((await store.get('/owner'))?.value).toEqual({ pid: owner.pid });
    expect(await readdir(path)).toEqual(['coxswain.mdb', 'coxswain.mdb-lock', 'owner.sock']);
  });

  it('is the same store under every name, however long its path and wherever its owner keeps temporary files', async () => {
    const short = await newDirectory();
    const long = join(short, 'd'.repeat(120));
    await mkdir(long);
    const alias = join(await newDirectory(), 'alias');
    await symlink(long, alias);
    const owner = await ownerProcess(long, { TMPDIR: await newDirectory() });
    await expect(new LmdbStore({ path: long }).open()).rejects.toMatchObject(locked);
    await expect(new LmdbStore({ path: alias }).open()).rejects.toMatchObject(locked);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const store = await openStore(alias);
    expect((await store.get('/owner'))?.value).toEqual({ pid: owner.pid });
    await expect(new LmdbStore({ path: long }).open()).rejects.toMatchObject(locked);
    await store.close();
    expect(await readdir(long)).toEqual(['coxswain.mdb', 'coxswain.mdb-lock']);
  });

  it('of many who open at once, one wins', async () => {
    // Now and then a loser connects just as the winner is found.
    for (let round = 0; round < 20; round++) {
      const path = await newDirectory();
      const stores = Array.from({ length: 6 }, () => new LmdbStore({ path }));
      const outcomes = await Promise.allSettled(stores.map((store) => store.open()));
      const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(losers).toHaveLength(5);
      for (const loser of losers) expect(loser).toMatchObject(locked);
      for (const store of stores) await store.close();
      expect(await readdir(path)).toEqual(['coxswain.mdb', 'coxswain.mdb-lock']);
    }
  });
});

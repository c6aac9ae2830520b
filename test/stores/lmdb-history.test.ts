import { readdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { LmdbStore } from '../../src/stores/lmdb-store.ts';
import type { StoreChange } from '../../src/stores/store.ts';
import { newDirectory, openStore, put } from './lmdb-directory.ts';

async function changesAfter(store: LmdbStore, revision: number, count: number): Promise<readonly StoreChange[]> {
  const changes: StoreChange[] = [];
  await new Promise<void>((resolve, reject) => {
    const watch = store.watch({
      prefix: '',
      after: revision,
      onError: reject,
      onChanges: (told) => {
        changes.push(...told);
        if (changes.length < count) return;
        watch.close();
        resolve();
      },
    });
  });
  return changes;
}

describe('history across restarts', () => {
  it('is kept within its bound, and no further', async () => {
    const path = await newDirectory();
    const first = await openStore(path, { historyLimit: 50 });
    for (let n = 1; n <= 300; n++) await put(first, `/k/${n % 7}`, { n }, Math.max(0, n - 7));
    const before = await changesAfter(first, 250, 50);
    await first.close();
    const second = await openStore(path, { historyLimit: 50 });
    expect(await changesAfter(second, 250, 50)).toEqual(before);
    await expect(second.list('', { revision: 249 })).rejects.toMatchObject({ code: 'STORE_COMPACTED', compactRevision: 250 });
    await second.close();
    const third = await openStore(path, { historyLimit: 10 });
    expect(await changesAfter(third, 290, 10)).toEqual(before.slice(40));
    await expect(third.list('', { revision: 289 })).rejects.toMatchObject({ compactRevision: 290 });
  });

  it('keys that came and went are told as they were', async () => {
    const path = await newDirectory();
    const first = await openStore(path);
    const created = await put(first, '/a', { n: 1 });
    await first.write([{ key: '/a', value: null, expected: created.revision }]);
    const again = await put(first, '/a', { n: 2 });
    await first.write([{ key: '/a', value: null, expected: again.revision }]);
    const before = await changesAfter(first, 0, 4);
    await first.close();
    const second = await openStore(path);
    expect(await changesAfter(second, 0, 4)).toEqual(before);
    expect((await second.list('', { revision: 3 })).entries).toEqual([again]);
  });

  it('entries of every size and alphabet come back, in whatever order they are read', async () => {
    const path = await newDirectory();
    const first = await openStore(path);
    const sizes = [0, 1, 4_000, 2_000_000, 3, 70_000, 0, 600_000, 40];
    for (const [n, size] of sizes.entries()) await put(first, `/k/${n}`, { n, text: ['x', 'ü', '漢', '𝄞'][n % 4]!.repeat(size) });
    await put(first, '/k/3', { n: 'new' }, 4);
    const before = await first.list('');
    const changes = await changesAfter(first, 0, sizes.length + 1);
    await first.close();
    const second = await openStore(path);
    expect(await second.list('')).toEqual(before);
    expect(await changesAfter(second, 0, sizes.length + 1)).toEqual(changes);
  });

  it('is read with the stamp of the one who opens', async () => {
    const path = await newDirectory();
    const first = await openStore(path);
    await put(first, '/a', { n: 1 });
    await put(first, '/a', { n: 2 }, 1);
    await first.write([{ key: '/a', value: null, expected: 2 }]);
    await first.close();
    const second = await openStore(path);
    await second.close();
    const { LmdbStore } = await import('../../src/stores/lmdb-store.ts');
    const stamped = new LmdbStore({ path });
    await stamped.open({ stamp: (value, revision) => Object.freeze({ ...value, at: revision }) });
    const told = (await changesAfter(stamped, 0, 3)).map(({ entry, previous }) => [entry.value, previous?.value]);
    await stamped.close();
    expect(told).toEqual([
      [{ n: 1, at: 1 }, undefined],
      [
        { n: 2, at: 2 },
        { n: 1, at: 1 },
      ],
      [
        { n: 2, at: 3 },
        { n: 2, at: 2 },
      ],
    ]);
  });
});

describe('backup and restore while running', () => {
  it('a backup made under writes is one picture, and a store of its own', async () => {
    const [path, target] = [await newDirectory(), await newDirectory()];
    const store = await openStore(path);
    // Every group writes both keys: a picture has them at the same n.
    let n = 0;
    let revision = 0;
    const writeBoth = async (): Promise<void> => {
      n++;
      const value = Object.freeze({ n });
      const ops = ['/left', '/right'].map((key, at) => ({ key, value, expected: revision === 0 ? 0 : revision + at }));
      const [left] = await store.write(ops);
      if (left?.ok) revision = left.entry.revision;
    };
    for (let i = 0; i < 20; i++) await writeBoth();
    const backup = store.backup(target);
    let running = true;
    void backup.finally(() => (running = false));
    while (running) await writeBoth();
    await backup;
    expect(await readdir(target)).toContain('coxswain.mdb');
    const copy = await openStore(target);
    const [left, right] = (await copy.list('/')).entries;
    expect(left?.value).toEqual(right?.value);
    expect((left!.value as { n: number }).n).toBeGreaterThanOrEqual(20);
    expect(await changesAfter(copy, 0, (await copy.head()) - 1)).not.toEqual([]);
  });

  it('restore brings the content back by ordinary writes that watchers see', async () => {
    const [path, target] = [await newDirectory(), await newDirectory()];
    const store = await openStore(path);
    const kept = await put(store, '/kept', { n: 1 });
    const changed = await put(store, '/changed', { n: 1 });
    const lost = await put(store, '/lost', { n: 1 });
    await store.backup(target);
    await put(store, '/changed', { n: 2 }, changed.revision);
    await store.write([{ key: '/lost', value: null, expected: lost.revision }]);
    await put(store, '/new', { n: 1 });
    const head = await store.head();
    await store.restore(target);
    expect((await store.list('/')).entries.map(({ key, value }) => [key, value])).toEqual([
      ['/changed', { n: 1 }],
      ['/kept', { n: 1 }],
      ['/lost', { n: 1 }],
    ]);
    expect(await store.get('/kept')).toEqual(kept);
    expect((await changesAfter(store, head, 3)).map(({ type, key }) => `${type} ${key}`).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'delete /new',
      'put /changed',
      'put /lost',
    ]);
  });

  it('restore comes to an end while others write; what they write is before or after it', async () => {
    const [path, target] = [await newDirectory(), await newDirectory()];
    const store = await openStore(path);
    for (let n = 0; n < 20; n++) await put(store, `/kept/${n}`, { n });
    const { revision } = await put(store, '/hot', { n: -1 });
    await store.backup(target);
    const restored = Object.freeze({ n: -1 });
    let running = true;
    const creator = (async (): Promise<number> => {
      for (let n = 0; ; n++) {
        if (!running) return n;
        await put(store, `/new/${n}`, { n });
      }
    })();
    const updater = (async (): Promise<void> => {
      for (let n = 0, expected = revision; running; n++) {
        const [result] = await store.write([{ key: '/hot', value: Object.freeze({ n }), expected }]);
        expected = result?.ok ? result.entry.revision : (await store.get('/hot'))!.revision;
      }
    })();
    const head = await store.head();
    await changesAfter(store, head, 20);
    const before = await store.head();
    await store.restore(target);
    const after = await store.head();
    running = false;
    const [made] = await Promise.all([creator, updater]);
    const told = (await changesAfter(store, before, after - before)).filter((change) => change.entry.revision <= after);
    expect(told.filter(({ key, entry }) => key === '/hot' && JSON.stringify(entry.value) === JSON.stringify(restored))).toHaveLength(1);
    const deleted = told.filter(({ type }) => type === 'delete').map(({ key }) => key);
    expect(deleted.length).toBeGreaterThan(0);
    const left = (await store.list('/new/')).entries.map(({ key }) => key);
    expect(left.length + deleted.length).toBe(made);
    expect((await store.list('/kept/')).entries).toHaveLength(20);
  });

  it('a backup that cannot be read changes nothing', async () => {
    const [path, target] = [await newDirectory(), await newDirectory()];
    const store = await openStore(path);
    await put(store, '/a', { n: 1 });
    await expect(store.restore(target)).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
    await store.backup(target);
    await rm(target, { recursive: true });
    await expect(store.restore(target)).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
    expect(await store.head()).toBe(1);
  });

  it('a key that is too long is refused by name', async () => {
    const store = await openStore(await newDirectory());
    await expect(put(store, `/${'k'.repeat(2000)}`, {})).rejects.toMatchObject({ code: 'STORE_KEY_TOO_LONG' });
    expect(await store.head()).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { StoreChange } from '../../src/stores/store.ts';

const value = (n: number): object => Object.freeze({ n });

async function opened(historyLimit = 100): Promise<MemoryStore> {
  const store = new MemoryStore({ historyLimit });
  await store.open();
  return store;
}

describe('MemoryStore', () => {
  it('commits inside write and tells watchers before it returns', async () => {
    const store = await opened();
    const seen: StoreChange[] = [];
    store.watch({ prefix: '/a/', after: 0, onChanges: (changes) => seen.push(...changes), onError: () => undefined });
    const written = store.write([
      { key: '/a/1', value: value(1), expected: 0 },
      { key: '/b/1', value: value(1), expected: 0 },
      { key: '/a/1', value: null, expected: 1 },
    ]);
    expect(seen.map((change) => [change.type, change.key, change.entry.revision])).toEqual([
      ['put', '/a/1', 1],
      ['delete', '/a/1', 3],
    ]);
    expect((await written).map((result) => result.ok)).toEqual([true, true, true]);
  });

  it('refuses a write from inside a watch callback', async () => {
    const store = await opened();
    let inner: Promise<unknown> | undefined;
    store.watch({
      prefix: '',
      after: 0,
      onChanges: () => {
        inner ??= store.write([{ key: '/x', value: value(2), expected: 0 }]);
      },
      onError: () => undefined,
    });
    await store.write([{ key: '/a', value: value(1), expected: 0 }]);
    await expect(inner).rejects.toMatchObject({ code: 'STORE_REENTRANT' });
    expect(await store.head()).toBe(1);
  });

  it('keeps the last historyLimit changes and says so when asked for older ones', async () => {
    const store = await opened(3);
    for (let n = 0; n < 5; n++) await store.write([{ key: `/k${n}`, value: value(n), expected: 0 }]);
    await expect(store.list('', { revision: 1 })).rejects.toMatchObject({ code: 'STORE_COMPACTED', compactRevision: 2 });
    expect((await store.list('', { revision: 2 })).entries.map((entry) => entry.key)).toEqual(['/k0', '/k1']);
  });
});

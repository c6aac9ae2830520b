import assert from 'node:assert/strict';
import { CompactedError } from '../errors.ts';
import { storeCase, valueOf, type StoreCase, type StoreProbe } from './store-probe.ts';

async function fill(probe: StoreProbe, keys: readonly string[]): Promise<void> {
  await probe.write(...keys.map((key, n) => ({ key, value: valueOf(n), expected: 0 })));
}

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `/k/${String(n).padStart(4, '0')}`);

/** Lists: order, prefixes, pages, the past. */
export const storeListCases: readonly StoreCase[] = [
  storeCase('list: keys that start with the prefix, in order', async (probe) => {
    await fill(probe, ['/b/2', '/b/10', '/a', '/b', '/b/', '/b/1', '/c/1', '/b-', '/b0', '/B/1', '/b/1/x']);
    assert.deepEqual(await probe.keys('/b/'), ['/b/', '/b/1', '/b/1/x', '/b/10', '/b/2']);
    assert.deepEqual(await probe.keys('/b'), ['/b', '/b-', '/b/', '/b/1', '/b/1/x', '/b/10', '/b/2', '/b0']);
    assert.deepEqual(await probe.keys('/'), ['/B/1', '/a', '/b', '/b-', '/b/', '/b/1', '/b/1/x', '/b/10', '/b/2', '/b0', '/c/1']);
    assert.deepEqual(await probe.keys('/nothing'), []);
    const all = await probe.store.list('');
    assert.equal(all.entries.length, 11);
    assert.equal(all.more, false);
    assert.ok(all.revision >= all.entries[0]!.revision);
  }),

  storeCase('list: thousands of keys, some deleted, stay in order', async (probe) => {
    const keys = Array.from({ length: 3000 }, (_, n) => `/k/${(n * 7919) % 3000}`);
    await fill(probe, keys);
    const entries = (await probe.store.list('/k/')).entries;
    const odd = entries.filter((_, n) => n % 3 === 1);
    await probe.write(...odd.map((entry) => ({ key: entry.key, value: null, expected: entry.revision })));
    const left = entries.filter((_, n) => n % 3 !== 1).map((entry) => entry.key);
    assert.deepEqual(await probe.keys('/k/'), left);
    assert.deepEqual(left, [...left].sort());
  }),

  storeCase('list: pages by limit and after, with what remains', async (probe) => {
    const keys = numbered(250);
    await fill(probe, [...keys, '/j', '/l']);
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    for (;;) {
      const page = await probe.store.list('/k/', { limit: 100, ...(after === undefined ? {} : { after }) });
      seen.push(...page.entries.map((entry) => entry.key));
      pages++;
      if (page.remaining !== undefined) assert.equal(page.remaining, 250 - seen.length);
      if (!page.more) break;
      assert.equal(page.entries.length, 100);
      after = page.entries.at(-1)!.key;
    }
    assert.deepEqual(seen, keys);
    assert.equal(pages, 3);
    const exact = await probe.store.list('/k/', { limit: 250 });
    assert.equal(exact.more, false, 'a limit that cuts nothing leaves no more');
    assert.deepEqual(await probe.store.list('/k/', { after: '/k/zzz' }).then((list) => list.entries), []);
  }),

  storeCase('list: pages at one revision show one picture while writes go on', async (probe) => {
    const keys = numbered(30);
    await fill(probe, keys);
    const first = await probe.store.list('/k/', { limit: 10 });
    const tenth = first.entries.at(-1)!;
    const last = (await probe.store.get('/k/0029'))!;
    await probe.write(
      { key: '/k/0015', value: null, expected: (await probe.store.get('/k/0015'))!.revision },
      { key: '/k/0015x', value: valueOf(1), expected: 0 },
      { key: '/k/0029', value: valueOf(99), expected: last.revision },
      { key: '/k/9999', value: valueOf(1), expected: 0 },
    );
    const rest = await probe.store.list('/k/', { limit: 100, after: tenth.key, revision: first.revision });
    assert.deepEqual(
      rest.entries.map((entry) => entry.key),
      keys.slice(10),
    );
    assert.deepEqual(rest.entries.at(-1), last);
    assert.equal(rest.revision, first.revision);
    const page = await probe.store.list('/k/', { limit: 10, after: tenth.key, revision: first.revision });
    if (page.remaining !== undefined) assert.equal(page.remaining, 10);
    assert.equal(page.more, true);
  }),

  storeCase('list: the past is as it was, keys deleted since included', async (probe) => {
    const a = await probe.put('/a', valueOf(1));
    const b = await probe.put('/b', valueOf(2));
    const a2 = await probe.put('/a', valueOf(3), a.revision);
    await probe.delete('/b', b.revision);
    const c = await probe.put('/c', valueOf(4));
    const at = async (revision: number): Promise<readonly unknown[]> => (await probe.store.list('/', { revision })).entries;
    assert.deepEqual(await at(a.revision), [a]);
    assert.deepEqual(await at(b.revision), [a, b]);
    assert.deepEqual(await at(a2.revision), [a2, b]);
    assert.deepEqual(await at(c.revision), [a2, c]);
  }),

  storeCase('list: a revision that has not happened is an error', async (probe) => {
    const { revision } = await probe.put('/a', valueOf(1));
    await assert.rejects(probe.store.list('/', { revision: revision + 1_000_000 }), { code: 'STORE_FUTURE_REVISION' });
  }),

  storeCase('compact: forgets the past before its revision and nothing else', async (probe) => {
    const one = await probe.put('/a', valueOf(1));
    const two = await probe.put('/a', valueOf(2), one.revision);
    const three = await probe.put('/b', valueOf(3));
    await probe.store.compact(two.revision);
    await assert.rejects(
      probe.store.list('/', { revision: one.revision }),
      (error) => error instanceof CompactedError && error.compactRevision === two.revision,
    );
    assert.deepEqual((await probe.store.list('/', { revision: two.revision })).entries, [two]);
    assert.deepEqual((await probe.store.list('/')).entries, [two, three]);
    await probe.store.compact(one.revision);
    assert.deepEqual((await probe.store.list('/', { revision: two.revision })).entries, [two], 'an older compaction has no effect');
    const watch = probe.watch('/', one.revision - 1);
    await watch.until(() => watch.errors.length > 0, 'an error');
    assert.ok(watch.errors[0] instanceof CompactedError, `expected CompactedError, got ${String(watch.errors[0])}`);
    assert.equal(watch.errors[0].compactRevision, two.revision);
    await probe.put('/c', valueOf(4));
    await probe.quiet();
    assert.deepEqual([watch.changes, watch.errors.length], [[], 1], 'nothing follows the error');
    const resumed = probe.watch('/', two.revision);
    await resumed.has(2);
    assert.deepEqual(
      resumed.changes.map((change) => change.key),
      ['/b', '/c'],
    );
  }),
];

import assert from 'node:assert/strict';
import { storeCase, valueOf, type StoreCase } from './store-probe.ts';

/** Writes, compares, groups, fences, values. */
export const storeWriteCases: readonly StoreCase[] = [
  storeCase('write: a key is created, changed and deleted, each at a greater revision', async (probe) => {
    const start = await probe.store.head();
    const made = await probe.put('/a', valueOf(1));
    assert.ok(made.revision > start, `expected a revision above ${start}, got ${made.revision}`);
    assert.deepEqual(made, { key: '/a', value: { n: 1 }, revision: made.revision, createRevision: made.revision });
    const changed = await probe.put('/a', valueOf(2), made.revision);
    assert.ok(changed.revision > made.revision);
    assert.equal(changed.createRevision, made.revision);
    assert.deepEqual(await probe.store.get('/a'), changed);
    const deleted = await probe.delete('/a', changed.revision);
    assert.ok(deleted.revision > changed.revision);
    assert.deepEqual(deleted.value, { n: 2 }, 'a delete tells the last value');
    assert.equal(await probe.store.get('/a'), undefined);
    assert.ok((await probe.store.head()) >= deleted.revision);
  }),

  storeCase('write: a key that is created again has a new createRevision', async (probe) => {
    const first = await probe.put('/a', valueOf(1));
    await probe.delete('/a', first.revision);
    const second = await probe.put('/a', valueOf(2));
    assert.equal(second.createRevision, second.revision);
    assert.ok(second.revision > first.revision + 1, 'the delete had a revision of its own');
  }),

  storeCase('write: a compare that does not hold writes nothing and tells what is there', async (probe) => {
    const made = await probe.put('/a', valueOf(1));
    const results = await probe.write(
      { key: '/a', value: valueOf(2), expected: 0 },
      { key: '/a', value: valueOf(2), expected: made.revision + 1000 },
      { key: '/a', value: null, expected: made.revision + 1000 },
      { key: '/b', value: valueOf(2), expected: made.revision },
      { key: '/b', value: null, expected: made.revision },
      { key: '/b', value: null, expected: 0 },
    );
    const there = { ok: false, reason: 'conflict', current: made };
    const nothing = { ok: false, reason: 'conflict', current: undefined };
    assert.deepEqual(results, [there, there, there, nothing, nothing, nothing]);
    assert.deepEqual(await probe.store.get('/a'), made);
    assert.deepEqual(await probe.keys('/'), ['/a']);
  }),

  storeCase('write: a group is made in order, each write by itself', async (probe) => {
    const made = await probe.put('/a', valueOf(1));
    const results = await probe.write(
      { key: '/b', value: valueOf(1), expected: 0 },
      { key: '/b', value: valueOf(2), expected: 0 },
      { key: '/a', value: valueOf(2), expected: made.revision },
      { key: '/a', value: valueOf(3), expected: made.revision },
      { key: '/c', value: valueOf(1), expected: 0 },
    );
    assert.deepEqual(
      results.map((result) => result.ok),
      [true, false, true, false, true],
    );
    const revisions = results.flatMap((result) => (result.ok ? [result.entry.revision] : []));
    const inOrder = [...new Set(revisions)].sort((a, b) => a - b);
    assert.deepEqual(
      probe.store.shared ? [...revisions].sort((a, b) => a - b) : revisions,
      inOrder,
      'each write has a revision of its own, in order',
    );
    assert.deepEqual(
      (await probe.store.list('/')).entries.map((entry) => entry.value),
      [{ n: 2 }, { n: 1 }, { n: 1 }],
    );
  }),

  storeCase('write: a large group and an empty one', async (probe) => {
    assert.deepEqual(await probe.write(), []);
    const ops = Array.from({ length: 1500 }, (_, n) => ({ key: `/k/${String(n).padStart(5, '0')}`, value: valueOf(n), expected: 0 }));
    const results = await probe.write(...ops);
    assert.equal(results.filter((result) => result.ok).length, 1500);
    assert.deepEqual(
      await probe.keys('/k/'),
      ops.map((op) => op.key),
    );
  }),

  storeCase('write: of many who create one key at once, one wins', async (probe) => {
    const attempts = Array.from({ length: 30 }, (_, n) => probe.write({ key: '/a', value: valueOf(n), expected: 0 }));
    const results = (await Promise.all(attempts)).flat();
    const winners = results.flatMap((result) => (result.ok ? [result.entry] : []));
    assert.equal(winners.length, 1);
    for (const result of results) if (!result.ok) assert.deepEqual(result, { ok: false, reason: 'conflict', current: winners[0] });
  }),

  storeCase('write: groups sent without waiting are made in the order of their sending', async (probe) => {
    const start = await probe.store.head();
    const watch = probe.watch('/', start);
    const key = (n: number): string => (probe.store.shared ? '/a' : `/a/${n}`);
    const sent = Array.from({ length: 20 }, (_, n) => probe.write({ key: key(n), value: valueOf(n), expected: 0 }));
    const made = (await Promise.all(sent)).flat().flatMap((result, n) => (result.ok ? [[n, result.entry.revision] as const] : []));
    await watch.has(made.length);
    assert.deepEqual(
      made.map(([n]) => n),
      probe.store.shared ? [0] : Array.from({ length: 20 }, (_, n) => n),
    );
    assert.deepEqual(
      watch.changes.map((change) => change.entry.revision),
      made.map(([, revision]) => revision),
    );
  }),

  storeCase('fence: a write is made only while the fence is at its revision', async (probe) => {
    const lead = await probe.put('/leader', valueOf(1));
    const fence = { key: '/leader', revision: lead.revision };
    const [made] = await probe.write({ key: '/a', value: valueOf(1), expected: 0, fence });
    assert.ok(made?.ok, 'the fence holds');
    const taken = await probe.put('/leader', valueOf(2), lead.revision);
    const results = await probe.write(
      { key: '/a', value: valueOf(2), expected: made.entry.revision, fence },
      { key: '/a', value: null, expected: made.entry.revision, fence },
      { key: '/b', value: valueOf(2), expected: 0, fence },
      { key: '/b', value: valueOf(2), expected: 0, fence: { key: '/nobody', revision: taken.revision } },
    );
    const fenced = { ok: false, reason: 'fenced' };
    assert.deepEqual(results, [fenced, fenced, fenced, fenced]);
    assert.deepEqual(await probe.keys('/'), ['/a', '/leader']);
    await probe.delete('/leader', taken.revision);
    const [gone] = await probe.write({
      key: '/a',
      value: valueOf(2),
      expected: made.entry.revision,
      fence: { key: '/leader', revision: taken.revision },
    });
    assert.deepEqual(gone, fenced, 'a fence that was deleted does not hold');
  }),

  storeCase('fence: it sees the earlier writes of its group, and a conflict behind it is a conflict', async (probe) => {
    const lead = await probe.put('/leader', valueOf(1));
    const fence = { key: '/leader', revision: lead.revision };
    const results = await probe.write(
      { key: '/a', value: valueOf(1), expected: 7_000_000, fence },
      { key: '/a', value: valueOf(1), expected: 0, fence },
      { key: '/leader', value: valueOf(2), expected: lead.revision, fence },
      { key: '/b', value: valueOf(1), expected: 0, fence },
      { key: '/c', value: valueOf(1), expected: 0 },
    );
    assert.deepEqual(
      results.map((result) => (result.ok ? 'made' : result.reason)),
      ['conflict', 'made', 'made', 'fenced', 'made'],
    );
  }),

  storeCase('values: any JSON comes back as it was, frozen', async (probe) => {
    const values: readonly object[] = [
      {},
      [],
      { text: 'ünïcödé \u0000 \u2028 "quoted" \\ 👩‍🚀', empty: '' },
      { numbers: [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER, 5e-324], flags: [true, false, null] },
      { deep: { er: { still: [{ list: [[]] }] } }, '': 'empty name', 'a.b/c': { $ref: '#' } },
      { large: 'x'.repeat(1_000_000) },
    ];
    for (const [n, value] of values.entries()) {
      deepFreeze(value);
      const made = await probe.put(`/v/${n}`, value);
      const got = await probe.store.get(`/v/${n}`);
      assert.deepEqual(got, made);
      assert.deepEqual(got?.value, value);
      assert.ok(isDeeplyFrozen(got?.value), 'a value is deeply frozen');
    }
    for (const entry of (await probe.store.list('/v/')).entries) assert.ok(isDeeplyFrozen(entry.value));
  }),

  storeCase(
    'stamp: readers get what it returns',
    async (probe) => {
      const stamp = (value: object, revision: number): object => Object.freeze({ ...value, stamped: revision });
      await probe.open(probe.store, { stamp });
      const start = await probe.store.head();
      const watch = probe.watch('/', start);
      const made = await probe.put('/a', valueOf(1));
      assert.deepEqual(made.value, { n: 1, stamped: made.revision });
      assert.deepEqual((await probe.store.get('/a'))?.value, made.value);
      assert.deepEqual((await probe.store.list('/')).entries[0]?.value, made.value);
      const deleted = await probe.delete('/a', made.revision);
      assert.deepEqual(deleted.value, { n: 1, stamped: deleted.revision });
      await watch.has(2);
      assert.deepEqual(
        watch.changes.map((change) => change.entry.value),
        [made.value, deleted.value],
      );
      assert.deepEqual(watch.changes[1]?.previous?.value, made.value);
    },
    { open: false },
  ),
];

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(deepFreeze);
  Object.freeze(value);
}

function isDeeplyFrozen(value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));
}

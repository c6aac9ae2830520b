import assert from 'node:assert/strict';
import type { WriteResult } from '../stores/store.ts';
import { storeCase, told, valueOf, type StoreCase, type StoreProbe } from './store-probe.ts';

/** A few changes of every sort under /a/ and /b/; returns the revision before the first. */
async function busy(probe: StoreProbe): Promise<number> {
  const start = await probe.store.head();
  const a = await probe.put('/a/1', valueOf(1));
  const b = await probe.put('/b/1', valueOf(2));
  const changed = await probe.put('/a/1', valueOf(3), a.revision);
  await probe.delete('/a/1', changed.revision);
  await probe.put('/a/1', valueOf(4));
  await probe.put('/a/2', valueOf(5));
  await probe.put('/b/1', valueOf(6), b.revision);
  return start;
}

const keysInOrder = (results: readonly WriteResult[]): readonly string[] =>
  results
    .flatMap((result) => (result.ok ? [result.entry] : []))
    .sort((a, b) => a.revision - b.revision)
    .map((entry) => entry.key);

const expectedOfA = [
  'put {"n":1} was nothing',
  'put {"n":3} was {"n":1}',
  'delete {"n":3} was {"n":3}',
  'put {"n":4} was nothing',
  'put {"n":5} was nothing',
];

/** etcd's guarantees for watches: ordered, unique, atomic, reliable, resumable, bookmarkable, filtered. */
export const storeWatchCases: readonly StoreCase[] = [
  storeCase('watch: tells the past after its revision, in order, once, with what was there before', async (probe) => {
    const start = await busy(probe);
    const watch = probe.watch('/a/', start);
    await watch.has(5);
    await probe.quiet();
    const said = watch.changes.map(
      ({ type, entry, previous }) =>
        `${type} ${JSON.stringify(entry.value)} was ${previous === undefined ? 'nothing' : JSON.stringify(previous.value)}`,
    );
    assert.deepEqual(said, expectedOfA);
    const revisions = watch.changes.map((change) => change.entry.revision);
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].sort((x, y) => x - y),
    );
    assert.equal(watch.changes[1]?.previous?.revision, watch.changes[0]?.entry.revision);
    assert.equal(watch.changes[2]?.previous?.revision, watch.changes[1]?.entry.revision);
  }),

  storeCase('watch: tells the present as it happens, the same as another tells of the past', async (probe) => {
    const live = probe.watch('/a/', await probe.store.head());
    const all = probe.watch('', await probe.store.head());
    const start = await busy(probe);
    await live.has(5);
    await all.has(7);
    const later = probe.watch('/a/', start);
    await later.has(5);
    assert.deepEqual(live.changes.map(told), later.changes.map(told));
    assert.equal(all.changes.length, 7);
  }),

  storeCase('watch: resumes at any revision without gap or repeat', async (probe) => {
    const start = await busy(probe);
    const whole = probe.watch('/', start);
    await whole.has(7);
    for (const [index, change] of whole.changes.entries()) {
      const rest = probe.watch('/', change.entry.revision);
      await rest.has(6 - index);
      await probe.quiet();
      assert.deepEqual(rest.changes.map(told), whole.changes.slice(index + 1).map(told));
      rest.handle.close();
    }
  }),

  storeCase('watch: opened in the middle of writes it misses nothing', async (probe) => {
    const start = await probe.store.head();
    const writing: Promise<readonly WriteResult[]>[] = [];
    const watches = [];
    for (let n = 0; n < 40; n++) {
      writing.push(probe.write({ key: `/a/${n}`, value: valueOf(n), expected: 0 }));
      if (n % 4 === 0) watches.push(probe.watch('/a/', start));
      if (n % 9 === 0) await probe.quiet();
    }
    const made = keysInOrder((await Promise.all(writing)).flat());
    assert.equal(made.length, 40);
    for (const watch of watches) {
      await watch.has(40);
      assert.deepEqual(
        watch.changes.map((change) => change.key),
        made,
      );
    }
  }),

  storeCase('watch: waits for a revision that lies in the future', async (probe) => {
    const first = await probe.put('/a/1', valueOf(1));
    const watch = probe.watch('/a/', first.revision + 2);
    const made = [];
    for (let n = 0; n < 4; n++) made.push(await probe.put(`/a/x${n}`, valueOf(n)));
    const due = made.filter((entry) => entry.revision > first.revision + 2);
    await watch.has(due.length);
    await probe.quiet();
    assert.deepEqual(
      watch.changes.map((change) => change.entry),
      due,
    );
  }),

  storeCase('watch: says nothing before watch() has returned, and nothing after close()', async (probe) => {
    const start = await busy(probe);
    let returned = false;
    let early = false;
    const first = probe.watch('/', start, { onChanges: () => (early ||= !returned) });
    returned = true;
    const second = probe.watch('/', start);
    await second.has(7);
    assert.equal(early, false);
    first.handle.close();
    second.handle.close();
    second.handle.close();
    await probe.put('/a/9', valueOf(9));
    await probe.quiet();
    assert.equal(second.changes.length, 7);
  }),

  storeCase('watch: may be closed from its own callback', async (probe) => {
    const start = await probe.store.head();
    let calls = 0;
    const closing = probe.watch('/', start, {
      onChanges: () => {
        calls++;
        closing.handle.close();
      },
    });
    const other = probe.watch('/', start);
    await probe.put('/a', valueOf(1));
    await probe.put('/b', valueOf(1));
    await other.has(2);
    assert.equal(calls, 1);
  }),

  storeCase('watch: a callback that throws ends its own watch and no other', async (probe) => {
    const start = await probe.store.head();
    const broken = probe.watch('/', start, {
      onChanges: () => {
        throw new Error('a broken watcher');
      },
    });
    const other = probe.watch('/', start);
    await probe.put('/a', valueOf(1));
    await probe.put('/b', valueOf(1));
    await other.has(2);
    await broken.until(() => broken.errors.length > 0, 'an error');
    assert.equal((broken.errors[0] as { code?: string }).code, 'STORE_WATCHER_FAILED');
    assert.equal(broken.errors.length, 1);
  }),

  storeCase('watch: tells its progress when nothing matches', async (probe) => {
    const watch = probe.watch('/nothing/', await probe.store.head());
    const { revision } = await probe.put('/a', valueOf(1));
    await watch.until(() => (watch.progress.at(-1) ?? 0) >= revision, `progress to ${revision}`);
    assert.deepEqual(
      watch.progress,
      [...watch.progress].sort((a, b) => a - b),
    );
    const made = await probe.put('/nothing/1', valueOf(2));
    await watch.has(1);
    assert.equal(watch.changes[0]?.entry.revision, made.revision);
    assert.ok(watch.progress.filter((told) => told < made.revision).length > 0);
  }),

  storeCase('watch: comes as far as the head that was asked for, whoever made it', async (probe) => {
    const watch = probe.watch('/nothing/', await probe.store.head());
    await probe.put('/a', valueOf(1));
    const other = probe.store.shared && probe.fixture.elsewhere !== undefined ? await probe.open(probe.fixture.elsewhere()) : probe.store;
    const [result] = await other.write([{ key: '/b', value: valueOf(1), expected: 0 }]);
    assert.ok(result?.ok);
    const head = await probe.store.head();
    assert.ok(head >= result.entry.revision);
    await watch.until(() => (watch.progress.at(-1) ?? 0) >= head, `progress to ${head}`);
    assert.deepEqual(watch.changes, []);
  }),

  storeCase('watch: hundreds at once, each with its own prefix', async (probe) => {
    const start = await probe.store.head();
    const watches = Array.from({ length: 200 }, (_, n) => probe.watch(`/w/${n % 100}/`, start));
    const results = await probe.write(
      ...Array.from({ length: 300 }, (_, n) => ({ key: `/w/${n % 100}/${n}`, value: valueOf(n), expected: 0 })),
    );
    const made = keysInOrder(results);
    for (const [n, watch] of watches.entries()) {
      await watch.has(3);
      assert.deepEqual(
        watch.changes.map((change) => change.key),
        made.filter((key) => key.startsWith(`/w/${n % 100}/`)),
      );
    }
  }),
];

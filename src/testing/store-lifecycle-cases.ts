import assert from 'node:assert/strict';
import { storeCase, told, valueOf, type StoreCase, type StoreProbe } from './store-probe.ts';

async function refusesEverything(probe: StoreProbe, code: string): Promise<void> {
  const { store } = probe;
  await assert.rejects(probe.within(store.write([{ key: '/a', value: valueOf(1), expected: 0 }]), 'write()'), { code });
  await assert.rejects(probe.within(store.get('/a'), 'get()'), { code });
  await assert.rejects(probe.within(store.list('/'), 'list()'), { code });
  await assert.rejects(probe.within(store.head(), 'head()'), { code });
  await assert.rejects(probe.within(store.compact(1), 'compact()'), { code });
  assert.throws(() => store.watch({ prefix: '/', after: 0, onChanges: () => undefined, onError: () => undefined }), { code });
}

/** Opening, closing, coming back. */
export const storeLifecycleCases: readonly StoreCase[] = [
  storeCase(
    'open: before it nothing works, and it is called once',
    async (probe) => {
      await refusesEverything(probe, 'STORE_NOT_OPEN');
      await probe.open();
      await assert.rejects(probe.store.open(), { code: 'STORE_OPEN' });
      assert.equal((await probe.put('/a', valueOf(1))).key, '/a');
    },
    { open: false },
  ),

  storeCase('close: ends watches in silence, may be repeated, and after it nothing works', async (probe) => {
    const watch = probe.watch('/', await probe.store.head());
    await probe.put('/a', valueOf(1));
    await watch.has(1);
    await probe.store.close();
    await probe.store.close();
    await refusesEverything(probe, 'CLOSED');
    await assert.rejects(probe.store.open(), { code: 'CLOSED' });
    await probe.quiet();
    assert.deepEqual([watch.changes.length, watch.errors], [1, []]);
    watch.handle.close();
  }),

  storeCase('close: what was sent before it is answered', async (probe) => {
    const sent = [1, 2, 3].map((n) => probe.store.write([{ key: `/${n}`, value: valueOf(n), expected: 0 }]));
    const answers = Promise.allSettled(sent);
    await probe.within(probe.store.close(), 'close()');
    for (const answer of await probe.within(answers, 'the answers')) {
      if (answer.status === 'fulfilled') assert.equal(answer.value.length, 1);
      else assert.match(String((answer.reason as { code?: string }).code), /^(CLOSED|STORE_\w+)$/);
    }
  }),

  storeCase(
    'close: while it is being opened it leaves nothing open',
    async (probe) => {
      const opening = probe.store.open().then(
        () => undefined,
        (error: { readonly code?: string }) => error.code,
      );
      await probe.within(probe.store.close(), 'close()');
      assert.ok(['CLOSED', undefined].includes(await probe.within(opening, 'open()')));
      await refusesEverything(probe, 'CLOSED');
      if (!probe.store.durable || probe.fixture.again === undefined) return;
      const again = await probe.open(probe.fixture.again());
      assert.deepEqual((await again.list('/')).entries, []);
    },
    { open: false },
  ),

  storeCase('durable: another instance finds everything, and revisions go on', async (probe) => {
    if (!probe.store.durable || probe.fixture.again === undefined) return;
    const start = await probe.store.head();
    const a = await probe.put('/a', valueOf(1));
    const a2 = await probe.put('/a', valueOf(2), a.revision);
    const b = await probe.put('/b', Object.freeze({ text: 'ü' }));
    const gone = await probe.put('/gone', valueOf(3));
    const deleted = await probe.delete('/gone', gone.revision);
    const before = probe.watch('/', start);
    await before.has(5);
    await probe.store.close();

    const again = await probe.open(probe.fixture.again());
    assert.deepEqual((await again.list('/')).entries, [a2, b]);
    assert.ok((await again.head()) >= deleted.revision);
    assert.deepEqual((await again.list('/', { revision: gone.revision })).entries, [a2, b, gone]);
    const changes: string[] = [];
    await probe.within(
      new Promise<void>((resolve, reject) => {
        again.watch({
          prefix: '/',
          after: start,
          onError: reject,
          onChanges: (told5) => void (changes.push(...told5.map(told)) >= 5 && resolve()),
        });
      }),
      'the history after a restart',
    );
    assert.deepEqual(changes, before.changes.map(told));
    const [next] = await again.write([{ key: '/a', value: valueOf(4), expected: a2.revision }]);
    assert.ok(next?.ok && next.entry.revision > deleted.revision && next.entry.createRevision === a.createRevision);
  }),

  storeCase('durable: a compaction is remembered', async (probe) => {
    if (!probe.store.durable || probe.fixture.again === undefined) return;
    const a = await probe.put('/a', valueOf(1));
    const b = await probe.put('/b', valueOf(2));
    await probe.put('/c', valueOf(3));
    await probe.store.compact(b.revision);
    await probe.store.close();
    const again = await probe.open(probe.fixture.again());
    await assert.rejects(again.list('/', { revision: a.revision }), { code: 'STORE_COMPACTED', compactRevision: b.revision });
    assert.deepEqual(
      (await again.list('/', { revision: b.revision })).entries.map((entry) => entry.key),
      ['/a', '/b'],
    );
  }),

  storeCase('shared: what one instance writes another sees, and only one wins', async (probe) => {
    if (!probe.store.shared || probe.fixture.again === undefined) return;
    const other = await probe.open(probe.fixture.again());
    const watch = probe.watch('/', await probe.store.head());
    const [made] = await other.write([{ key: '/a', value: valueOf(1), expected: 0 }]);
    assert.ok(made?.ok);
    assert.deepEqual(await probe.store.get('/a'), made.entry);
    await watch.has(1);
    const op = { key: '/a', value: valueOf(2), expected: made.entry.revision };
    const results = (await Promise.all([probe.store.write([op]), other.write([op])])).flat();
    assert.equal(results.filter((result) => result.ok).length, 1);
  }),
];

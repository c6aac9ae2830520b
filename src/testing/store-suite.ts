import assert from 'node:assert/strict';
import { SeededRandom } from '../env/seeded-random.ts';
import { checkChanges, checkKeys, checkLists, checkRevisions } from './store-history-check.ts';
import { StoreHistoryRecorder, type HistoryOptions, type StoreHistory } from './store-history.ts';
import { storeLifecycleCases } from './store-lifecycle-cases.ts';
import { storeListCases } from './store-list-cases.ts';
import { storeCase, type StoreCase, type StoreProbe } from './store-probe.ts';
import { storeWatchCases } from './store-watch-cases.ts';
import { storeWriteCases } from './store-write-cases.ts';
import { checkWatches } from './watch-check.ts';

/** The checkers of a history by name; each returns what it found wrong. */
export const historyChecks: Readonly<Record<string, (history: StoreHistory) => readonly string[]>> = {
  linearizable: checkKeys,
  revisions: checkRevisions,
  changes: checkChanges,
  lists: checkLists,
  watches: checkWatches,
};

/** Records a history of several clients and returns what all checkers find wrong with it. */
export async function tryHistory(
  probe: StoreProbe,
  options: Pick<HistoryOptions, 'operations' | 'clients' | 'keys' | 'pause'> & { readonly seed: number },
): Promise<readonly string[]> {
  const { seed, ...rest } = options;
  const recorder = new StoreHistoryRecorder(probe.store, {
    ...rest,
    random: new SeededRandom(seed),
    prefix: `/history-${seed}/`,
    within: (promise, what) => probe.within(promise, what),
  });
  const history = await recorder.record();
  return Object.entries(historyChecks).flatMap(([name, check]) => check(history).map((violation) => `${name}: ${violation}`));
}

/** Histories of many clients, checked for linearizability and for etcd's guarantees of watches. */
const storeHistoryCases: readonly StoreCase[] = [1, 2, 3].map((seed) =>
  storeCase(`history: 8 clients, 1,000 operations, seed ${seed}`, async (probe) => {
    assert.deepEqual(await tryHistory(probe, { seed }), []);
  }),
);

/**
 * What every `Store` must do. Bind it to the test runner at hand; each case makes its own fixture and leaves nothing behind.
 *
 * @example
 * test.each(storeSuite)('$name', ({ run }) => run(() => ({ store: new MemoryStore(), dispose: async () => undefined })));
 */
export const storeSuite: readonly StoreCase[] = [
  ...storeWriteCases,
  ...storeListCases,
  ...storeWatchCases,
  ...storeLifecycleCases,
  ...storeHistoryCases,
];

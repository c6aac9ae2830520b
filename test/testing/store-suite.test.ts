import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/stores/store.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import { StoreProbe } from '../../src/testing/store-probe.ts';
import { storeSuite, tryHistory } from '../../src/testing/store-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { broken, brokenLists, brokenPromises, brokenWatches, brokenWrites } from './broken-stores.ts';

const fixture = (store: Store, patienceMs: number): ConstructorParameters<typeof StoreProbe>[0] => ({
  store,
  patienceMs,
  dispose: async () => undefined,
});

describe('the store suite on MemoryStore', () => {
  it.each(storeSuite)('$name', async ({ run }) => {
    await expect(run(() => fixture(new MemoryStore(), patienceMs))).resolves.toBeUndefined();
  });
});

describe('the store suite on stores with a planted bug', () => {
  const failed = new Set<string>();
  for (const [bug, make] of Object.entries({ ...brokenWrites, ...brokenLists, ...brokenWatches })) {
    it(`fails: ${bug}`, async () => {
      const failures: string[] = [];
      for (const { name, run } of storeSuite) {
        await run(() => fixture(broken(make), 60)).catch(() => void failures.push(name));
      }
      for (const name of failures) failed.add(name);
      expect(failures).not.toEqual([]);
    });
  }

  const caughtBy: readonly (readonly [checker: string, bugs: typeof brokenWatches, names: readonly string[]])[] = [
    ['linearizable', brokenWrites, ['a read may be stale', 'a conflict does not say what is there']],
    ['revisions', brokenWrites, ['two writes are given one revision', 'a group is made in reverse']],
    ['changes', brokenWrites, ['now and then a write is acknowledged and not made']],
    [
      'lists',
      brokenLists,
      [
        'a list leaves out the newest',
        'a list is not sorted',
        'a list tells what each key held at first',
        'every other list is the one before',
      ],
    ],
    [
      'watches',
      brokenWatches,
      Object.keys(brokenWatches).filter((name) =>
        /^(unordered|not (unique|atomic|reliable|resumable: the|filtered|bookmarkable: progress))/.test(name),
      ),
    ],
  ];
  for (const [checker, bugs, names] of caughtBy) {
    it.each(names)(`the checker '${checker}' finds: %s`, async (bug) => {
      const probe = new StoreProbe(fixture(broken(bugs[bug]!), 500));
      await probe.open();
      const violations = await tryHistory(probe, { seed: 7 });
      expect(violations.filter((violation) => violation.startsWith(`${checker}: `))).not.toEqual([]);
    });
  }

  it.each(Object.entries(brokenPromises))('fails: %s', async (_bug, { finds, make }) => {
    const { run } = storeSuite.find(({ name }) => name === finds)!;
    await expect(run(() => ({ ...fixture(make(), 60), again: make }))).rejects.toMatchObject({ code: 'ERR_ASSERTION' });
    failed.add(finds);
  });

  it('every case has failed on one of them', () => {
    expect(storeSuite.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { StoreChange, StoreEntry } from '../../src/stores/store.ts';

interface Step {
  readonly key: number;
  readonly deletes: boolean;
}

const steps = fc.array(fc.record<Step>({ key: fc.nat(12), deletes: fc.boolean() }), { maxLength: 80 });

/** The history of a store, kept the slow way: the whole content at every revision. */
async function written(
  plan: readonly Step[],
  historyLimit: number,
): Promise<{
  readonly store: MemoryStore;
  readonly pictures: readonly (readonly StoreEntry[])[];
  readonly changes: readonly StoreChange[];
}> {
  const store = new MemoryStore({ historyLimit });
  await store.open();
  const changes: StoreChange[] = [];
  store.watch({ prefix: '', after: 0, onChanges: (told) => changes.push(...told), onError: () => undefined });
  const present = new Map<string, StoreEntry>();
  const pictures: (readonly StoreEntry[])[] = [[]];
  for (const [n, { key, deletes }] of plan.entries()) {
    const name = `/${key % 2}/${key}`;
    const [result] = await store.write([
      { key: name, value: deletes ? null : Object.freeze({ n }), expected: present.get(name)?.revision ?? 0 },
    ]);
    if (!result?.ok) continue;
    if (deletes) present.delete(name);
    else present.set(name, result.entry);
    pictures.push([...present.values()].sort((a, b) => (a.key < b.key ? -1 : 1)));
  }
  return { store, pictures, changes };
}

it('shows every revision that is kept as it was, whole, in parts and in pages', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 5 }), async (plan, historyLimit, limit) => {
      const { store, pictures } = await written(plan, historyLimit);
      const head = pictures.length - 1;
      expect(await store.head()).toBe(head);
      const oldest = Math.max(0, head - historyLimit);
      if (oldest > 0)
        await expect(store.list('', { revision: oldest - 1 })).rejects.toMatchObject({ code: 'STORE_COMPACTED', compactRevision: oldest });
      for (let revision = oldest; revision <= head; revision++) {
        const expected = pictures[revision]!;
        expect(await store.list('', { revision })).toEqual({ entries: expected, revision, more: false });
        expect((await store.list('/1/', { revision })).entries).toEqual(expected.filter(({ key }) => key.startsWith('/1/')));
        const paged: StoreEntry[] = [];
        for (let more = true; more;) {
          const after = paged.at(-1)?.key;
          const page = await store.list('', { revision, limit, ...(after === undefined ? {} : { after }) });
          paged.push(...page.entries);
          ({ more } = page);
          expect(page.remaining ?? 0).toBe(expected.length - paged.length);
        }
        expect(paged).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});

it('a watch from any revision that is kept tells the changes after it', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(80), async (plan, compacted) => {
      const { store, changes } = await written(plan, 1_000);
      await store.compact(compacted);
      const oldest = Math.min(compacted, changes.length);
      for (let after = oldest; after <= changes.length; after++) {
        const told: StoreChange[] = [];
        const watch = store.watch({ prefix: '/0/', after, onChanges: (some) => told.push(...some), onError: () => undefined });
        await Promise.resolve();
        watch.close();
        expect(told).toEqual(changes.filter(({ key, entry }) => key.startsWith('/0/') && entry.revision > after));
      }
    }),
    { numRuns: 60 },
  );
});

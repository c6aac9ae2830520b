import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cluster, configMapKind } from '../../src/index.ts';
import { deepFreeze } from '../../src/api/object.ts';
import { detached, isDeeplyFrozen } from '../../src/api/detached.ts';

/** No part of the two that could be changed is the same. */
function shareNothingMutable(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return true;
  if (a === b) return isDeeplyFrozen(a);
  return Object.entries(a).every(([key, part]) => shareNothingMutable(part, (b as Record<string, unknown>)[key]));
}

/** JSON of which some parts are frozen, through and through or by themselves. */
const partlyFrozen = fc.tuple(fc.jsonValue(), fc.infiniteStream(fc.constantFrom('not', 'here', 'through'))).map(([value, choices]) => {
  const freeze = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    for (const each of Object.values(part)) freeze(each);
    const choice = choices.next().value;
    if (choice === 'through') return deepFreeze(part);
    return choice === 'here' ? Object.freeze(part) : part;
  };
  return freeze(value);
});

test('a detached value is equal, and shares nothing that could be changed', () => {
  fc.assert(
    fc.property(partlyFrozen, (value) => {
      const own = detached(value);
      expect(own).toEqual(value);
      expect(shareNothingMutable(own, value)).toBe(true);
    }),
  );
});

test('what is frozen through and through is shared, instances of classes are left alone', () => {
  const spec = deepFreeze({ containers: [{ name: 'c' }] });
  const when = new Date(0);
  const own = detached({ spec, when });
  expect(own.spec).toBe(spec);
  expect(own.when).toBe(when);
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(() => detached(cycle)).not.toThrow();
});

test('a host may go on to use the manifest it gave, frozen in part or not', async () => {
  await using cluster = await Cluster.create({ seed: 1, nodes: [] });
  const plain = { metadata: { name: 'plain' }, data: { x: '1' } };
  const shallow = Object.freeze({ metadata: Object.freeze({ name: 'shallow' }), data: { x: '1' } });
  for (const manifest of [plain, shallow]) {
    await cluster.client.create(configMapKind, manifest);
    manifest.data.x = '2';
    const at = { namespace: 'default', name: manifest.metadata.name };
    expect(cluster.client.get(configMapKind, at)?.data).toEqual({ x: '1' });
    await cluster.client.update(configMapKind, manifest);
    manifest.data.x = '3';
    expect(cluster.client.get(configMapKind, at)?.data).toEqual({ x: '2' });
  }
});

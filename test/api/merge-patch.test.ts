import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyMergePatch, mergePatchBetween } from '../../src/api/merge-patch.ts';
import { deepFreeze } from '../../src/api/object.ts';

test.each<[string, unknown, unknown, unknown]>([
  ['sets', { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
  ['removes', { a: 1, b: 2 }, { b: null, c: null }, { a: 1 }],
  ['goes into objects', { a: { b: 1, c: 2 } }, { a: { c: null, d: 3 } }, { a: { b: 1, d: 3 } }],
  ['replaces lists', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ['drops nulls of new objects', {}, { a: { b: null, c: { d: null } } }, { a: { c: {} } }],
  ['replaces what is no object', { a: 'x' }, { a: { b: 1 } }, { a: { b: 1 } }],
  ['gives a list where the patch is one', { a: 1 }, [], []],
])('a merge patch %s', (_, document, patch, expected) => {
  expect(applyMergePatch(deepFreeze(document), patch)).toEqual(expected);
});

test('what does not change is shared, and nothing changed is the same object', () => {
  const document = deepFreeze({ a: { b: 1 }, c: { d: 2 } });
  expect((applyMergePatch(document, { c: { d: 3 } }) as typeof document).a).toBe(document.a);
  expect(applyMergePatch(document, { a: { b: 1 }, z: null })).toBe(document);
});

test.each(['x', 5, null, true])('%j is no patch', (patch) => {
  expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ status: 500, message: 'Invalid JSON Patch' }));
});

test('__proto__ is a key like another, and depth has an end', () => {
  const result = applyMergePatch({}, JSON.parse('{"__proto__":{"x":1}}'));
  expect(JSON.stringify(result)).toBe('{"__proto__":{"x":1}}');
  expect(({} as { x?: number }).x).toBeUndefined();
  expect(() => applyMergePatch({}, JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`))).toThrow('exceeded max depth');
});

const tree = fc.letrec((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, fc.string(), fc.integer(), fc.array(fc.integer(), { maxLength: 3 }), tie('root')),
  root: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('node'), { maxKeys: 4 }),
})).root as fc.Arbitrary<Record<string, unknown>>;

test('the patch between two objects makes the second of the first, and is nothing between equals', () => {
  fc.assert(
    fc.property(tree, tree, (from, to) => {
      const patch = mergePatchBetween(from, to);
      expect(JSON.stringify(sorted(patch === undefined ? from : applyMergePatch(deepFreeze(from), patch)))).toBe(
        JSON.stringify(sorted(to)),
      );
      expect(mergePatchBetween(from, structuredClone(from))).toBeUndefined();
    }),
  );
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => [key, sorted(part)]);
}

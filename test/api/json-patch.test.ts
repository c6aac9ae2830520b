import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import { describe, expect, test } from 'vitest';
import { applyJsonPatch } from '../../src/api/json-patch.ts';
import { deepFreeze } from '../../src/api/object.ts';
import { ApiError, BadRequestError } from '../../src/errors.ts';

const document = deepFreeze({ a: { b: [1, 2, 3] }, c: { d: 'x' }, 'e/f': 1, 'g~h': 2 });

test.each<[string, object[], unknown]>([
  ['add to an object', [{ op: 'add', path: '/c/e', value: 1 }], { ...document, c: { d: 'x', e: 1 } }],
  ['add into a list', [{ op: 'add', path: '/a/b/1', value: 9 }], { ...document, a: { b: [1, 9, 2, 3] } }],
  ['add at the end', [{ op: 'add', path: '/a/b/-', value: 9 }], { ...document, a: { b: [1, 2, 3, 9] } }],
  ['a negative index counts from the end', [{ op: 'add', path: '/a/b/-1', value: 9 }], { ...document, a: { b: [1, 2, 3, 9] } }],
  [
    'remove',
    [
      { op: 'remove', path: '/a/b/0' },
      { op: 'remove', path: '/c' },
    ],
    { a: { b: [2, 3] }, 'e/f': 1, 'g~h': 2 },
  ],
  ['replace sets what is not there', [{ op: 'replace', path: '/c/z', value: 1 }], { ...document, c: { d: 'x', z: 1 } }],
  [
    'escapes',
    [
      { op: 'replace', path: '/e~1f', value: 5 },
      { op: 'remove', path: '/g~0h' },
    ],
    { a: document.a, c: document.c, 'e/f': 5 },
  ],
  ['move', [{ op: 'move', from: '/a/b/0', path: '/c/d' }], { ...document, a: { b: [2, 3] }, c: { d: 1 } }],
  [
    'a copy is its own',
    [
      { op: 'copy', from: '/a', path: '/z' },
      { op: 'add', path: '/a/b/-', value: 4 },
    ],
    { ...document, a: { b: [1, 2, 3, 4] }, z: { b: [1, 2, 3] } },
  ],
  ['test for null of what is not there', [{ op: 'test', path: '/c/none', value: null }], document],
])('%s', (_, patch, expected) => {
  expect(applyJsonPatch(document, patch)).toEqual(expected);
});

test('what is not touched is shared', () => {
  const result = applyJsonPatch(document, [{ op: 'add', path: '/c/e', value: 1 }]) as typeof document;
  expect(result.a).toBe(document.a);
});

test.each([
  ['no such list place', { op: 'add', path: '/a/b/9', value: 1 }, 'invalid index: 9'],
  ['no index', { op: 'replace', path: '/a/b/x', value: 1 }, 'invalid syntax'],
  ['no such path', { op: 'add', path: '/x/y', value: 1 }, 'doc is missing path: "/x/y"'],
  ['nothing to remove', { op: 'remove', path: '/x' }, 'nonexistent key: x'],
  ['the root', { op: 'replace', path: '', value: {} }, 'missing path'],
  ['no path', { op: 'add', value: 1 }, 'operation missing path field'],
  ['an unknown operation', { op: 'bogus', path: '/a' }, 'Unexpected kind: bogus'],
  ['a failed test', { op: 'test', path: '/c/d', value: 'y' }, 'testing value /c/d failed'],
  ['a prototype', { op: 'add', path: '/constructor/prototype/x', value: 1 }, 'missing path'],
])('%s is refused as Kubernetes does, with the reason as the cause', (_, operation, words) => {
  const attempt = (): unknown => applyJsonPatch(document, [operation]);
  expect(attempt).toThrow(
    expect.objectContaining({
      status: 422,
      reason: 'Invalid',
      cause: expect.objectContaining({ message: expect.stringContaining(words) as string }) as Error,
    }),
  );
});

test('what is no patch is a bad request', () => {
  expect(() => applyJsonPatch(document, 'x')).toThrow('json: cannot unmarshal string into Go value of type jsonpatch.Patch');
  expect(() => applyJsonPatch(document, {})).toThrow('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  expect(() => applyJsonPatch(document, [1])).toThrow(BadRequestError);
});

describe('limits', () => {
  test('ten thousand operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/c/d', value: 'x' }));
    expect(() => applyJsonPatch(document, patch)).toThrow(expect.objectContaining({ status: 413 }));
    expect(applyJsonPatch(document, patch.slice(1))).toEqual(document);
  });

  test('copies of copies stop at three megabytes', () => {
    const patch = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/c', path: `/c/x${i}` }));
    expect(() => applyJsonPatch({ c: { d: 'x'.repeat(1000) } }, patch)).toThrow(ApiError);
  });

  test('__proto__ is a key like another', () => {
    const patch = JSON.parse('[{"op":"add","path":"/__proto__","value":{"x":1}},{"op":"add","path":"/__proto__/y","value":2}]') as object;
    const result = applyJsonPatch({}, patch) as object;
    expect(JSON.stringify(result)).toBe('{"__proto__":{"x":1,"y":2}}');
    expect(({} as { y?: number }).y).toBeUndefined();
  });
});

describe('against another implementation', () => {
  const value = fc.jsonValue({ maxDepth: 2 }).filter((v) => !JSON.stringify(v).includes('__proto__'));
  const key = fc.constantFrom('a', 'b', '0', 'a~1b');
  const path = fc.array(key, { minLength: 1, maxLength: 2 }).map((keys) => `/${keys.join('/')}`);
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path, value }),
    fc.record({ op: fc.constant('remove' as const), path }),
    fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), path, from: path }),
  );
  const container = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '0', 'a/b'), tie('node')),
    ),
    root: fc.dictionary(fc.constantFrom('a', 'b', 'a/b'), tie('node')),
  })).root;

  test('where the other follows the RFC and so do we, the results are the same', () => {
    let compared = 0;
    fc.assert(
      fc.property(container, fc.array(operation, { minLength: 1, maxLength: 3 }), (doc, patch) => {
        let expected: unknown;
        try {
          expected = fastJsonPatch.applyPatch(structuredClone(doc), structuredClone(patch) as Operation[], true).newDocument;
        } catch {
          return;
        }
        expect(applyJsonPatch(deepFreeze(doc), patch)).toEqual(expected);
        compared += 1;
      }),
      { numRuns: 2000, seed: 20240501 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('a difference found by the other is made by us', () => {
    fc.assert(
      fc.property(container, container, (from, to) => {
        expect(applyJsonPatch(deepFreeze(from), fastJsonPatch.compare(from as object, to as object))).toEqual(to);
      }),
      { numRuns: 500 },
    );
  });
});

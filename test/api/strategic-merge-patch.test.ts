import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deepFreeze } from '../../src/api/object.ts';
import { SchemaTable } from '../../src/api/schema.ts';
import { StrategicMerge } from '../../src/api/strategic-merge-patch.ts';

const merge = new StrategicMerge(new SchemaTable());
type PodSpecLike = { containers: { name: string; image?: string; env?: { name: string; value?: string }[] }[]; [key: string]: unknown };

const spec: PodSpecLike = deepFreeze({
  containers: [
    {
      name: 'a',
      image: '1',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
    { name: 'b', image: '1' },
    { name: 'c', image: '1' },
  ],
  nodeSelector: { zone: 'x' },
  volumes: [{ name: 'v', emptyDir: {} }],
});
const patched = (patch: object): PodSpecLike => merge.apply(spec, patch, 'PodSpec') as PodSpecLike;
const names = (patch: object): string[] => patched(patch).containers.map((c) => c.name);

describe('lists with a merge key', () => {
  test('elements are merged, new ones come after', () => {
    expect(
      patched({
        containers: [
          { name: 'b', image: '2' },
          { name: 'd', image: '1' },
        ],
      }).containers,
    ).toEqual([...spec.containers.slice(0, 1), { name: 'b', image: '2' }, { name: 'd', image: '1' }, spec.containers[2]]);
    expect(patched({ containers: [{ name: 'a', env: [{ name: 'B', value: '3' }] }] }).containers[0]!.env).toEqual([
      { name: 'A', value: '1' },
      { name: 'B', value: '3' },
    ]);
  });

  test('$patch: delete and replace', () => {
    expect(names({ containers: [{ name: 'b', $patch: 'delete' }] })).toEqual(['a', 'c']);
    expect(names({ containers: [{ $patch: 'replace' }, { name: 'z' }] })).toEqual(['z']);
    expect(() => patched({ containers: [{ $patch: 'delete' }] })).toThrow('does not contain declared merge key: name');
    expect(() => patched({ containers: [{ name: 'a', $patch: 'merge' }] })).toThrow('merging lists cannot yet be specified in the patch');
    expect(() => patched({ containers: [{ name: 'a', $patch: 'bogus' }] })).toThrow(
      'unknown patch type: bogus in map: map[$patch:bogus name:a]',
    );
  });

  test('$setElementOrder', () => {
    expect(names({ '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }, { name: 'b' }] })).toEqual(['c', 'a', 'b']);
    expect(names({ '$setElementOrder/containers': [{ name: 'd' }, { name: 'a' }], containers: [{ name: 'd' }] })).toEqual([
      'd',
      'a',
      'b',
      'c',
    ]);
    expect(names({ '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b', $patch: 'delete' }] })).toEqual(['a', 'c']);
    expect(() => patched({ '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b', image: 'n' }] })).toThrow(
      "doesn't match $setElementOrder list",
    );
    expect(() => patched({ '$setElementOrder/containers': 1 })).toThrow('expected a []interface {}, but received a int64');
  });

  test('an element without the key is refused', () => {
    expect(() => patched({ containers: [{ image: 'x' }] })).toThrow(
      expect.objectContaining({ status: 500, message: 'map: map[image:x] does not contain declared merge key: name' }),
    );
  });
});

describe('maps', () => {
  test('are merged; null removes', () => {
    expect(patched({ nodeSelector: { disk: 'ssd' }, volumes: null })).toEqual({
      containers: spec.containers,
      nodeSelector: { zone: 'x', disk: 'ssd' },
    });
  });

  test('$patch: replace and delete', () => {
    expect(patched({ nodeSelector: { $patch: 'replace', a: 'b' } }).nodeSelector).toEqual({ a: 'b' });
    expect(patched({ nodeSelector: { $patch: 'delete' } }).nodeSelector).toEqual({});
    expect(() => patched({ $patch: 'bogus' })).toThrow('unknown patch type: bogus');
  });

  test('$retainKeys clears what it does not name', () => {
    expect(patched({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] }).volumes).toEqual([
      { name: 'v', hostPath: { path: '/x' } },
    ]);
    expect(() => patched({ volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: { path: '/x' } }] })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  test('directives do not reach an object that has nothing to merge with', () => {
    expect(
      patched({
        tolerations: [{ key: 'a' }, { $patch: 'delete', key: 'b' }],
        securityContext: { $patch: 'replace', runAsUser: 1, fsGroup: null },
      }),
    ).toMatchObject({
      tolerations: [{ key: 'a' }],
      securityContext: { runAsUser: 1 },
    });
  });
});

describe('lists of scalars', () => {
  const meta = deepFreeze({ name: 'x', finalizers: ['a/x', 'b/x'] });

  test('are merged as sets, and elements can be deleted', () => {
    expect(merge.apply(meta, { finalizers: ['c/x', 'a/x'] }, 'ObjectMeta').finalizers).toEqual(
      expect.arrayContaining(['a/x', 'b/x', 'c/x']),
    );
    expect(merge.apply(meta, { '$deleteFromPrimitiveList/finalizers': ['a/x'] }, 'ObjectMeta').finalizers).toEqual(['b/x']);
    expect(() => merge.apply(meta, { finalizers: [{ $patch: 'replace' }] }, 'ObjectMeta')).toThrow(
      'list element types are not identical: [[a/x b/x] [map[$patch:replace]]]',
    );
  });
});

test.each(['x', 5, [], true])('%j is no patch', (patch) => {
  expect(() => merge.apply(spec, patch, 'PodSpec')).toThrow(
    expect.objectContaining({ status: 400, message: expect.stringContaining('into Go value of type map[string]interface {}') as string }),
  );
});

test('a patch applied twice changes nothing more, and what it sets is there', () => {
  const container = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    image: fc.constantFrom('1', '2'),
    env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.string() }), { selector: (e) => e.name }),
  });
  const podSpec = fc.record({
    containers: fc.uniqueArray(container, { selector: (c) => c.name, maxLength: 5 }),
    nodeSelector: fc.dictionary(fc.constantFrom('x', 'y'), fc.string()),
  });
  fc.assert(
    fc.property(podSpec, podSpec, (original, patch) => {
      const once = merge.apply(deepFreeze(original), deepFreeze(patch), 'PodSpec') as typeof original;
      expect(merge.apply(once, patch, 'PodSpec')).toEqual(once);
      expect(new Set(once.containers.map((c) => c.name)).size).toBe(once.containers.length);
      for (const c of patch.containers) expect(once.containers.find((o) => o.name === c.name)?.image).toBe(c.image);
      expect(once.nodeSelector).toEqual({ ...original.nodeSelector, ...patch.nodeSelector });
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldOwnership } from '../../src/api/field-ownership.ts';
import { ObjectDecoder } from '../../src/api/object-decoder.ts';
import { ObjectPatcher } from '../../src/api/object-patcher.ts';
import { deepFreeze } from '../../src/api/object.ts';
import type { StoredObject } from '../../src/api/object.ts';
import { SchemaTable } from '../../src/api/schema.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { podKind } from '../../src/kinds/pod.ts';
import type { Patch } from '../../src/api/client.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';

const table = new SchemaTable();
const decoder = new ObjectDecoder(table);
const kind = configMapKind as KindDescriptor;
const ownership = new FieldOwnership({ table, clock: new ManualClock(), structure: (k) => decoder.structure(k) });
const patcher = new ObjectPatcher(table, ownership);
const at = { namespace: 'default', name: 'x' };

const stored = (data: object, metadata: object = {}): StoredObject =>
  deepFreeze({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2024-01-01T00:00:00Z', ...metadata },
    data,
  });

describe('what is accounted for', () => {
  test('a create that names its manager, and whatever comes after', () => {
    const created = ownership.track(kind, undefined, stored({ a: '1' }), { fieldManager: 'me', trackFields: true, subresource: '' });
    expect(created.metadata.managedFields).toMatchObject([
      { manager: 'me', operation: 'Update', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } },
    ]);
    const updated = ownership.track(kind, created, { ...created, data: { a: '2' } } as StoredObject, {
      subresource: '',
      identity: { name: 'ctl', groups: [], role: 'controller' },
    });
    expect(updated.metadata.managedFields!.map((e) => e.manager)).toEqual(['ctl', 'me']);
  });

  test('Pods of one frozen spec as if each had a spec of its own', () => {
    const pods = podKind as unknown as KindDescriptor;
    const spec = deepFreeze({ containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }] });
    const keys = fc.dictionary(fc.constantFrom('a', 'b', 'c.d/e'), fc.constantFrom('', 'x', 'y'));
    const metadata = fc.record(
      {
        labels: keys,
        annotations: keys,
        generateName: fc.constantFrom('g-', 'h-'),
        finalizers: fc.subarray(['x/y', 'x/z']),
        ownerReferences: fc.subarray(['u', 'v']).map((uids) => uids.map((uid) => ({ uid, name: uid, kind: 'K', apiVersion: 'v1' }))),
      },
      { requiredKeys: [] },
    );
    const options = fc.record({ fieldManager: fc.constantFrom('me', 'you'), trackFields: fc.constant(true), subresource: fc.constant('') });
    fc.assert(
      fc.property(fc.array(fc.tuple(metadata, options), { minLength: 2, maxLength: 8 }), (creates) => {
        for (const [meta, given] of creates) {
          const fields = (own: object): unknown => {
            const next = { apiVersion: 'v1', kind: 'Pod', metadata: stored({}, meta).metadata, spec: own, status: { phase: 'Pending' } };
            return ownership.track(pods, undefined, next, given).metadata.managedFields;
          };
          expect(fields(spec)).toEqual(fields(structuredClone(spec)));
        }
      }),
    );
  });

  test('nothing that the cluster makes for itself', () => {
    const created = stored({ a: '1' });
    expect(ownership.track(kind, undefined, created, { subresource: '' })).toBe(created);
    const next = stored({ a: '2' });
    expect(ownership.track(kind, created, next, { subresource: '' })).toBe(next);
  });
});

describe('applying', () => {
  const apply = (config: object, options: object = { fieldManager: 'm' }): unknown =>
    patcher.apply(kind, undefined, { type: 'apply', patch: config }, { ...options, subresource: '', at });

  test('needs a field manager', () => {
    expect(() => apply({}, {})).toThrow(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  });

  test('of another kind is refused', () => {
    expect(() => apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })).toThrow(expect.objectContaining({ status: 500 }));
  });

  test('creates', () => {
    expect(apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1' } })).toMatchObject({
      data: { a: '1' },
      metadata: { managedFields: [{ operation: 'Apply' }] },
    });
  });
});

test.each<[string, Patch, number, string]>([
  [
    'another name',
    { type: 'merge', patch: { metadata: { name: 'q' } } },
    400,
    'the name of the object (q) does not match the name on the URL (x)',
  ],
  [
    'no name',
    { type: 'merge', patch: { metadata: null } },
    400,
    'the name of the object (x based on URL) was undeterminable: name must be provided',
  ],
  [
    'another namespace',
    { type: 'merge', patch: { metadata: { namespace: 'q' } } },
    400,
    'the namespace of the object (q) does not match the namespace on the request (default)',
  ],
  ['another kind', { type: 'json', patch: [{ op: 'replace', path: '/kind', value: 'Secret' }] }, 422, 'is invalid: patch: Invalid value'],
  ['a list', { type: 'merge', patch: [] }, 422, 'is invalid: patch: Invalid value: "[]"'],
])('a patch to %s is refused', (_, patch, status, message) => {
  expect(() => patcher.apply(kind, stored({}), patch, { subresource: '', at })).toThrow(
    expect.objectContaining({ status, message: expect.stringContaining(message) as string }),
  );
});

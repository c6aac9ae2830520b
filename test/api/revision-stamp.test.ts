import { expect, test } from 'vitest';
import { deepFreeze, type KubeObject } from '../../src/api/object.ts';
import { stampRevision } from '../../src/api/revision-stamp.ts';

const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: 'u', controller: true };
const made = {
  labels: { app: 'web' },
  namespace: 'default',
  generateName: 'web-',
  ownerReferences: [owner],
  name: 'web-1',
  uid: 'uid-1',
  creationTimestamp: '2030-01-01T00:00:00Z',
};
const { generateName: _generateName, ...unnamed } = made;

/** What a stamp is, whatever the object: a copy that knows its revision. */
const plain = (object: KubeObject, revision: number): object => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});

test.each([
  [
    'a pod that a controller made',
    { apiVersion: 'v1', kind: 'Pod', metadata: made, spec: { containers: [] }, status: { phase: 'Pending' } },
  ],
  ['one without a status', { apiVersion: 'v1', kind: 'Pod', metadata: made, spec: { containers: [] } }],
  ['one with an annotation', { apiVersion: 'v1', kind: 'Pod', metadata: { ...made, annotations: { a: 'b' } }, spec: {}, status: {} }],
  ['one that is being deleted', { metadata: { ...made, deletionTimestamp: made.creationTimestamp }, spec: {}, status: {} }],
  ['one with a name of its own', { apiVersion: 'v1', kind: 'Pod', metadata: { ...unnamed, generation: 1 }, spec: {}, status: {} }],
  ['one with data besides', { apiVersion: 'v1', kind: 'X', metadata: made, spec: {}, status: {}, data: {} }],
  ['a ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a: 'b' } }],
])('the stamp of %s says the same in the same order, and is frozen', (_, object) => {
  for (const given of [object, deepFreeze(structuredClone(object))]) {
    const once = stampRevision(given, 7) as KubeObject;
    expect(JSON.stringify(once)).toBe(JSON.stringify(plain(given as KubeObject, 7)));
    const twice = stampRevision(once, 8) as KubeObject;
    expect(JSON.stringify(twice)).toBe(JSON.stringify(plain(once, 8)));
    expect(Object.isFrozen(twice) && Object.isFrozen(twice.metadata)).toBe(true);
  }
});

test('what has no metadata is left as it is', () => {
  const value = { text: 'hello' };
  expect(stampRevision(value, 1)).toBe(value);
});

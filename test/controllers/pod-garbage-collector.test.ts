import { expect, test } from 'vitest';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import { View } from '../../src/api/view.ts';
import { podGarbageCollector } from '../../src/controllers/pod-garbage-collector.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import type { StoreChange } from '../../src/stores/store.ts';

const podOf = (i: number, phase: string, more: object = {}): StoredObject =>
  deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'default',
      name: `p${i}`,
      uid: `u${i}`,
      resourceVersion: `${i}`,
      creationTimestamp: '2030-01-01T00:00:00Z',
      ...more,
    },
    status: { phase },
  }) as StoredObject;

function viewOf(pods: readonly StoredObject[]): View {
  const view = new View([podKind, nodeKind] as never);
  const changes = pods.map((value, i): StoreChange => {
    const key = `core/pods/default/${value.metadata.name}`;
    return { type: 'put', key, entry: { key, value, revision: i + 1, createRevision: i + 1 }, previous: undefined };
  });
  view.ingest(changes);
  return view;
}

const [trigger] = podGarbageCollector.triggers.filter(({ kind }) => kind !== 'any' && kind.kind === 'Pod');
const keysOf = (object: StoredObject, view: View): readonly string[] => [
  ...trigger!.keys({ kind: podKind, type: 'modified', object, previous: undefined } as never, view),
];

test('ended pods are gone through when there are too many of them, not when there are many that run', () => {
  const many = viewOf(Array.from({ length: 12_502 }, (_, i) => podOf(i, i < 12_501 ? 'Succeeded' : 'Running')));
  expect(keysOf(podOf(0, 'Succeeded'), many)).toEqual(['ended']);
  expect(keysOf(podOf(0, 'Failed', { deletionTimestamp: '2030-01-01T00:00:00Z' }), many)).toEqual([]);
  expect(keysOf(podOf(0, 'Running'), many)).toEqual([]);
  const busy = viewOf(Array.from({ length: 12_502 }, (_, i) => podOf(i, i < 3 ? 'Succeeded' : 'Running')));
  expect(keysOf(podOf(0, 'Succeeded'), busy)).toEqual([]);
  const { writes } = podGarbageCollector.reconcile(many, 'ended', 0);
  expect(writes).toHaveLength(1);
});

test('ended pods that are too many go together, every 20 seconds, the oldest first', () => {
  const view = viewOf(
    Array.from({ length: 12_503 }, (_, i) => podOf(i, 'Failed', i === 7 ? { creationTimestamp: '2029-01-01T00:00:00Z' } : {})),
  );
  const first = podGarbageCollector.reconcile(view, 'ended', 5_000);
  expect(first.writes).toMatchObject([{ verb: 'delete', object: { metadata: { name: 'p7' } } }, {}, {}]);
  for (const { table, key, value } of first.notes ?? []) view.sideTable(table).set(key, value);
  expect(podGarbageCollector.reconcile(view, 'ended', 6_000)).toEqual({ writes: [], requeueAfterMs: 19_000 });
  expect(podGarbageCollector.reconcile(view, 'ended', 25_000).writes).toHaveLength(3);
  expect(podGarbageCollector.reconcile(view, 'ended', 0).writes).toHaveLength(3);
});

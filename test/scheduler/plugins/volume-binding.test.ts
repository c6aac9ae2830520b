import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../../src/api/object.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored } from '../small-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const claim = (name: string, spec: object = {}, status: object = { phase: 'Bound' }, metadata: object = {}) =>
  stored(
    'PersistentVolumeClaim',
    { name, namespace: 'default', ...metadata },
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec }, status },
  );
const volume = (name: string, spec: object = {}, labels: Record<string, string> = {}) =>
  stored(
    'PersistentVolume',
    { name, labels },
    { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec }, status: { phase: 'Available' } },
  );
const storageClass = (name: string, rest: object) =>
  stored('StorageClass', { name }, { provisioner: 'example.com/disk', ...rest }, 'storage.k8s.io/v1');
const onNode = (name: string) => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }] },
  },
});
const using = (name: string, ...claims: string[]) =>
  aPod(name, { spec: { volumes: claims.map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } })) } });

function cluster(...objects: readonly StoredObject[]): SmallCluster {
  return new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), ...objects);
}
const why = (c: SmallCluster, name = 'p') =>
  c
    .messages(name)
    .at(-1)
    ?.replace(/ preemption:.*/, '');

describe('claims that are bound', () => {
  test('send the pod where their volume can be used', () => {
    const c = cluster(claim('data', { volumeName: 'pv' }), volume('pv', onNode('b'))).put(using('p', 'data'));
    expect(c.settle().nodeOf('p')).toBe('b');
  });

  test('to volumes on different nodes, or to none, keep it waiting', () => {
    const c = cluster(
      claim('x', { volumeName: 'pv-a' }),
      claim('y', { volumeName: 'pv-b' }),
      volume('pv-a', onNode('a')),
      volume('pv-b', onNode('b')),
      claim('z', { volumeName: 'gone' }),
    );
    c.put(using('p', 'x', 'y'), using('q', 'z')).settle();
    expect(why(c)).toBe("0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.");
    expect(why(c, 'q')).toBe('0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).');
    c.put(volume('gone')).advance(1_000);
    expect(c.nodeOf('q')).not.toBe('');
  });

  test('to labelled volumes keep to the zone', () => {
    const c = new SmallCluster(
      new DefaultScheduler(),
      aNode('a', { labels: { [zoneKey]: 'z1' } }),
      aNode('b', { labels: { [zoneKey]: 'z2' } }),
    );
    c.put(
      claim('data', { volumeName: 'pv' }),
      volume('pv', {}, { [zoneKey]: 'z2__z3' }),
      claim('other', { volumeName: 'pv2' }),
      volume('pv2', {}, { [zoneKey]: 'z9' }),
    );
    c.put(using('p', 'data'), using('q', 'other')).settle();
    expect(c.nodeOf('p')).toBe('b');
    expect(why(c, 'q')).toBe('0/2 nodes are available: 2 node(s) had no available volume zone.');
  });
});

describe('claims that are not', () => {
  test.each<[string, StoredObject[], string]>([
    ['is not there', [], 'persistentvolumeclaim "data" not found'],
    [
      'is lost',
      [claim('data', { volumeName: 'pv' }, { phase: 'Lost' })],
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"',
    ],
    ['is going', [claim('data', {}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })], 'persistentvolumeclaim "data" is being deleted'],
    ['should be bound at once', [claim('data', {}, { phase: 'Pending' })], 'pod has unbound immediate PersistentVolumeClaims'],
  ])('one that %s', (_what, objects, reason) => {
    const c = cluster(...objects)
      .put(using('p', 'data'))
      .settle();
    expect(why(c)).toBe(`0/2 nodes are available: ${reason}.`);
  });

  test('get, once the node is known, the smallest volume that will do there, each its own', () => {
    const local = storageClass('local', { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' });
    const pv = (name: string, node: string, storage: string) =>
      volume(name, { ...onNode(node), storageClassName: 'local', capacity: { storage } });
    const c = cluster(local, pv('big', 'b', '10Gi'), pv('small', 'b', '2Gi'), pv('tiny', 'a', '100Mi'));
    c.put(
      claim('x', { storageClassName: 'local' }, { phase: 'Pending' }),
      claim('y', { storageClassName: 'local' }, { phase: 'Pending' }),
      claim('z', { storageClassName: 'local' }, { phase: 'Pending' }),
    );
    c.put(using('p', 'x'), using('q', 'y'), using('r', 'z')).settle();
    expect(['p', 'q', 'r'].map((name) => c.nodeOf(name))).toEqual(['b', 'b', '']);
    const promised = c.writes.flatMap((write) => (write.verb === 'update' && write.kind.kind === 'PersistentVolume' ? [write.object] : []));
    expect(
      promised.map((object) => [object.metadata?.name, (object as { spec?: { claimRef?: { name?: string } } }).spec?.claimRef?.name]),
    ).toEqual([
      ['small', 'x'],
      ['big', 'y'],
    ]);
    expect(why(c, 'r')).toBe("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.");
  });

  test('are told the node for which a volume is to be made, if it may be made there', () => {
    const zoned = storageClass('zoned', {
      volumeBindingMode: 'WaitForFirstConsumer',
      allowedTopologies: [{ matchLabelExpressions: [{ key: zoneKey, values: ['z2'] }] }],
    });
    const c = new SmallCluster(
      new DefaultScheduler(),
      aNode('a', { labels: { [zoneKey]: 'z1' } }),
      aNode('b', { labels: { [zoneKey]: 'z2' } }),
      zoned,
    );
    c.put(claim('data', { storageClassName: 'zoned' }, { phase: 'Pending' }), using('p', 'data')).settle();
    expect(c.nodeOf('p')).toBe('b');
    expect(c.get('PersistentVolumeClaim', 'data').metadata.annotations).toEqual({ 'volume.kubernetes.io/selected-node': 'b' });
    expect(c.writes.map(({ verb }) => verb)).toEqual(['update', 'bind']);
  });

  test('if the promise cannot be written nothing is bound, and what was promised is free again', () => {
    const local = storageClass('local', { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' });
    const c = cluster(local, volume('pv', { storageClassName: 'local' }), claim('x', { storageClassName: 'local' }, { phase: 'Pending' }));
    let failures = 0;
    c.fault = (write) => (write.verb === 'update' && failures++ === 0 ? new Error('not now') : undefined);
    c.put(using('p', 'x')).settle();
    expect([c.nodeOf('p'), c.messages('p')]).toEqual(['', ['binding rejected: not now']]);
    c.advance(1_000);
    expect(c.nodeOf('p')).not.toBe('');
  });
});

test('a claim for one pod alone is for one pod alone', () => {
  const c = cluster(claim('data', { volumeName: 'pv', accessModes: ['ReadWriteOncePod'] }), volume('pv'));
  c.put(using('p', 'data'), using('q', 'data')).settle();
  expect([c.nodeOf('p') === '', c.nodeOf('q')]).toEqual([false, '']);
  expect(why(c, 'q')).toBe(
    '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
  );
  c.remove('Pod', 'p');
  c.advance(1_000);
  expect(c.nodeOf('q')).not.toBe('');
});

test('a disk is written from one node at a time', () => {
  const disk = (name: string, readOnly: boolean) =>
    aPod(name, { spec: { volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'disk', readOnly } }] } });
  const c = new SmallCluster(new DefaultScheduler(), aNode('a')).put(disk('r1', true), disk('r2', true), disk('w', false)).settle();
  expect(['r1', 'r2', 'w'].map((name) => c.nodeOf(name))).toEqual(['a', 'a', '']);
  expect(why(c, 'w')).toBe('0/1 nodes are available: 1 node(s) had no available disk.');
});

test('a volume of its own has to be made for the pod first', () => {
  const c = cluster().put(aPod('p', { spec: { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } }] } }));
  c.settle();
  expect(why(c)).toBe('0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch".');
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: c.pod('p').metadata.uid, controller: true };
  c.put(claim('p-scratch', { volumeName: 'pv' }, { phase: 'Bound' }, { ownerReferences: [owner] }), volume('pv')).advance(1_000);
  expect(c.nodeOf('p')).not.toBe('');
});

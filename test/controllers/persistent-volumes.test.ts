import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PersistentVolumeClaimSpec, PersistentVolumeSpec, PodSpec } from '../../src/api/generated/models.ts';
import { Cluster } from '../../src/index.ts';
import { localProvisioner } from '../../src/kinds/persistent-volume/local-volumes.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../src/kinds/persistent-volume.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { storageClassKind } from '../../src/kinds/storage-class.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process/index.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const namespace = 'default';
const claimOf = (spec: Partial<PersistentVolumeClaimSpec> = {}, name = 'data') => ({
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const volumeOf = (name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}) => ({
  metadata: { name, labels: { disk: name } },
  spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/tmp/${name}` }, ...spec },
});
const podUsing = (claim: string, spec: Partial<PodSpec> = {}) => ({
  metadata: { name: 'p', namespace },
  spec: {
    containers: [{ name: 'c', image: 'app', volumeMounts: [{ name: 'v', mountPath: '/data' }] }],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }],
    ...spec,
  },
});
const claim = (cluster: Cluster, name = 'data') => cluster.view.get(persistentVolumeClaimKind, namespace, name);
const volume = (cluster: Cluster, name: string) => cluster.view.get(persistentVolumeKind, undefined, name);

async function withClass(volumeBindingMode: string, reclaimPolicy = 'Delete'): Promise<Cluster> {
  const cluster = await smallCluster();
  await cluster.client.create(storageClassKind, {
    metadata: { name: 'local' },
    provisioner: localProvisioner,
    volumeBindingMode,
    reclaimPolicy,
  });
  return cluster;
}

test('a claim gets the smallest volume that will do, and both say so', async () => {
  await using cluster = await smallCluster();
  for (const [name, size] of [
    ['big', '5Gi'],
    ['small', '500Mi'],
    ['right', '2Gi'],
  ] as const)
    await cluster.client.create(persistentVolumeKind, volumeOf(name, size));
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '' }));
  await cluster.settle();
  expect(claim(cluster)).toMatchObject({
    metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } },
    spec: { volumeName: 'right' },
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' } },
  });
  expect(volume(cluster, 'right')).toMatchObject({ spec: { claimRef: { namespace, name: 'data' } }, status: { phase: 'Bound' } });
  expect(volume(cluster, 'big')?.status?.phase).toBe('Available');
  const { revision } = cluster.view;
  await cluster.settle();
  expect(cluster.view.revision).toBe(revision);
});

test.each([
  ['class', { storageClassName: 'fast' }],
  ['access mode', { storageClassName: '', accessModes: ['ReadWriteMany'] }],
  ['selector', { storageClassName: '', selector: { matchLabels: { disk: 'other' } } }],
  ['size', { storageClassName: '', resources: { requests: { storage: '9Gi' } } }],
] as const)('a claim that does not fit waits: %s', async (_case, spec) => {
  await using cluster = await smallCluster();
  await cluster.client.create(persistentVolumeKind, volumeOf('v', '5Gi'));
  await cluster.client.create(persistentVolumeClaimKind, claimOf(spec));
  await cluster.settle();
  expect(claim(cluster)?.status?.phase).toBe('Pending');
  expect(volume(cluster, 'v')?.status?.phase).toBe('Available');
});

test('a claim may name its volume, a volume its claim', async () => {
  await using cluster = await smallCluster();
  await cluster.client.create(persistentVolumeKind, volumeOf('named', '5Gi'));
  await cluster.client.create(persistentVolumeKind, volumeOf('promised', '9Gi', { claimRef: { namespace, name: 'b' } }));
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '', volumeName: 'named' }, 'a'));
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '' }, 'b'));
  await cluster.settle();
  expect([claim(cluster, 'a')?.status?.phase, claim(cluster, 'b')?.spec?.volumeName]).toEqual(['Bound', 'promised']);
});

test('Retain: a volume whose claim is gone is Released, and nobody gets it', async () => {
  await using cluster = await smallCluster();
  await cluster.client.create(persistentVolumeKind, volumeOf('v', '5Gi', { persistentVolumeReclaimPolicy: 'Retain' }));
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '' }));
  await cluster.settle();
  await cluster.client.delete(persistentVolumeClaimKind, { namespace, name: 'data' });
  await cluster.settle();
  expect(claim(cluster)).toBeUndefined();
  expect(volume(cluster, 'v')?.status?.phase).toBe('Released');
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '' }));
  await cluster.settle();
  expect(claim(cluster)?.status?.phase).toBe('Pending');
});

test('a bound claim whose volume is taken away is Lost', async () => {
  await using cluster = await smallCluster();
  await cluster.client.create(persistentVolumeKind, volumeOf('v', '5Gi'));
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: '' }));
  await cluster.settle();
  await cluster.client.delete(persistentVolumeKind, { namespace: undefined, name: 'v' });
  await cluster.settle();
  expect(volume(cluster, 'v')?.metadata.deletionTimestamp).toBeDefined();
  const bound = volume(cluster, 'v')!;
  await cluster.client.update(persistentVolumeKind, { ...bound, metadata: { ...bound.metadata, finalizers: [] } });
  await cluster.settle();
  expect(claim(cluster)?.status?.phase).toBe('Lost');
});

test('the local provisioner makes a volume on a node, and takes it away with its claim', async () => {
  await using cluster = await withClass('Immediate');
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: 'local' }));
  await cluster.settle();
  const name = claim(cluster)!.spec!.volumeName!;
  expect(claim(cluster)?.status?.phase).toBe('Bound');
  expect(volume(cluster, name)?.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values).toEqual(['n1']);
  expect(reasonsOf(cluster, 'data')).toContain('ProvisioningSucceeded');
  await cluster.client.delete(persistentVolumeClaimKind, { namespace, name: 'data' });
  await cluster.settle();
  expect([claim(cluster), volume(cluster, name)]).toEqual([undefined, undefined]);
});

test('WaitForFirstConsumer: the volume is made where the Pod goes, and the claim stays while it is used', async () => {
  await using cluster = await withClass('WaitForFirstConsumer');
  await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: 'local' }));
  await cluster.settle();
  expect(claim(cluster)?.status?.phase).toBe('Pending');
  expect(reasonsOf(cluster, 'data')).toContain('WaitForFirstConsumer');
  await cluster.client.create(podKind, podUsing('data'));
  await cluster.advance('10s');
  expect(claim(cluster)?.status?.phase).toBe('Bound');
  expect(cluster.view.get(podKind, namespace, 'p')?.status?.phase).toBe('Running');
  await cluster.client.delete(persistentVolumeClaimKind, { namespace, name: 'data' });
  await cluster.advance('10s');
  expect(claim(cluster)?.metadata.deletionTimestamp).toBeDefined();
  await cluster.client.delete(podKind, { namespace, name: 'p' });
  await cluster.advance('1m');
  expect(claim(cluster)).toBeUndefined();
});

test('a generic ephemeral volume lives as long as its Pod; the default class is taken', async () => {
  await using cluster = await smallCluster();
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await cluster.client.create(storageClassKind, { metadata: { name: 'std', annotations }, provisioner: localProvisioner });
  const { accessModes, resources } = claimOf().spec;
  const volumes = [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { accessModes, resources } } } }];
  await cluster.client.create(podKind, podUsing('', { volumes }));
  await cluster.advance('10s');
  expect(claim(cluster, 'p-v')).toMatchObject({ spec: { storageClassName: 'std' }, status: { phase: 'Bound' } });
  expect(cluster.view.get(podKind, namespace, 'p')?.status?.phase).toBe('Running');
  await cluster.client.delete(podKind, { namespace, name: 'p' });
  await cluster.advance('1m');
  expect(claim(cluster, 'p-v')).toBeUndefined();
});

test('a folder for each volume: what one Pod writes the next one reads, and it goes with the claim', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'volumes-test-'));
  try {
    const runtime = new InProcessRuntime({ images: {} });
    await using cluster = await Cluster.create({ stateDir, proxy: 'none', nodes: [{ name: 'n1', runtime }] });
    await cluster.client.create(storageClassKind, { metadata: { name: 'local' }, provisioner: localProvisioner });
    await cluster.client.create(persistentVolumeClaimKind, claimOf({ storageClassName: 'local' }));
    await cluster.client.create(podKind, podUsing('data'));
    const folder = join(stateDir, 'n1', 'persistent');
    await cluster.client.waitFor(
      'the folder of the volume',
      () => (existsSync(folder) && readdirSync(folder).length === 1 ? true : undefined),
      () => '',
      {},
    );
    await cluster.client.delete(podKind, { namespace, name: 'p' }, { gracePeriodSeconds: 0 });
    await cluster.client.delete(persistentVolumeClaimKind, { namespace, name: 'data' });
    await cluster.client.waitFor(
      'the volume to go',
      () => (cluster.view.count(persistentVolumeKind) === 0 ? true : undefined),
      () => '',
      {},
    );
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});

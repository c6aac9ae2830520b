import { expect, test } from 'vitest';
import type { PodManifest, ResourceQuotaSpec } from '../../src/api/generated/models.ts';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { jobKind } from '../../src/kinds/job.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { resourceQuotaKind } from '../../src/kinds/resource-quota.ts';
import { serviceKind } from '../../src/kinds/service.ts';

const namespace = 'default';

async function clusterWith(spec: ResourceQuotaSpec): Promise<Cluster> {
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'resourcequota', scheduler: 'none' });
  await cluster.client.create(resourceQuotaKind, { metadata: { name: 'q', namespace }, spec });
  await cluster.settle();
  return cluster;
}

const pod = (name: string, spec: Partial<NonNullable<PodManifest['spec']>> = {}) => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'web:1' }], ...spec },
});
const used = (cluster: Cluster) => cluster.view.get(resourceQuotaKind, namespace, 'q')?.status?.used;

test('a quota is charged before the object is stored, and paid back when it is gone', async () => {
  await using cluster = await clusterWith({ hard: { pods: '2' } });
  expect(used(cluster)).toEqual({ pods: '0' });
  await cluster.client.create(podKind, pod('a'));
  await cluster.client.create(podKind, pod('b'));
  await expect(cluster.client.create(podKind, pod('c'))).rejects.toMatchObject({
    status: 403,
    message: 'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
  });
  await cluster.client.delete(podKind, { namespace, name: 'a' });
  await cluster.settle();
  expect(used(cluster)).toEqual({ pods: '1' });
});

test('creates that come at once cannot share what is left', async () => {
  await using cluster = await clusterWith({ hard: { pods: '3' } });
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => cluster.client.create(podKind, pod(`p${i}`))));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
  expect(used(cluster)).toEqual({ pods: '3' });
});

test('a count made while an object is on its way counts it', async () => {
  await using cluster = await clusterWith({ hard: { 'count/configmaps': '2', pods: '5' } });
  const creates = Array.from({ length: 6 }, async (_, i) => {
    await cluster.client.create(podKind, pod(`p${i}`)).catch(() => undefined);
    await cluster.reconcile();
  });
  await Promise.all(creates);
  await cluster.settle();
  expect(used(cluster)).toEqual({ 'count/configmaps': '0', pods: '5' });
});

test('a dry run is checked and costs nothing', async () => {
  await using cluster = await clusterWith({ hard: { pods: '1' } });
  await cluster.client.create(podKind, pod('a'), { dryRun: true });
  expect(used(cluster)).toEqual({ pods: '0' });
  await cluster.client.create(podKind, pod('a'));
  await expect(cluster.client.create(podKind, pod('b'), { dryRun: true })).rejects.toThrow('exceeded quota: q');
});

test('where CPU and memory are limited, every container says what it wants', async () => {
  await using cluster = await clusterWith({ hard: { 'requests.cpu': '1', 'limits.memory': '1Gi' } });
  await expect(cluster.client.create(podKind, pod('a'))).rejects.toThrow(
    'pods "a" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  );
  const resources = { requests: { cpu: '600m' }, limits: { memory: '512Mi' } };
  await cluster.client.create(podKind, pod('a', { containers: [{ name: 'c', image: 'web:1', resources }] }));
  expect(used(cluster)).toEqual({ 'limits.memory': '512Mi', 'requests.cpu': '600m' });
});

test('a quota nobody has counted yet lets nothing in', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'none' });
  await cluster.client.create(resourceQuotaKind, { metadata: { name: 'q', namespace }, spec: { hard: { pods: '1' } } });
  const quota = cluster.view.get(resourceQuotaKind, namespace, 'q')!;
  await cluster.client.updateStatus(resourceQuotaKind, { ...quota, status: { hard: { pods: '1' } } });
  await expect(cluster.client.create(podKind, pod('a'))).rejects.toThrow('status unknown for quota: q, resources: pods');
});

test.each([
  ['BestEffort', {}, true],
  ['NotBestEffort', {}, false],
  ['Terminating', { activeDeadlineSeconds: 5 }, true],
  ['NotTerminating', { activeDeadlineSeconds: 5 }, false],
  [
    'CrossNamespacePodAffinity',
    {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaces: ['other'] }] },
      },
    },
    true,
  ],
] as const)('scope %s', async (scope, spec, counts) => {
  await using cluster = await clusterWith({ hard: { pods: '5' }, scopes: [scope] });
  await cluster.client.create(podKind, pod('a', spec));
  expect(used(cluster)).toEqual({ pods: counts ? '1' : '0' });
});

test('a scope selector picks by priority class', async () => {
  await using cluster = await clusterWith({
    hard: { pods: '5' },
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }] },
  });
  await cluster.client.create(podKind, pod('a'));
  await cluster.client.create(podKind, pod('b', { priorityClassName: 'system-node-critical' }));
  expect(used(cluster)).toEqual({ pods: '1' });
});

test('objects, services and storage are counted by what they are', async () => {
  await using cluster = await clusterWith({
    hard: {
      'count/jobs.batch': '1',
      configmaps: '3',
      services: '3',
      'services.nodeports': '1',
      'requests.storage': '5Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
    },
  });
  await cluster.client.create(configMapKind, { metadata: { name: 'm', namespace } });
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'web:1' }] } };
  await cluster.client.create(jobKind, { metadata: { name: 'j', namespace }, spec: { template } });
  await cluster.client.create(serviceKind, { metadata: { name: 's', namespace }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  const claim = (name: string, storage: string) => ({
    metadata: { name, namespace },
    spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  await cluster.client.create(persistentVolumeClaimKind, claim('data', '2Gi'));
  expect(used(cluster)).toEqual({
    'count/jobs.batch': '1',
    configmaps: '1',
    services: '1',
    'services.nodeports': '1',
    'requests.storage': '2Gi',
    'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
  });
  await expect(cluster.client.create(persistentVolumeClaimKind, claim('more', '1Gi'))).rejects.toThrow(
    'exceeded quota: q, requested: fast.storageclass.storage.k8s.io/requests.storage=1Gi, used: fast.storageclass.storage.k8s.io/requests.storage=2Gi, limited: fast.storageclass.storage.k8s.io/requests.storage=2Gi',
  );
  const service = cluster.view.get(serviceKind, namespace, 's')!;
  const ports = [...service.spec!.ports!, { name: 'b', port: 81 }].map((port, i) => ({ ...port, name: `p${i}` }));
  await expect(cluster.client.update(serviceKind, { ...service, spec: { ...service.spec, ports } })).rejects.toThrow(
    'services.nodeports=1',
  );
});

import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import type { Container, LimitRangeItem, ResourceRequirements } from '../../src/api/generated/models.ts';
import { deploymentKind } from '../../src/kinds/deployment.ts';
import { limitRangeKind } from '../../src/kinds/limit-range.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { podKind } from '../../src/kinds/pod.ts';

async function clusterWith(...limits: LimitRangeItem[]): Promise<Cluster> {
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'none' });
  await cluster.client.create(limitRangeKind, { metadata: { name: 'limits', namespace: 'default' }, spec: { limits } });
  return cluster;
}

const container = (name: string, resources?: ResourceRequirements, more: Partial<Container> = {}): Container => ({
  name,
  image: 'web:1',
  ...(resources === undefined ? {} : { resources }),
  ...more,
});

const podOf = (containers: readonly Container[], initContainers?: readonly Container[]) => ({
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers, ...(initContainers === undefined ? {} : { initContainers }) },
});

test('containers get what they do not say, and the Pod says so', async () => {
  await using cluster = await clusterWith({ type: 'Container', default: { cpu: '500m', memory: '64Mi' }, defaultRequest: { cpu: '100m' } });
  const pod = await cluster.client.create(podKind, podOf([container('c', { requests: { cpu: '200m' } })], [container('i')]));
  expect(pod.spec?.containers[0]?.resources).toEqual({
    requests: { cpu: '200m', memory: '64Mi' },
    limits: { cpu: '500m', memory: '64Mi' },
  });
  expect(pod.spec?.initContainers?.[0]?.resources?.requests).toEqual({ cpu: '100m', memory: '64Mi' });
  expect(pod.status?.qosClass).toBe('Burstable');
  expect(pod.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
    'LimitRanger plugin set: memory request for container c; cpu, memory limit for container c; cpu, memory request for init container i; cpu, memory limit for init container i',
  );
});

test.each([
  [
    'above the maximum',
    { type: 'Container', max: { cpu: '1' } },
    { limits: { cpu: '2' } },
    'maximum cpu usage per Container is 1, but limit is 2',
  ],
  [
    'below the minimum',
    { type: 'Container', min: { memory: '1Gi' } },
    { requests: { memory: '1Mi' } },
    'minimum memory usage per Container is 1Gi, but request is 1Mi',
  ],
  ['no limit', { type: 'Pod', max: { cpu: '1' } }, {}, 'maximum cpu usage per Pod is 1.  No limit is specified'],
  [
    'ratio',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    { requests: { cpu: '100m' }, limits: { cpu: '900m' } },
    'cpu max limit to request ratio per Container is 2, but provided ratio is 9.000000',
  ],
] as const)('a Pod is refused: %s', async (_case, item, resources, why) => {
  await using cluster = await clusterWith(item);
  await expect(cluster.client.create(podKind, podOf([container('c', resources)]))).rejects.toMatchObject({
    status: 403,
    message: `pods "p" is forbidden: ${why}`,
  });
});

test('a ratio that is met to the last thousandth is no refusal', async () => {
  await using cluster = await clusterWith({ type: 'Container', maxLimitRequestRatio: { cpu: '1.5' } });
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '150m' } };
  await expect(cluster.client.create(podKind, podOf([container('c', resources)]))).resolves.toBeDefined();
});

test('a Pod counts its sidecars with its containers, and its largest init container', async () => {
  await using cluster = await clusterWith({ type: 'Pod', max: { cpu: '1' } });
  const one = { limits: { cpu: '600m' } };
  await expect(cluster.client.create(podKind, podOf([container('c', one)], [container('i', one)]))).resolves.toBeDefined();
  const sidecar = container('s', one, { restartPolicy: 'Always' });
  const both = { ...podOf([container('c', one)], [sidecar]), metadata: { name: 'q', namespace: 'default' } };
  await expect(cluster.client.create(podKind, both)).rejects.toThrow('maximum cpu usage per Pod is 1, but limit is 1200m');
});

test('claims are kept within the range of the namespace, also when they grow', async () => {
  await using cluster = await clusterWith({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } });
  const claim = (storage: string) => ({
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  await expect(cluster.client.create(persistentVolumeClaimKind, claim('6Gi'))).rejects.toThrow(
    'maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
  );
  await expect(cluster.client.create(persistentVolumeClaimKind, claim('1Mi'))).rejects.toThrow(
    'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
  );
  await expect(cluster.client.create(persistentVolumeClaimKind, claim('2Gi'))).resolves.toBeDefined();
});

test('what makes Pods is not looked at: its Pods are', async () => {
  await using cluster = await clusterWith({ type: 'Container', max: { cpu: '1' } });
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [container('c', { limits: { cpu: '8' } })] } };
  const made = await cluster.client.create(deploymentKind, {
    metadata: { name: 'd', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'a' } }, template },
  });
  expect(made.spec?.template.spec?.containers[0]?.resources?.limits).toEqual({ cpu: '8' });
});

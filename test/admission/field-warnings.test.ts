import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { eventKind } from '../../src/kinds/event.ts';

const pod = { metadata: { name: 'p', namespace: 'default' }, spec: { hostUsers: false, containers: [{ name: 'c', image: 'web:1' }] } };

/** A cluster with one node that says what runs its pods; nothing runs them. */
async function clusterOn(runtime: string): Promise<Cluster> {
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'unsupported-fields' });
  const node = await cluster.client.create(nodeKind, { metadata: { name: 'n1' } });
  const status = {
    ...node.status,
    nodeInfo: nodeInfo(`${runtime}://1.0`),
    capacity: { cpu: '4', memory: '8Gi', pods: '10' },
    allocatable: { cpu: '4', memory: '8Gi', pods: '10' },
  };
  await cluster.client.updateStatus(nodeKind, { ...node, status });
  return cluster;
}

const nodeInfo = (containerRuntimeVersion: string) => ({
  architecture: 'amd64',
  bootID: '',
  containerRuntimeVersion,
  kernelVersion: '',
  kubeProxyVersion: '',
  kubeletVersion: '',
  machineID: '',
  operatingSystem: 'linux',
  osImage: '',
  systemUUID: '',
});

test('whoever creates a pod is told what a runtime of the cluster will not honour', async () => {
  await using cluster = await clusterOn('process');
  const warnings: string[] = [];
  await cluster.client.create(podKind, pod, { onWarning: (message) => warnings.push(message) });
  expect(warnings).toEqual(['spec.hostUsers: not honoured by the process runtime: there are no user namespaces']);
});

test('the pod itself says so once it is bound, once', async () => {
  await using cluster = await clusterOn('process');
  await cluster.client.create(podKind, pod);
  await cluster.settle();
  const events = cluster.client.list(eventKind).filter(({ reason }) => reason === 'UnsupportedField');
  expect(events.map(({ message, type, count, involvedObject }) => [message, type, count, involvedObject.name])).toEqual([
    ['the process runtime does not honour spec.hostUsers (there are no user namespaces)', 'Warning', 1, 'p'],
  ]);
});

test('a runtime that honours everything is not complained about', async () => {
  await using cluster = await clusterOn('somebody-elses');
  const warnings: string[] = [];
  await cluster.client.create(podKind, pod, { onWarning: (message) => warnings.push(message) });
  await cluster.settle();
  expect(warnings).toEqual([]);
  expect(cluster.client.list(eventKind).filter(({ reason }) => reason === 'UnsupportedField')).toEqual([]);
});

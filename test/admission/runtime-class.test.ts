import { describe, expect, test } from 'vitest';
import type { PodSpec, RuntimeClassManifest } from '../../src/api/generated/models.ts';
import { Cluster, ReplicationController } from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const sandboxed: RuntimeClassManifest = {
  metadata: { name: 'sandboxed' },
  handler: 'runsc',
  overhead: { podFixed: { memory: '64Mi', cpu: '1' } },
  scheduling: { nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 'sandbox', operator: 'Exists' }] },
};

async function world(
  runtimeHandlers: readonly string[] = ['runsc'],
  classes: readonly RuntimeClassManifest[] = [sandboxed],
): Promise<Cluster> {
  const runtime = () => new SimulatedRuntime({ runtimeHandlers });
  const taints = [{ key: 'sandbox', effect: 'NoSchedule' as const }];
  const cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: [
      { name: 'plain', runtime: runtime() },
      { name: 'special', runtime: runtime(), labels: { sandbox: 'yes' }, taints, capacity: { cpu: '2' } },
    ],
  });
  for (const one of classes) await cluster.runtimeClasses.create(one);
  return cluster;
}

const pod = (name: string, spec: Partial<PodSpec> = {}) => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'web' }], runtimeClassName: 'sandboxed', ...spec },
});
const warnings = (cluster: Cluster, name: string): readonly string[] =>
  cluster.events
    .list()
    .filter(({ object }) => object.involvedObject.name === name && object.type === 'Warning')
    .map(({ object }) => `${object.reason}: ${object.message}`);

test('a Pod gets what its class costs and where it runs, and is counted with it', async () => {
  await using cluster = await world();
  const one = await cluster.pods.create(pod('one', { nodeSelector: { 'kubernetes.io/os': 'linux' } }));
  await one.waitFor('Ready');
  expect(one.object.spec).toMatchObject({
    nodeName: 'special',
    overhead: { memory: '64Mi', cpu: '1' },
    nodeSelector: { 'kubernetes.io/os': 'linux', sandbox: 'yes' },
  });
  expect(one.object.spec?.tolerations).toContainEqual({ key: 'sandbox', operator: 'Exists' });
  // Two cores, of which the overheads take both.
  await (await cluster.pods.create(pod('two'))).waitFor('Ready');
  await cluster.pods.create(pod('three'));
  await cluster.settle();
  expect(warnings(cluster, 'three').join()).toContain('FailedScheduling');
  expect(warnings(cluster, 'three').join()).toContain('1 Insufficient cpu');
});

test('the Pods of one template share a spec, and new ones follow the class', async () => {
  await using cluster = await world();
  const template = {
    metadata: { labels: { app: 'a' } },
    spec: { runtimeClassName: 'sandboxed', containers: [{ name: 'c', image: 'web' }] },
  };
  const rc = await cluster.create(
    new ReplicationController({ metadata: { name: 'rc' }, spec: { replicas: 1, selector: { app: 'a' }, template } }),
  );
  await rc.ready();
  const [first] = rc.pods();
  const stored = cluster.runtimeClasses.get('sandboxed')!;
  await stored.patch({ type: 'merge', patch: { overhead: { podFixed: { cpu: '500m', memory: '64Mi' } } } });
  await first!.delete();
  await cluster.settle();
  await rc.ready();
  expect(rc.pods()[0]?.object.spec?.overhead).toEqual({ cpu: '500m', memory: '64Mi' });
});

describe('refused', () => {
  test.each<[string, Partial<PodSpec>, string]>([
    ['a class that is not there', { runtimeClassName: 'other' }, 'pods "p" is forbidden: pod rejected: RuntimeClass "other" not found'],
    [
      'another overhead',
      { overhead: { memory: '65Mi' } },
      `pods "p" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead`,
    ],
    [
      'an overhead without a class',
      { runtimeClassName: undefined as never, overhead: { cpu: '1' } },
      'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [
      'nodes that do not have it',
      { nodeSelector: { sandbox: 'no' } },
      'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no',
    ],
  ])('%s', async (_what, spec, message) => {
    await using cluster = await world();
    await expect(cluster.client.create(podKind, pod('p', spec))).rejects.toThrow(message);
  });

  test('not: the same overhead in other words', async () => {
    await using cluster = await world();
    const made = await cluster.client.create(podKind, pod('p', { overhead: { cpu: '1000m', memory: '65536Ki' } }));
    expect(made.spec?.overhead).toEqual({ memory: '64Mi', cpu: '1' });
  });
});

describe('the kubelet', () => {
  test('tells of a handler that the runtime does not have, and of a class that has gone', async () => {
    await using cluster = await world(['other'], [sandboxed, { metadata: { name: 'gone' }, handler: 'other' }]);
    await cluster.pods.create(pod('p'));
    await cluster.settle();
    expect(warnings(cluster, 'p')).toEqual([
      'FailedCreatePodSandBox: Failed to create pod sandbox: failed to get sandbox runtime: no runtime for "runsc" is configured',
    ]);
    expect(cluster.pods.get('p')?.status.phase).toBe('Pending');
    await cluster.pods.create(pod('q', { runtimeClassName: 'gone', nodeName: 'plain' }));
    await cluster.runtimeClasses.get('gone')!.delete();
    await cluster.settle();
    expect(warnings(cluster, 'q')).toEqual([
      'FailedCreatePodSandBox: Failed to create pod sandbox: runtimeclass.node.k8s.io "gone" not found',
    ]);
    // It is there again before the next try.
    await cluster.runtimeClasses.create({ metadata: { name: 'gone' }, handler: 'other' });
    await cluster.advance('15s');
    expect(cluster.pods.get('q')?.ready).toBe(true);
  });

  test('says of the node which handlers there are', async () => {
    await using cluster = await world(['runsc']);
    expect(cluster.nodes.get('plain')?.object.status?.runtimeHandlers).toEqual([{ name: '' }, { name: 'runsc' }]);
  });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { serviceKind } from '../../src/kinds/service.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, nodePorts: { from: 30_000, to: 30_000 } });
});
afterEach(() => cluster.close());

const pod = (name: string) => ({ metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'web:1' }] } });
const service = (name: string, type: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { type, selector: { app: 'web' }, ports: [{ port: 80 }] },
});

test('who is being told of changes may ask for writes of every verb', async () => {
  const { client } = cluster;
  await client.create(configMapKind, { metadata: { name: 'old', namespace: 'default' }, data: {} });
  const asked: Promise<unknown>[] = [];
  cluster.on('change', ({ type, object }) => {
    if (type !== 'added' || object.metadata.name !== 'p') return;
    asked.push(
      client.create(configMapKind, { metadata: { name: 'new', namespace: 'default' }, data: {} }),
      client.update(configMapKind, { metadata: { name: 'old', namespace: 'default' }, data: { a: '1' } }),
      client.updateStatus(podKind, { ...pod('p'), status: { phase: 'Pending', message: 'seen' } }),
      client.patch(podKind, { namespace: 'default', name: 'p' }, { type: 'merge', patch: { metadata: { labels: { seen: 'yes' } } } }),
    );
  });
  await client.create(podKind, pod('p'));
  await Promise.all(asked);
  expect(asked).toHaveLength(4);
  const stored = client.get(podKind, { namespace: 'default', name: 'p' });
  expect(stored).toMatchObject({ metadata: { labels: { seen: 'yes' } }, status: { message: 'seen' } });
  await client.delete(configMapKind, { namespace: 'default', name: 'old' });
});

test('an update that is refused gives back what admission had reserved for it', async () => {
  const { client } = cluster;
  await client.create(serviceKind, service('first', 'ClusterIP'));
  const refused = { ...service('first', 'NodePort'), spec: { ...service('first', 'NodePort').spec, sessionAffinity: 'Nonsense' } };
  await expect(client.update(serviceKind, refused)).rejects.toThrow('sessionAffinity');
  // There is one node port in all.
  const { spec } = await client.create(serviceKind, service('second', 'NodePort'));
  expect(spec?.ports?.[0]?.nodePort).toBe(30_000);
});

test('what a write leaves as it was is the very same frozen part', async () => {
  const { client } = cluster;
  const labels = { app: 'web' };
  const before = await client.create(podKind, { ...pod('p'), metadata: { ...pod('p').metadata, labels } });
  const after = await client.updateStatus(podKind, { ...before, status: { ...before.status, message: 'new' } });
  expect(after.spec).toBe(before.spec);
  expect(after.metadata.labels).toBe(before.metadata.labels);
  expect(Object.isFrozen(labels)).toBe(false);
  const node = await client.create(nodeKind, { metadata: { name: 'n', labels } });
  const renewed = await client.updateStatus(nodeKind, { ...node, status: { ...node.status, phase: 'Running' } });
  expect(renewed.metadata.labels).toBe(node.metadata.labels);
  for (const object of [before, after, node, renewed])
    for (const part of [object, object.metadata, object.spec, object.status]) expect(Object.isFrozen(part)).toBe(true);
});

test('Pods that are given the same spec share one frozen spec, and what was given stays as it was', async () => {
  const { client } = cluster;
  const manifests = ['a', 'b', 'c', 'd'].map((name) => ({ ...pod(name), metadata: { ...pod(name).metadata, labels: { app: name } } }));
  const before = structuredClone(manifests);
  const created = [];
  for (const manifest of manifests) created.push(await client.create(podKind, manifest));
  expect(manifests).toEqual(before);
  for (const { spec, metadata } of manifests)
    expect([spec, spec.containers, spec.containers[0], metadata, metadata.labels].some((part) => Object.isFrozen(part))).toBe(false);
  for (const { spec } of created) expect(spec).toEqual(created[0]!.spec);
  expect(created.map(({ metadata }) => metadata.labels)).toEqual(before.map(({ metadata }) => metadata.labels));
  expect(created[3]!.spec).toBe(created[2]!.spec);
  manifests[2]!.spec.containers[0]!.image = 'web:2';
  expect((await client.create(podKind, { ...pod('e') })).spec).toBe(created[2]!.spec);
  const other = await client.create(podKind, { ...manifests[2]!, metadata: pod('f').metadata });
  expect(other.spec?.containers[0]!.image).toBe('web:2');
});

test('a spec that is refused is refused each time', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    const bad = { ...pod(name), spec: { ...pod(name).spec, restartPolicy: 'Sometimes' } };
    await expect(cluster.client.create(podKind, bad)).rejects.toThrow('restartPolicy');
  }
});

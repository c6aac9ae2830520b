import { describe, expect, test } from 'vitest';
import type { PodAffinityTerm, PodManifest } from '../../src/api/generated/models.ts';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const apart = (term: Partial<PodAffinityTerm> = {}) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'tenant', operator: 'Exists' }] },
        matchLabelKeys: ['hash', 'missing'],
        mismatchLabelKeys: ['tenant'],
        ...term,
      },
    ],
  },
});
const containers = [{ name: 'c', image: 'i' }];
const pod = (name: string, labels: Record<string, string>, affinity: object = apart()) => ({
  metadata: { name, namespace: 'default', labels: { app: 'a', ...labels } },
  spec: { containers, affinity },
});
const cluster = (): Promise<Cluster> =>
  Cluster.create({ clock: new ManualClock(), seed: 1, nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new SimulatedRuntime() })) });
const selectorOf = (stored: PodManifest | undefined) =>
  stored?.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector;

describe('matchLabelKeys of an affinity', () => {
  test('the values of a new Pod go into the selector', async () => {
    await using it = await cluster();
    const made = await it.client.create(podKind, pod('p', { hash: '1', tenant: 't' }));
    expect(selectorOf(made)).toEqual({
      matchLabels: { app: 'a' },
      matchExpressions: [
        { key: 'tenant', operator: 'Exists' },
        { key: 'hash', operator: 'In', values: ['1'] },
        { key: 'tenant', operator: 'NotIn', values: ['t'] },
      ],
    });
  });

  test('a preferred term has them too, and what names no key stays as it is', async () => {
    await using it = await cluster();
    const podAffinityTerm = { topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['hash'] };
    const preferred = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm }] } };
    const made = await it.client.create(podKind, pod('p', { hash: '1' }, preferred));
    expect(made.spec?.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.[0]?.podAffinityTerm.labelSelector).toEqual({
      matchExpressions: [{ key: 'hash', operator: 'In', values: ['1'] }],
    });
    const other = await it.client.create(podKind, pod('q', { hash: '1' }, apart({ matchLabelKeys: [], mismatchLabelKeys: [] })));
    expect(selectorOf(other)?.matchExpressions).toHaveLength(1);
  });

  test('a key that the selector has as well stands in it twice, which is refused', async () => {
    await using it = await cluster();
    const twice = apart({ matchLabelKeys: ['app'], mismatchLabelKeys: [] });
    await expect(it.client.create(podKind, pod('p', {}, twice))).rejects.toThrow('exists in both matchLabelKeys and labelSelector');
  });

  test('a Pod that is labelled otherwise later wants to be apart from those of before', async () => {
    await using it = await cluster();
    const affinity = apart({ mismatchLabelKeys: [], labelSelector: { matchLabels: { app: 'a' } } });
    await it.client.create(podKind, pod('first', { hash: '1' }, affinity));
    await it.settle();
    const first = it.client.get(podKind, { namespace: 'default', name: 'first' })!;
    await it.client.update(podKind, { ...first, metadata: { ...first.metadata, labels: { app: 'a', hash: '2' } } });
    const where: (string | undefined)[] = [];
    for (const [name, hash] of [
      ['old', '1'],
      ['older', '1'],
    ] as const) {
      await it.client.create(podKind, pod(name, { hash }, {}));
      await it.settle();
      where.push(it.client.get(podKind, { namespace: 'default', name })?.spec?.nodeName);
    }
    const other = first.spec?.nodeName === 'n1' ? 'n2' : 'n1';
    expect(where).toEqual([other, other]);
  });

  test('the same manifest can be applied again, and another affinity cannot', async () => {
    await using it = await cluster();
    const manifest = { apiVersion: 'v1', kind: 'Pod', ...pod('p', { hash: '1', tenant: 't' }) };
    await it.apply(manifest);
    await it.settle();
    const before = it.client.get(podKind, { namespace: 'default', name: 'p' })!;
    await it.apply(manifest);
    expect(it.client.get(podKind, { namespace: 'default', name: 'p' })!.spec?.affinity).toEqual(before.spec?.affinity);
    const other = { ...manifest, spec: { containers, affinity: apart({ topologyKey: 'zone' }) } };
    await expect(it.apply(other)).rejects.toThrow('pod updates may not change fields');
  });

  test('Pods of one template go on sharing what they have in common', async () => {
    await using it = await cluster();
    const template = { metadata: { labels: { app: 'a', hash: '1', tenant: 't' } }, spec: { containers, affinity: apart() } };
    const metadata = { name: 'rc', namespace: 'default' };
    await it.client.create(replicationControllerKind, { metadata, spec: { replicas: 2, selector: { app: 'a' }, template } });
    await it.settle();
    const [one, two] = it.view.list(podKind);
    expect(selectorOf(one)?.matchExpressions).toHaveLength(3);
    expect(one?.spec?.affinity).toBe(two?.spec?.affinity);
  });
});

import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';

const web = (replicas: number) => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
  },
});

test('a ReplicationController gets its Pods, and is left alone after that', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1 });
  await cluster.client.create(replicationControllerKind, web(3));
  await cluster.settle();
  const pods = cluster.client.list(podKind, { namespace: 'default' });
  expect(pods.map((pod) => pod.status?.phase)).toEqual(['Pending', 'Pending', 'Pending']);
  expect(new Set(pods.map((pod) => pod.spec)).size).toBe(1);
  const { revision } = cluster.view;
  await cluster.settle();
  expect(cluster.view.revision).toBe(revision);
});

test('the same seed gives the same history', async () => {
  const history = async (): Promise<string> => {
    await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 7 });
    await cluster.client.create(replicationControllerKind, web(5));
    await cluster.settle();
    return JSON.stringify(cluster.client.list(podKind));
  };
  expect(await history()).toBe(await history());
});

import { describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

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

describe('limits of the crank', () => {
  const slowPull = { images: { 'slow:1': { pullMs: 600_000 } } };
  const withSlowPull = async (clock: ManualClock | undefined): Promise<Cluster> => {
    const cluster = await Cluster.create({
      ...(clock === undefined ? {} : { clock }),
      seed: 1,
      nodes: [{ name: 'n1', runtime: new SimulatedRuntime(slowPull) }],
    });
    await cluster.pods.create({ metadata: { name: 'slow' }, spec: { containers: [{ name: 'c', image: 'slow:1' }] } });
    return cluster;
  };

  test('settle gives up after its time, on either clock, and says how much is in flight', async () => {
    const clock = new ManualClock();
    await using virtual = await withSlowPull(clock);
    const begun = clock.now();
    await expect(virtual.settle({ timeoutMs: 60_000 })).rejects.toThrow(
      /^timed out after 60000 ms waiting for the cluster to settle\nin flight: [1-9]/,
    );
    expect(clock.now() - begun).toBe(60_000);
    await virtual.settle({ timeoutMs: 600_000 });
    expect(virtual.pods.get('slow')?.phase).toBe('Running');

    await using real = await withSlowPull(undefined);
    await expect(real.settle({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });

  test('advance stops where its signal fires', async () => {
    const clock = new ManualClock();
    await using cluster = await Cluster.create({ clock, seed: 1, nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
    const begun = clock.now();
    const abort = new AbortController();
    cluster.on('pass', ({ now }) => {
      if (now - begun >= 3_600_000) abort.abort(new Error('an hour is enough'));
    });
    await expect(cluster.advance('24h', { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(clock.now() - begun).toBeGreaterThanOrEqual(3_600_000);
    expect(clock.now() - begun).toBeLessThan(2 * 3_600_000);
  });
});

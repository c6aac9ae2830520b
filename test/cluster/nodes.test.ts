import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { endpointSliceKind } from '../../src/kinds/endpoint-slice.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const web = (replicas: number) => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
  },
});

const simulated = (seed: number, nodes: number) =>
  Cluster.create({
    clock: new ManualClock(),
    seed,
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `n${i + 1}`, runtime: new SimulatedRuntime() })),
  });

test('pods run, endpoints follow, and a lost node is healed', async () => {
  await using cluster = await simulated(1, 3);
  await cluster.client.create(serviceKind, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await cluster.client.create(replicationControllerKind, web(6));
  await cluster.settle();
  const running = () =>
    cluster.client
      .list(podKind, { namespace: 'default' })
      .filter((pod) => pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined);
  expect(running()).toHaveLength(6);
  expect(new Set(running().map((pod) => pod.spec?.nodeName)).size).toBe(3);
  const ready = () =>
    cluster.client
      .list(endpointSliceKind)
      .flatMap((slice) => slice.endpoints ?? [])
      .filter((endpoint) => endpoint.conditions?.ready);
  expect(ready()).toHaveLength(6);

  await cluster.powerOff('n2');
  await cluster.advance('2m');
  const status = cluster.client
    .get(nodeKind, { namespace: undefined, name: 'n2' })
    ?.status?.conditions?.find((each) => each.type === 'Ready')?.status;
  expect(status).toBe('Unknown');
  expect(ready()).toHaveLength(4);
  await cluster.advance('5m');
  expect(running().filter((pod) => pod.spec?.nodeName !== 'n2')).toHaveLength(6);
  expect(ready()).toHaveLength(6);
});

test('a quiet cluster writes nothing but leases and node status', async () => {
  await using cluster = await simulated(3, 2);
  await cluster.client.create(replicationControllerKind, web(4));
  await cluster.settle();
  await cluster.advance('1m');
  const changes: string[] = [];
  cluster.on('change', ({ kind }) => changes.push(kind.kind));
  await cluster.advance('10m');
  expect(new Set(changes)).toEqual(new Set(['Lease', 'Node']));
  expect(changes.filter((kind) => kind === 'Lease')).toHaveLength(2 * 60);
});

import { expect, test } from 'vitest';
import {
  Cluster,
  endpointSliceKind,
  endpointsKind,
  ManualClock,
  nodeKind,
  podKind,
  replicationControllerKind,
  serviceKind,
} from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const labels = { app: 'web' };
const zone = 'topology.kubernetes.io/zone';
const replicas = 230;

/** What the slices should say, and what they say: pod, address, node's zone; whether it is ready. */
function compared(cluster: Cluster): readonly [wanted: readonly string[], found: readonly string[]] {
  const zones = new Map(cluster.view.list(nodeKind).map(({ metadata }) => [metadata.name, metadata.labels?.[zone]]));
  const wanted = cluster.view
    .list(podKind)
    .filter(({ status }) => (status?.podIP ?? '') !== '')
    .map(
      ({ metadata, spec, status }) =>
        `${metadata.uid} ${status?.podIP} ${zones.get(spec?.nodeName ?? '')} ${metadata.deletionTimestamp === undefined}`,
    );
  const found = cluster.view
    .list(endpointSliceKind, { namespace: 'default', labels: 'kubernetes.io/service-name=web' })
    .flatMap(({ endpoints }) => endpoints ?? [])
    .map((each) => `${each.targetRef?.uid} ${each.addresses[0]} ${each.zone} ${each.conditions?.ready}`);
  return [wanted.toSorted(), found.toSorted()];
}

test('the slices of a Service follow its pods and their nodes: replaced, scaled, in another zone', async () => {
  await using cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: ['n1', 'n2', 'n3'].map((name, i) => ({ name, runtime: new SimulatedRuntime(), labels: { [zone]: `zone-${i}` } })),
  });
  const spec = { selector: labels, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } };
  await cluster.client.create(replicationControllerKind, { metadata: { name: 'web', namespace: 'default' }, spec: { ...spec, replicas } });
  await cluster.client.create(serviceKind, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  const settled = async (count: number): Promise<void> => {
    await cluster.advance('40s');
    const [wanted, found] = compared(cluster);
    expect(found).toEqual(wanted);
    expect(found).toHaveLength(count);
    const listed = cluster.view
      .get(endpointsKind, 'default', 'web')
      ?.subsets?.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
    expect(new Set(listed)).toEqual(new Set(cluster.view.list(podKind).map(({ status }) => status?.podIP)));
    expect(listed).toHaveLength(count);
  };
  await settled(replicas);

  for (let round = 0; round < 3; round++) {
    const pods = cluster.view.list(podKind);
    for (const at of [0, 7, 8, 120 + round, pods.length - 1])
      await cluster.client.delete(podKind, { namespace: 'default', name: pods[at]!.metadata.name }, { gracePeriodSeconds: 1 });
    await cluster.advance('100ms');
    expect(compared(cluster)[1]).toEqual(compared(cluster)[0]);
    await settled(replicas);
  }

  const [node] = cluster.view.list(nodeKind);
  await cluster.client.update(nodeKind, {
    ...node!,
    metadata: { ...node!.metadata, labels: { ...node!.metadata.labels, [zone]: 'zone-new' } },
  });
  await cluster.client.delete(podKind, { namespace: 'default', name: cluster.view.list(podKind)[3]!.metadata.name });
  await settled(replicas);

  const controller = cluster.view.get(replicationControllerKind, 'default', 'web');
  await cluster.client.update(replicationControllerKind, { ...controller!, spec: { ...spec, replicas: 40 } });
  await settled(40);
});

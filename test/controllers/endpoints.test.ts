import { expect, test } from 'vitest';
import type { EndpointAddress, PodManifest } from '../../src/api/generated/models.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { Cluster, ManualClock } from '../../src/index.ts';
import { endpointSliceKind } from '../../src/kinds/endpoint-slice.ts';
import { endpointsKind } from '../../src/kinds/endpoints.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { serviceKind } from '../../src/kinds/service.ts';

const namespace = 'default';

/** A Pod on a node that nobody keeps, with a status of the test's own. */
async function pod(cluster: Cluster, name: string, phase: string, ready: boolean, restartPolicy: string): Promise<void> {
  const metadata = { name, namespace, labels: { app: 'web' } };
  const spec = { nodeName: 'elsewhere', restartPolicy, containers: [{ name: 'main', image: 'web:1' }] };
  const created = await cluster.client.create(podKind, { metadata, spec } as PodManifest);
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const ip = `10.9.0.${name.slice(1)}`;
  const status = { ...created.status, phase, conditions, podIP: ip, podIPs: [{ ip }] };
  await cluster.client.updateStatus(podKind, { ...created, status } as PodManifest);
}

async function cast(publishNotReadyAddresses: boolean): Promise<Cluster> {
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'endpoints,endpoint-slice' });
  await pod(cluster, 'p1', 'Running', true, 'Always');
  await pod(cluster, 'p2', 'Running', false, 'Always');
  await pod(cluster, 'p3', 'Failed', false, 'Always');
  await pod(cluster, 'p4', 'Failed', false, 'Never');
  await pod(cluster, 'p5', 'Succeeded', false, 'OnFailure');
  const spec = { selector: { app: 'web' }, ports: [{ port: 80 }], publishNotReadyAddresses };
  await cluster.client.create(serviceKind, { metadata: { name: 'web', namespace }, spec } as KubeObject);
  await cluster.settle();
  return cluster;
}

const names = (addresses: readonly EndpointAddress[] | undefined) => addresses?.map(({ targetRef }) => targetRef?.name);
const listed = (cluster: Cluster) => {
  const [subset] = cluster.view.get(endpointsKind, namespace, 'web')?.subsets ?? [];
  return { ready: names(subset?.addresses), notReady: names(subset?.notReadyAddresses) };
};
const sliced = (cluster: Cluster) =>
  cluster.view
    .list(endpointSliceKind)
    .flatMap(({ endpoints }) => endpoints)
    .map(({ targetRef, conditions }) => `${targetRef?.name} ${conditions?.ready === true ? 'ready' : 'not ready'}`)
    .sort();

test('Endpoints list what is not ready, also what failed though it should go on; slices leave out what has ended', async () => {
  await using cluster = await cast(false);
  expect(listed(cluster)).toEqual({ ready: ['p1'], notReady: ['p2', 'p3'] });
  expect(sliced(cluster)).toEqual(['p1 ready', 'p2 not ready']);
});

test('where addresses that are not ready are published, what has ended is not among them', async () => {
  await using cluster = await cast(true);
  expect(listed(cluster)).toEqual({ ready: ['p1', 'p2'], notReady: undefined });
  expect(sliced(cluster)).toEqual(['p1 ready', 'p2 ready']);
});

import { expect, test } from 'vitest';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { Cluster } from '../../src/index.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { smallCluster } from './small-cluster.ts';

const namespace = 'default';
const taint = { key: 'k', effect: 'NoExecute' };

async function pod(cluster: Cluster, name: string, tolerationSeconds?: number): Promise<void> {
  const toleration = {
    key: 'k',
    operator: 'Exists',
    effect: 'NoExecute',
    ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
  };
  const spec = { terminationGracePeriodSeconds: 1, tolerations: [toleration], containers: [{ name: 'c', image: 'web' }] };
  await cluster.client.create(podKind, { metadata: { name, namespace }, spec });
}
const setTaints = (cluster: Cluster, taints: readonly object[] | null) =>
  cluster.client.patch(nodeKind as KindDescriptor, { namespace: undefined, name: 'n1' }, { type: 'merge', patch: { spec: { taints } } });
const names = (cluster: Cluster) => cluster.view.list(podKind).map(({ metadata }) => metadata.name);

test('a Pod leaves when its time is up, also where the taint does not say when it was added', async () => {
  await using cluster = await smallCluster();
  await pod(cluster, 'short', 60);
  await pod(cluster, 'stays');
  await cluster.advance('5s');
  await setTaints(cluster, [taint]);
  await cluster.advance('30s');
  // Another look at the node in between does not begin it anew.
  await setTaints(cluster, [taint, { key: 'other', effect: 'PreferNoSchedule' }]);
  await cluster.advance('28s');
  expect(names(cluster)).toEqual(['short', 'stays']);
  await cluster.advance('10s');
  expect(names(cluster)).toEqual(['stays']);
});

test('the time of a Pod that comes later begins when it comes; a taint that is taken away and put back counts anew', async () => {
  await using cluster = await smallCluster();
  await setTaints(cluster, [{ ...taint, timeAdded: '1970-01-01T00:00:00Z' }]);
  await cluster.advance('5m');
  await pod(cluster, 'late', 60);
  await cluster.advance('50s');
  expect(names(cluster)).toEqual(['late']);
  await setTaints(cluster, null);
  await cluster.advance('5m');
  await setTaints(cluster, [taint]);
  await cluster.advance('50s');
  expect(names(cluster)).toEqual(['late']);
  await cluster.advance('20s');
  expect(names(cluster)).toEqual([]);
});

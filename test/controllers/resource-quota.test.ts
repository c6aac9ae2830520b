import { expect, test } from 'vitest';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { KubeObject, StoredObject } from '../../src/api/object.ts';
import type { Cluster } from '../../src/index.ts';
import { resourceQuota } from '../../src/controllers/resource-quota.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicaSetKind } from '../../src/kinds/replica-set.ts';
import { resourceQuotaKind } from '../../src/kinds/resource-quota.ts';
import { smallCluster } from './small-cluster.ts';

const namespace = 'default';
const used = (cluster: Cluster) => cluster.view.get(resourceQuotaKind, namespace, 'q')?.status?.used?.['pods'];

test('what is used follows Pods that come, end and go; a change of their status is no reason to count again', async () => {
  await using cluster = await smallCluster({ short: { runsForMs: 60_000 } });
  await cluster.client.create(resourceQuotaKind, { metadata: { name: 'q', namespace }, spec: { hard: { pods: '5' } } } as KubeObject);
  const [, any] = resourceQuota(cluster.kinds).triggers;
  let changes = 0;
  let looks = 0;
  const seen = new Map<string, StoredObject>();
  cluster.on('change', ({ type, object }) => {
    if (object.kind !== 'Pod') return;
    const change = { type, object, previous: seen.get(object.metadata.uid) };
    seen.set(object.metadata.uid, object);
    changes++;
    looks += [...any!.keys(change, cluster.view)].length;
  });
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
  const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
  await cluster.client.create(replicaSetKind as KindDescriptor, { metadata: { name: 'web', namespace }, spec } as KubeObject);
  const once = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'short' }] };
  await cluster.client.create(podKind, { metadata: { name: 'once', namespace }, spec: once });
  await cluster.advance('30s');
  expect(used(cluster)).toBe('4');
  // Created, and bound (a change of the spec).
  expect(looks).toBe(8);
  expect(changes).toBeGreaterThan(looks);
  await cluster.advance('1m');
  expect(used(cluster)).toBe('3');
  await cluster.client.patch(
    replicaSetKind as KindDescriptor,
    { namespace, name: 'web' },
    { type: 'merge', patch: { spec: { replicas: 1 } } },
  );
  await cluster.advance('1m');
  expect(used(cluster)).toBe('1');
});

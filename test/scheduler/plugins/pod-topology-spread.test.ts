import { expect, test } from 'vitest';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster } from '../small-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';

test('while there are fewer domains than minDomains, none may have more pods than maxSkew', () => {
  const spread = (minDomains: number) => ({
    topologySpreadConstraints: [
      { maxSkew: 1, minDomains, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } },
    ],
  });
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('n1', { labels: { [zoneKey]: 'z1' } }),
    aNode('n2', { labels: { [zoneKey]: 'z2' } }),
    ...['n1', 'n2'].map((on) => aPod(`on-${on}`, { on, labels: { app: 'a' } })),
  ).settle();
  cluster.put(aPod('two', { labels: { app: 'a' }, spec: spread(2) }), aPod('three', { labels: { app: 'a' }, spec: spread(3) })).settle();
  expect(cluster.nodeOf('two')).not.toBe('');
  expect(cluster.nodeOf('three')).toBe('');
  cluster.put(aNode('n3', { labels: { [zoneKey]: 'z3' } })).advance(10_000);
  expect(cluster.nodeOf('three')).toBe('n3');
});

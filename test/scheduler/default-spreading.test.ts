import { expect, test } from 'vitest';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored } from './small-cluster.ts';

const controller = (name: string, selector: Record<string, string>) =>
  stored('ReplicationController', { name, namespace: 'default' }, { spec: { selector } });
const labels = { app: 'x', tier: 'front' };
const ownedBy = (name: string, owner: string) =>
  aPod(name, {
    labels,
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: owner, uid: owner, controller: true }] },
  });

/** True if a pod of this owner is better off on `b` than on `a`, where the other one is. */
function avoidsTheOther(cluster: SmallCluster, owner: string): boolean {
  const { nodes } = cluster.settle().scheduler.explain(cluster.view, ownedBy('p', owner));
  const [a, b] = nodes.map(({ scores }) => scores?.['PodTopologySpread'] ?? 0);
  return a! < b!;
}

test('pods are spread by what selects them now: their own controller, and Services', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), aPod('other', { on: 'a', labels }));
  cluster.put(controller('alike', { app: 'x' }), controller('unlike', { tier: 'back' }));
  expect(avoidsTheOther(cluster, 'alike')).toBe(true);
  // The same labels, another controller.
  expect(avoidsTheOther(cluster, 'unlike')).toBe(false);
  cluster.change('ReplicationController', 'unlike', { spec: { selector: { tier: 'front' } } });
  expect(avoidsTheOther(cluster, 'unlike')).toBe(true);
  cluster.remove('ReplicationController', 'unlike');
  expect(avoidsTheOther(cluster, 'unlike')).toBe(false);
  cluster.put(stored('Service', { name: 's', namespace: 'default' }, { spec: { selector: { app: 'x' } } }));
  expect(avoidsTheOther(cluster, 'unlike')).toBe(true);
});

test('of more kinds of pods than are kept track of the first is found out again', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), aPod('other', { on: 'a', labels }));
  cluster.put(controller('alike', { app: 'x' }));
  expect(avoidsTheOther(cluster, 'alike')).toBe(true);
  for (let i = 0; i < 600; i++) {
    const app = `app-${i}`;
    const topologySpreadConstraints = [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app } } },
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app } } },
    ];
    cluster.scheduler.explain(cluster.view, aPod(app, { labels: { app }, spec: { topologySpreadConstraints } }));
  }
  // What was counted for it has been let go, and pods have come and gone since.
  cluster.remove('Pod', 'other');
  cluster.put(aPod('another', { on: 'b', labels })).settle();
  expect(avoidsTheOther(cluster, 'alike')).toBe(false);
  cluster.remove('Pod', 'another');
  cluster.put(aPod('other', { on: 'a', labels })).settle();
  expect(avoidsTheOther(cluster, 'alike')).toBe(true);
});

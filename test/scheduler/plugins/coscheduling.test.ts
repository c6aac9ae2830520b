import { expect, test } from 'vitest';
import { defaultPlugins } from '../../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { coscheduling } from '../../../src/scheduler/plugins/coscheduling.ts';
import { aNode, aPod, SmallCluster } from '../small-cluster.ts';

const scheduler = () => new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin: coscheduling({ waitMs: 30_000 }) }] }] });
const member = (name: string, gang: string, min: number, cpu = '2') =>
  aPod(name, { cpu, labels: { 'pod-group.scheduling.sigs.k8s.io/name': gang, 'pod-group.scheduling.sigs.k8s.io/min-available': String(min) } });
const nodesOf = (cluster: SmallCluster, ...names: string[]) => names.map((name) => cluster.nodeOf(name));

test('binds none before all have a place', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'), aNode('b'));
  cluster.put(member('p1', 'g', 3), member('p2', 'g', 3)).settle();
  expect(nodesOf(cluster, 'p1', 'p2')).toEqual(['', '']);
  expect(cluster.messages('p1')).toEqual(['0/2 nodes are available: pod group default/g has 2 of at least 3 pods. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.']);
  cluster.put(member('p3', 'g', 3)).advance(1_000);
  expect(nodesOf(cluster, 'p1', 'p2', 'p3')).toEqual(['b', 'a', 'a']);
});

test('gives all places up when one finds none in time, and another gang gets them', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'), aNode('b', { cpu: '1' }));
  cluster.put(member('p1', 'g', 3), member('p2', 'g', 3), member('p3', 'g', 3), member('q1', 'h', 2)).settle();
  // Two of the first gang hold the only node.
  cluster.put(aPod('other', { cpu: '2' })).settle();
  expect(nodesOf(cluster, 'p1', 'p2', 'p3', 'q1', 'other')).toEqual(['', '', '', '', '']);
  expect(cluster.lastPlan?.wakeAt).toBe(cluster.now + 30_000);
  cluster.put(member('q2', 'h', 2)).advance(30_000);
  expect(cluster.messages('p1')[0]).toMatch('rejected due to timeout after waiting for Coscheduling');
  expect(cluster.messages('p2')[0]).toMatch('rejected due to timeout');
  cluster.advance(2_000);
  expect(cluster.nodeOf('other')).toBe('a');
  cluster.remove('Pod', 'other');
  for (let s = 0; s < 120; s++) cluster.advance(1_000);
  expect(nodesOf(cluster, 'q1', 'q2')).toEqual(['a', 'a']);
  expect(nodesOf(cluster, 'p1', 'p2', 'p3')).toEqual(['', '', '']);
});

test('a member that is deleted while it waits takes its place with it', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'));
  cluster.put(member('p1', 'g', 3, '1'), member('p2', 'g', 3, '1'), member('p3', 'g', 3, '8')).settle();
  cluster.remove('Pod', 'p1');
  cluster.settle();
  expect(cluster.messages('p2').at(-1)).toMatch('lost a member');
  cluster.put(aPod('other', { cpu: '4' })).settle();
  expect(cluster.nodeOf('other')).toBe('a');
});

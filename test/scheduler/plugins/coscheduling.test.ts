import { expect, test } from 'vitest';
import { defaultPlugins } from '../../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { coscheduling } from '../../../src/scheduler/plugins/coscheduling.ts';
import { aNode, aPod, SmallCluster } from '../small-cluster.ts';

const scheduler = () =>
  new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin: coscheduling({ waitMs: 30_000 }) }] }] });
const member = (name: string, gang: string, min: number, cpu = '2') =>
  aPod(name, {
    cpu,
    labels: { 'pod-group.scheduling.sigs.k8s.io/name': gang, 'pod-group.scheduling.sigs.k8s.io/min-available': String(min) },
  });
const nodesOf = (cluster: SmallCluster, ...names: string[]) => names.map((name) => cluster.nodeOf(name));

test('binds none before all have a place', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'), aNode('b'));
  cluster.put(member('p1', 'g', 3), member('p2', 'g', 3)).settle();
  expect(nodesOf(cluster, 'p1', 'p2')).toEqual(['', '']);
  expect(cluster.messages('p1')).toEqual([
    '0/2 nodes are available: pod group default/g has 2 of at least 3 pods. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  ]);
  cluster.put(member('p3', 'g', 3)).advance(1_000);
  expect(nodesOf(cluster, 'p1', 'p2', 'p3')).toEqual(['b', 'a', 'a']);
});

test('gives all places up when one finds none, and others get them', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'), aNode('b', { cpu: '1' }));
  cluster.put(member('p1', 'g', 3), member('p2', 'g', 3), member('p3', 'g', 3)).settle();
  expect(cluster.messages('p1')[0]).toMatch('pod group default/g has a member that fits nowhere');
  cluster.put(member('q1', 'h', 2), member('q2', 'h', 2)).settle();
  expect(nodesOf(cluster, 'p1', 'p2', 'p3', 'q1', 'q2')).toEqual(['', '', '', 'a', 'a']);
  cluster.put(aNode('c', { cpu: '8' }));
  cluster.advance(10_000);
  expect(nodesOf(cluster, 'p1', 'p2', 'p3')).toEqual(['c', 'c', 'c']);
});

test('of two gangs that come at the same time and cannot both fit, one does', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a', { cpu: '3' }));
  cluster.put(...['p1', 'q1', 'p2', 'q2'].map((name) => member(name, name[0]!, 2, '1500m')));
  for (let s = 0; s < 60; s++) cluster.advance(1_000);
  expect(nodesOf(cluster, 'p1', 'p2', 'q1', 'q2').filter((node) => node === 'a')).toHaveLength(2);
});

test('waits no longer than it is told', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'));
  const gated = member('p3', 'g', 3, '1');
  const late = Object.freeze({ ...gated, spec: { ...gated.spec!, schedulingGates: [{ name: 'x' }] } });
  cluster.put(member('p1', 'g', 3, '1'), member('p2', 'g', 3, '1'), late).settle();
  expect(cluster.lastPlan?.wakeAt).toBe(cluster.now + 30_000);
  cluster.put(aPod('other', { cpu: '3' })).settle();
  expect(cluster.nodeOf('other')).toBe('');
  cluster.advance(30_000);
  expect(cluster.messages('p1')[0]).toBe('0/1 nodes are available: 1 rejected due to timeout after waiting for Coscheduling.');
  expect(cluster.nodeOf('other')).toBe('a');
});

test('a member that is deleted while it waits takes its place with it', () => {
  const cluster = new SmallCluster(scheduler(), aNode('a'));
  const gated = member('p3', 'g', 3, '1');
  cluster
    .put(
      member('p1', 'g', 3, '1'),
      member('p2', 'g', 3, '1'),
      Object.freeze({ ...gated, spec: { ...gated.spec!, schedulingGates: [{ name: 'x' }] } }),
    )
    .settle();
  cluster.remove('Pod', 'p1');
  cluster.settle();
  expect(cluster.messages('p2').at(-1)).toMatch('lost a member');
  cluster.put(aPod('other', { cpu: '4' })).settle();
  expect(cluster.nodeOf('other')).toBe('a');
});

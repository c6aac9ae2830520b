import { describe, expect, test } from 'vitest';
import { ConflictError, NotFoundError } from '../../src/errors.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster } from './small-cluster.ts';

const podScheduled = (cluster: SmallCluster, name: string) =>
  cluster.pod(name).status?.conditions?.find(({ type }) => type === 'PodScheduled');

describe('placing', () => {
  test('goes to the node with most left, and counts what it assumed', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), aPod('full', { cpu: '2', memory: '16Gi', on: 'a' }));
    cluster
      .put(aPod('p1', { cpu: '1', memory: '8Gi' }), aPod('p2', { cpu: '1', memory: '8Gi' }), aPod('p3', { cpu: '1', memory: '8Gi' }))
      .settle();
    expect(['p1', 'p2', 'p3'].map((name) => cluster.nodeOf(name))).toEqual(['b', 'b', 'a']);
    expect(cluster.messages('p1', 'Scheduled')).toEqual(['Successfully assigned default/p1 to b']);
  });

  test('containers without requests spread as if they were small', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), aNode('c'));
    cluster.put(aPod('p1'), aPod('p2'), aPod('p3')).settle();
    expect(['p1', 'p2', 'p3'].map((name) => cluster.nodeOf(name))).toEqual(['a', 'b', 'c']);
  });

  test('highest priority first, then oldest', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a', { pods: '2' }));
    cluster
      .put(
        aPod('low'),
        aPod('old', { spec: { priority: 5 } }),
        aPod('high', { spec: { priority: 9 } }),
        aPod('young', { spec: { priority: 5 } }),
      )
      .settle();
    expect(['low', 'old', 'high', 'young'].map((name) => cluster.nodeOf(name))).toEqual(['', 'a', 'a', '']);
  });

  test('leaves the pods of other schedulers, gated ones, ended ones and ones being deleted alone', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'));
    cluster
      .put(
        aPod('other', { spec: { schedulerName: 'mine' } }),
        aPod('gated', { spec: { schedulingGates: [{ name: 'wait.for/it' }] } }),
        aPod('ended', { status: { phase: 'Failed' } }),
        aPod('going', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      )
      .settle();
    expect(cluster.writes).toEqual([]);
    cluster.change('Pod', 'gated', { spec: { schedulingGates: [] } });
    cluster.settle();
    expect(cluster.nodeOf('gated')).toBe('a');
  });
});

describe('refusing', () => {
  test("says why in Kubernetes' words, in the condition, the Event and the explanation", () => {
    const cluster = new SmallCluster(
      new DefaultScheduler(),
      aNode('small-1', { cpu: '1' }),
      aNode('small-2', { cpu: '1' }),
      aNode('tainted', { spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] } }),
      aNode('cordoned', { spec: { unschedulable: true } }),
      aNode('full', { pods: '0', memory: '1Gi' }),
    );
    const pod = aPod('p', { cpu: '2', memory: '2Gi' });
    cluster.put(pod).settle();
    const message =
      '0/5 nodes are available: 1 Insufficient memory, 1 Too many pods, 1 node(s) had untolerated taint {dedicated: db}, 1 node(s) were unschedulable, 2 Insufficient cpu.';
    const whole = `${message} preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.`;
    expect(cluster.messages('p')).toEqual([whole]);
    expect(podScheduled(cluster, 'p')).toEqual({
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: whole,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    const explanation = cluster.scheduler.explain(cluster.view, pod);
    expect(explanation.message).toBe(message);
    expect(explanation.nodes.map(({ node, refusedBy }) => [node, refusedBy?.plugin])).toEqual([
      ['small-1', 'NodeResourcesFit'],
      ['small-2', 'NodeResourcesFit'],
      ['tainted', 'TaintToleration'],
      ['cordoned', 'NodeUnschedulable'],
      ['full', 'NodeResourcesFit'],
    ]);
  });

  test('a gated pod: where it would fit, and what it waits for', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'));
    const pod = aPod('p', { spec: { schedulingGates: [{ name: 'example.com/quota' }] } });
    const { message, nodes } = cluster.put(pod).settle().scheduler.explain(cluster.view, pod);
    expect(message).toBe('waiting for scheduling gates: [example.com/quota]');
    expect(nodes.map(({ node, feasible }) => [node, feasible])).toEqual([['a', true]]);
  });

  test('no nodes at all', () => {
    const cluster = new SmallCluster(new DefaultScheduler()).put(aPod('p')).settle();
    expect(cluster.messages('p')).toEqual(['no nodes available to schedule pods']);
    cluster.put(aNode('a')).advance(1_000);
    expect(cluster.nodeOf('p')).toBe('a');
  });

  test('writes the condition once while it stays the same', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a', { cpu: '1' })).put(aPod('p', { cpu: '2' })).settle();
    cluster.advance(300_000).advance(300_000);
    expect(cluster.messages('p')).toHaveLength(3);
    expect(cluster.writes.filter(({ verb }) => verb === 'update-status')).toHaveLength(1);
  });
});

describe('trying again', () => {
  test('backs off 1, 2, 4, 8, 10, 10 s', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'));
    cluster.fault = () => new ConflictError('changed meanwhile');
    cluster.put(aPod('p')).settle();
    for (let pass = 0; pass < 5; pass++) cluster.advance(cluster.lastPlan!.wakeAt! - cluster.now);
    const attempts = cluster.events.map(({ at }) => at);
    expect(attempts.slice(1).map((at, i) => at - attempts[i]!)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
  });

  test('is woken by what may help and by nothing else, and not before its back-off ends', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a', { cpu: '1' })).put(aPod('p', { cpu: '2' })).settle();
    const attempts = (): number => cluster.messages('p').length;
    cluster.put(aNode('no-help', { cpu: '1' }));
    cluster.change('Node', 'a', { metadata: { labels: { some: 'label' } } });
    cluster.put(aPod('passing', { cpu: '1', on: 'a' })).advance(500);
    cluster.remove('Pod', 'passing');
    cluster.advance(60_000);
    expect(attempts()).toBe(1);
    cluster.put(aNode('b'), aPod('taker', { cpu: '3', on: 'b', metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).settle();
    expect(attempts()).toBe(2);
    cluster.remove('Pod', 'taker');
    cluster.advance(1_999);
    expect(cluster.nodeOf('p')).toBe('');
    cluster.advance(1);
    expect(cluster.nodeOf('p')).toBe('b');
  });

  test('is tried again after five minutes whatever happened, and says when that is', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a', { cpu: '1' })).put(aPod('p', { cpu: '2' })).settle();
    expect(cluster.lastPlan?.wakeAt).toBe(cluster.now + 300_000);
    cluster.advance(299_999);
    expect(cluster.messages('p')).toHaveLength(1);
    cluster.advance(1);
    expect(cluster.messages('p')).toHaveLength(2);
  });

  test('a deleted pod makes room', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aPod('holder', { cpu: '4', on: 'a' }))
      .put(aPod('p', { cpu: '2' }))
      .settle();
    expect(cluster.nodeOf('p')).toBe('');
    cluster.now += 1_000;
    cluster.remove('Pod', 'holder');
    cluster.settle();
    expect(cluster.nodeOf('p')).toBe('a');
  });

  test('a pod that ended makes room', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aPod('holder', { cpu: '4', on: 'a' }))
      .put(aPod('p', { cpu: '2' }))
      .settle();
    cluster.change('Pod', 'holder', { status: { phase: 'Succeeded' } });
    cluster.advance(1_000);
    expect(cluster.nodeOf('p')).toBe('a');
  });
});

describe('writes that fail', () => {
  test('a refused bind frees what was assumed and is tried again after a back-off', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'));
    let refusals = 0;
    cluster.fault = (write) =>
      write.verb === 'bind' && write.pod.metadata.name === 'p' && refusals++ === 0 ? new ConflictError('changed meanwhile') : undefined;
    cluster.put(aPod('p', { cpu: '3' })).settle();
    expect(cluster.messages('p')).toEqual(['binding rejected: changed meanwhile']);
    cluster.put(aPod('other', { cpu: '3' })).settle();
    expect(cluster.nodeOf('other')).toBe('a');
    cluster.remove('Pod', 'other');
    cluster.advance(2_000);
    expect(cluster.nodeOf('p')).toBe('a');
  });

  test('a pod that is gone is forgotten', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'));
    cluster.fault = (write) => (write.verb === 'bind' && write.pod.metadata.name === 'p' ? new NotFoundError('gone') : undefined);
    cluster.put(aPod('p', { cpu: '3' })).settle();
    cluster.put(aPod('other', { cpu: '3' })).settle();
    expect(cluster.nodeOf('other')).toBe('a');
    expect(cluster.lastPlan?.wakeAt).toBeUndefined();
  });
});

test('stops when the slice is over and goes on in the next pass', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a')).put(aPod('p1'), aPod('p2'), aPod('p3'));
  cluster.pass(() => false);
  expect(cluster.lastPlan?.writes).toHaveLength(1);
  expect(cluster.lastPlan?.more).toBe(true);
  cluster.settle();
  expect(['p1', 'p2', 'p3'].map((name) => cluster.nodeOf(name))).toEqual(['a', 'a', 'a']);
});

test('explains scores by plugin, and a placed pod as if it were not', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b', { cpu: '8' }))
    .put(aPod('p', { cpu: '2', memory: '8Gi' }))
    .settle();
  const explanation = cluster.scheduler.explain(cluster.view, cluster.pod('p'));
  expect(explanation).toEqual({
    pod: 'default/p',
    message: undefined,
    nodes: [
      {
        node: 'a',
        feasible: true,
        scores: { NodeResourcesFit: 62, NodeResourcesBalancedAllocation: 87, TaintToleration: 300 },
        total: 449,
      },
      {
        node: 'b',
        feasible: true,
        scores: { NodeResourcesFit: 75, NodeResourcesBalancedAllocation: 100, TaintToleration: 300 },
        total: 475,
      },
    ],
  });
  expect(cluster.nodeOf('p')).toBe('b');
});

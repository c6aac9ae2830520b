import { describe, expect, test } from 'vitest';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import type { AnyPlugin, Refusal, SchedulerPlugin } from '../../src/scheduler/plugin.ts';
import { aNode, aPod, SmallCluster } from './small-cluster.ts';

const withPlugin = (plugin: AnyPlugin, weight = 1) =>
  new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin, weight }] }] });
const refusal = (reason: string): Refusal => ({ plugin: 'Mine', reasons: [reason], resolvable: false });

test('Filter and Score see the whole pod, and their weight counts', () => {
  const mine: SchedulerPlugin = {
    name: 'Mine',
    filter: (pod, node) => (node.name === `not-${pod.name}` ? refusal('not here') : undefined),
    score: (pod, node) => (node.name === `best-${pod.name}` ? 100 : 0),
  };
  const cluster = new SmallCluster(withPlugin(mine, 50), aNode('not-p', { cpu: '64' }), aNode('a'), aNode('best-p', { cpu: '1' }));
  cluster.put(aPod('p', { cpu: '500m' }), aPod('q', { cpu: '500m' })).settle();
  expect([cluster.nodeOf('p'), cluster.nodeOf('q')]).toEqual(['best-p', 'not-p']);
  const { nodes } = cluster.scheduler.explain(cluster.view, aPod('p'));
  expect(nodes.map(({ node, refusedBy, scores }) => [node, refusedBy?.reasons, scores?.['Mine']])).toEqual([
    ['not-p', ['not here'], undefined],
    ['a', undefined, 0],
    ['best-p', undefined, 5_000],
  ]);
});

test('what is kept by node is asked again when the node changes, and not before', () => {
  const asked: string[] = [];
  const mine: SchedulerPlugin = {
    name: 'Mine',
    filterReads: 'node-object',
    filter: (_pod, node) => {
      asked.push(node.name);
      return node.labels['color'] === 'green' ? undefined : refusal('not green');
    },
  };
  const cluster = new SmallCluster(withPlugin(mine), aNode('a', { labels: { color: 'green' } }), aNode('b'));
  cluster.put(aPod('p1')).settle();
  expect(asked).toEqual(['a', 'b']);
  cluster.put(aPod('p2')).settle();
  // The node that got a pod is looked at again, the other is not.
  expect(asked).toEqual(['a', 'b', 'a']);
  cluster.change('Node', 'b', { metadata: { labels: { color: 'green' } } });
  cluster.put(aPod('p3')).settle();
  expect(cluster.nodeOf('p3')).toBe('b');
});

test('PreFilter narrows to names, or refuses everything', () => {
  const mine: SchedulerPlugin = {
    name: 'Mine',
    preFilter: ({ labels }) => (labels['lost'] === undefined ? { nodes: new Set(['b']) } : { refusal: refusal('is lost') }),
  };
  const cluster = new SmallCluster(withPlugin(mine), aNode('a'), aNode('b', { pods: '1' }));
  cluster.put(aPod('p'), aPod('lost', { labels: { lost: '' } }), aPod('q')).settle();
  expect(cluster.nodeOf('p')).toBe('b');
  expect(cluster.messages('lost')[0]).toMatch(/^0\/2 nodes are available: is lost\. /);
  expect(cluster.messages('q')[0]).toMatch(
    /^0\/2 nodes are available: 1 Too many pods, 1 node\(s\) didn't satisfy plugin\(s\) \[Mine\]\. /,
  );
});

test('PreEnqueue holds a pod back until it changes', () => {
  const mine: SchedulerPlugin = { name: 'Mine', preEnqueue: ({ labels }) => (labels['go'] === undefined ? 'waiting for a go' : undefined) };
  const cluster = new SmallCluster(withPlugin(mine), aNode('a')).put(aPod('p')).settle();
  expect(cluster.nodeOf('p')).toBe('');
  cluster.change('Pod', 'p', { metadata: { labels: { go: '' } } });
  expect(cluster.settle().nodeOf('p')).toBe('a');
});

describe('Reserve and Permit', () => {
  function recorder(overrides: Partial<AnyPlugin> = {}): { plugin: AnyPlugin; calls: string[] } {
    const calls: string[] = [];
    const note = (what: string) => (pod: { name: string }, node: { name: string }) => {
      calls.push(`${what} ${pod.name} ${node.name}`);
      return undefined;
    };
    return {
      calls,
      plugin: { name: 'Mine', reserve: note('reserve'), unreserve: note('unreserve'), postBind: note('postBind'), ...overrides },
    };
  }

  test('are told of the bind in the end', () => {
    const { plugin, calls } = recorder();
    new SmallCluster(withPlugin(plugin), aNode('a')).put(aPod('p')).settle();
    expect(calls).toEqual(['reserve p a', 'postBind p a']);
  });

  test('a refusal of Reserve gives the place back', () => {
    const { plugin, calls } = recorder({ reserve: ({ name }) => (name === 'p' ? refusal('nothing left') : undefined) });
    const cluster = new SmallCluster(withPlugin(plugin), aNode('a', { pods: '1' })).put(aPod('p'), aPod('q')).settle();
    expect(calls).toEqual(['unreserve p a', 'postBind q a']);
    expect(cluster.messages('p')).toEqual(['0/1 nodes are available: 1 nothing left.']);
    expect(cluster.nodeOf('q')).toBe('a');
  });

  test('a refusal of Permit, and a bind that fails, undo Reserve', () => {
    const { plugin, calls } = recorder({ permit: ({ name }) => (name === 'p' ? { refusal: refusal('no') } : undefined) });
    const cluster = new SmallCluster(withPlugin(plugin), aNode('a', { pods: '1' }));
    cluster.fault = (write) => (write.verb === 'bind' ? new Error('no') : undefined);
    cluster.put(aPod('p'), aPod('q')).settle();
    expect(calls).toEqual(['reserve p a', 'unreserve p a', 'reserve q a', 'unreserve q a']);
  });

  test('Permit holds a pod, assumed, until it is allowed', () => {
    const held = new Map<string, string>();
    const plugin: SchedulerPlugin = {
      name: 'Mine',
      permit: (pod, _node, _now, { waiting }) => {
        if (pod.name === 'key') for (const other of [...waiting]) waiting.allow('Mine', other.uid);
        if (pod.name === 'key') return undefined;
        held.set(pod.name, pod.uid);
        return { waitMs: 5_000 };
      },
    };
    const cluster = new SmallCluster(withPlugin(plugin), aNode('a', { pods: '2' })).put(aPod('p')).settle();
    expect([cluster.nodeOf('p'), cluster.lastPlan?.wakeAt]).toEqual(['', cluster.now + 5_000]);
    cluster.put(aPod('key')).settle();
    expect([cluster.nodeOf('p'), cluster.nodeOf('key')]).toEqual(['a', 'a']);
  });

  test('a pod that was held too long goes back and is tried again', () => {
    const { plugin, calls } = recorder({ permit: () => ({ waitMs: 5_000 }) });
    const cluster = new SmallCluster(withPlugin(plugin), aNode('a')).put(aPod('p')).settle();
    cluster.advance(5_000);
    expect(calls).toEqual(['reserve p a', 'unreserve p a']);
    expect(cluster.messages('p')).toEqual(['0/1 nodes are available: 1 rejected due to timeout after waiting for Mine.']);
  });

  test('a pod that is deleted, or bound by somebody else, while it is held is let go of', () => {
    const { plugin, calls } = recorder({ permit: () => ({ waitMs: 5_000 }) });
    const cluster = new SmallCluster(withPlugin(plugin), aNode('a'), aNode('b')).put(aPod('p'), aPod('q')).settle();
    cluster.remove('Pod', 'p');
    cluster.change('Pod', 'q', { spec: { nodeName: 'a' } });
    cluster.advance(60_000);
    expect(calls).toEqual(['reserve p a', 'reserve q b', 'unreserve p a', 'unreserve q b']);
    expect(cluster.writes).toEqual([]);
  });
});

test('PreBind goes before Bind, and Bind may be another write', () => {
  const plugin: SchedulerPlugin = {
    name: 'Mine',
    preBind: ({ object }) => [{ verb: 'update-status', kind: { kind: 'Pod' } as never, object }],
    bind: (pod, node) => ({ verb: 'bind', pod: pod.object, nodeName: node.name }),
  };
  const cluster = new SmallCluster(withPlugin(plugin), aNode('a')).put(aPod('p')).settle();
  expect(cluster.writes.map(({ verb }) => verb)).toEqual(['update-status', 'bind']);
  expect(cluster.nodeOf('p')).toBe('a');
});

test('profiles: each pod is placed by the plugins of its scheduler', () => {
  const only = (node: string): AnyPlugin => ({
    name: 'Only',
    filter: (_pod, { name }) => (name === node ? undefined : { plugin: 'Only', reasons: ['no'], resolvable: false }),
  });
  const scheduler = new DefaultScheduler({
    profiles: [
      { plugins: [...defaultPlugins(), { plugin: only('a') }] },
      { schedulerName: 'second', plugins: [...defaultPlugins(), { plugin: only('b') }] },
    ],
  });
  expect(['default-scheduler', 'second', 'third'].map((name) => scheduler.handles(name))).toEqual([true, true, false]);
  const cluster = new SmallCluster(scheduler, aNode('a'), aNode('b'));
  cluster.put(aPod('p'), aPod('q', { spec: { schedulerName: 'second' } }), aPod('r', { spec: { schedulerName: 'third' } })).settle();
  expect(['p', 'q', 'r'].map((name) => cluster.nodeOf(name))).toEqual(['a', 'b', '']);
});

describe('arguments of the default plugins', () => {
  const placed = (args: Parameters<typeof defaultPlugins>[0], ...nodes: ReturnType<typeof aNode>[]) => {
    const cluster = new SmallCluster(new DefaultScheduler({ profiles: [{ plugins: defaultPlugins(args) }] }), ...nodes);
    cluster.put(aPod('there', { cpu: '1', memory: '8Gi', on: 'b' }), aPod('p', { cpu: '1', memory: '8Gi' })).settle();
    return cluster.nodeOf('p');
  };

  test('NodeResourcesFit: MostAllocated and RequestedToCapacityRatio fill nodes up', () => {
    expect(placed({}, aNode('a'), aNode('b'))).toBe('a');
    expect(placed({ NodeResourcesFit: { scoringStrategy: { type: 'MostAllocated' } } }, aNode('a'), aNode('b'))).toBe('b');
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 100, score: 10 },
    ];
    expect(placed({ NodeResourcesFit: { scoringStrategy: { type: 'RequestedToCapacityRatio', shape } } }, aNode('a'), aNode('b'))).toBe(
      'b',
    );
  });

  test('NodeResourcesFit: resources somebody else looks after are ignored', () => {
    const gpu = (args: Parameters<typeof defaultPlugins>[0]) => {
      const cluster = new SmallCluster(new DefaultScheduler({ profiles: [{ plugins: defaultPlugins(args) }] }), aNode('a'));
      const containers = [{ name: 'c', image: 'i', resources: { requests: { 'example.com/gpu': '1' } } }];
      return cluster
        .put(aPod('p', { spec: { containers } }))
        .settle()
        .nodeOf('p');
    };
    expect(gpu({})).toBe('');
    expect(gpu({ NodeResourcesFit: { ignoredResources: ['example.com/gpu'] } })).toBe('a');
    expect(gpu({ NodeResourcesFit: { ignoredResourceGroups: ['example.com'] } })).toBe('a');
  });

  test('NodeAffinity: addedAffinity holds for all pods of the profile', () => {
    const addedAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['x'] }] }],
      },
    };
    const cluster = new SmallCluster(
      new DefaultScheduler({ profiles: [{ plugins: defaultPlugins({ NodeAffinity: { addedAffinity } }) }] }),
      aNode('a'),
    );
    cluster.put(aPod('p')).settle();
    expect(cluster.messages('p')[0]).toMatch("0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.");
    cluster.put(aNode('b', { labels: { pool: 'x' } })).advance(1_000);
    expect(cluster.nodeOf('p')).toBe('b');
  });

  test('PodTopologySpread: default constraints', () => {
    const defaultConstraints = [{ topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }];
    const cluster = new SmallCluster(
      new DefaultScheduler({ profiles: [{ plugins: defaultPlugins({ PodTopologySpread: { defaultConstraints } }) }] }),
      aNode('a'),
      aNode('b', { pods: '1' }),
    );
    const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'rc', uid: 'rc', controller: true };
    cluster.put(
      Object.freeze({
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'rc', namespace: 'default', uid: 'rc', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: { selector: { app: 'a' } },
      }) as never,
    );
    for (const name of ['p1', 'p2', 'p3', 'p4'])
      cluster.put(aPod(name, { labels: { app: 'a' }, metadata: { ownerReferences: [owner] } })).settle();
    expect(['p1', 'p2', 'p3', 'p4'].map((name) => cluster.nodeOf(name))).toEqual(['a', 'b', 'a', '']);
    expect(cluster.messages('p4')[0]).toMatch("1 Too many pods, 1 node(s) didn't match pod topology spread constraints.");
  });
});

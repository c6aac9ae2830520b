import { describe, expect, test } from 'vitest';
import type { PodOptions } from '../small-cluster.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored } from '../small-cluster.ts';

const low = (name: string, on: string, options: PodOptions & { priority?: number; started?: string } = {}) =>
  aPod(name, {
    cpu: '2',
    on,
    ...options,
    spec: { priority: options.priority ?? 0, ...options.spec },
    status: { startTime: options.started ?? '2026-01-01T00:00:00Z', ...options.status },
  });
const high = (name: string, options: PodOptions = {}) => aPod(name, { cpu: '2', ...options, spec: { priority: 100, ...options.spec } });
const budget = (name: string, labels: Record<string, string>, disruptionsAllowed: number) =>
  stored(
    'PodDisruptionBudget',
    { name, namespace: 'default' },
    { spec: { selector: { matchLabels: labels } }, status: { disruptionsAllowed } },
    'policy/v1',
  );
const gone = (cluster: SmallCluster, ...names: string[]) => names.filter((name) => !cluster.objects.has(`Pod/default/${name}`));

/** Two nodes of two pods each. */
function full(...pods: ReturnType<typeof low>[]): SmallCluster {
  return new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), ...pods);
}

test('evicts a pod of lower priority, tells it why, nominates the node, and takes it once it is free', () => {
  const cluster = full(low('a1', 'a'), low('a2', 'a'), low('b1', 'b'), low('b2', 'b', { started: '2026-01-01T01:00:00Z' }));
  cluster.put(high('p')).pass();
  expect(cluster.pod('p').status).toMatchObject({ nominatedNodeName: 'b' });
  expect(cluster.pod('b2').status?.conditions).toMatchObject([
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' },
  ]);
  expect(cluster.messages('p')).toEqual(['0/2 nodes are available: 2 Insufficient cpu.']);
  cluster.settle();
  expect(gone(cluster, 'a1', 'a2', 'b1', 'b2')).toEqual(['b2']);
  expect(cluster.messages('b2', 'Preempted')).toEqual([`Preempted by pod ${cluster.pod('p').metadata.uid} on node b`]);
  cluster.advance(1_000);
  expect(cluster.nodeOf('p')).toBe('b');
});

test('a victim is deleted even if it could not be told why', () => {
  const cluster = full(low('a1', 'a'), low('a2', 'a'), low('b1', 'b'), low('b2', 'b'));
  cluster.fault = (write) => (write.verb === 'update-status' && write.object.metadata?.name !== 'p' ? new Error('no') : undefined);
  cluster.put(high('p')).settle();
  expect(gone(cluster, 'a1', 'a2', 'b1', 'b2')).toHaveLength(1);
});

describe('chooses the node', () => {
  const chosen = (cluster: SmallCluster) =>
    cluster
      .put(high('p', { cpu: '4' }))
      .settle()
      .pod('p').status?.nominatedNodeName;

  test('with the fewest budgets exceeded', () => {
    const cluster = full(low('a1', 'a', { cpu: '4', labels: { app: 'db' } }), low('b1', 'b', { cpu: '4', priority: 50 }));
    expect(chosen(cluster.put(budget('db', { app: 'db' }, 0)))).toBe('b');
    expect(
      chosen(
        full(low('a1', 'a', { cpu: '4', labels: { app: 'db' } }), low('b1', 'b', { cpu: '4', priority: 50 })).put(
          budget('db', { app: 'db' }, 1),
        ),
      ),
    ).toBe('a');
  });

  test('then with the lowest highest priority', () => {
    expect(
      chosen(
        full(
          low('a1', 'a', { priority: 9 }),
          low('a2', 'a', { priority: 1 }),
          low('b1', 'b', { priority: 8 }),
          low('b2', 'b', { priority: 8 }),
        ),
      ),
    ).toBe('b');
  });

  test('then with the lowest sum of priorities', () => {
    expect(
      chosen(
        full(
          low('a1', 'a', { priority: 9 }),
          low('a2', 'a', { priority: 2 }),
          low('b1', 'b', { priority: 9 }),
          low('b2', 'b', { priority: 1 }),
        ),
      ),
    ).toBe('b');
  });

  test('then with the fewest victims', () => {
    expect(
      chosen(
        full(
          low('a1', 'a', { cpu: '1', priority: 1 }),
          low('a2', 'a', { cpu: '3', priority: 1 }),
          low('b1', 'b', { cpu: '4', priority: 1 }),
        ),
      ),
    ).toBe('b');
  });

  test('then with the latest start', () => {
    const at = (hour: number) => ({ cpu: '4', started: `2026-01-01T0${hour}:00:00Z` });
    expect(chosen(full(low('a1', 'a', at(1)), low('b1', 'b', at(2))))).toBe('b');
    expect(chosen(full(low('a1', 'a', at(3)), low('b1', 'b', at(2))))).toBe('a');
  });
});

test('spares the more important pods of a node, and those a budget protects', () => {
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    low('worthy', 'a', { cpu: '1', priority: 5 }),
    low('old', 'a', { cpu: '1', started: '2025-01-01T00:00:00Z' }),
    low('protected', 'a', { cpu: '1', labels: { app: 'db' }, started: '2026-01-02T00:00:00Z' }),
    low('young', 'a', { cpu: '1' }),
    budget('db', { app: 'db' }, 0),
  );
  cluster.put(high('p', { cpu: '1' })).settle();
  expect(gone(cluster, 'worthy', 'old', 'protected', 'young')).toEqual(['young']);
});

test('of equally important pods the one that came last goes, whatever was tried or asked before', () => {
  const victim = (before: (cluster: SmallCluster) => void) => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('first', 'a'), low('last', 'a'));
    before(cluster.settle());
    cluster.put(high('p')).settle();
    return gone(cluster, 'first', 'last');
  };
  expect(victim(() => undefined)).toEqual(['last']);
  expect(victim((cluster) => void cluster.scheduler.explain(cluster.view, cluster.pod('first')))).toEqual(['last']);
  const inVain = (cluster: SmallCluster) => void cluster.put(high('q', { spec: { priority: 50, nodeSelector: { no: 'where' } } })).settle();
  expect(victim(inVain)).toEqual(['last']);
  // Looks who would have to go, and cannot have it done.
  const notDone = (cluster: SmallCluster) => {
    cluster.fault = (write) => (write.verb === 'delete' ? new Error('no') : undefined);
    cluster.put(high('q')).settle().remove('Pod', 'q');
    cluster.fault = () => undefined;
  };
  expect(victim(notDone)).toEqual(['last']);
});

test('the order of pods is the same after a trial in which one goes and a later one stays', () => {
  const labels = { app: 'x' };
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
  const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    low('first', 'a', { cpu: '1', labels }),
    low('last', 'a', { cpu: '1' }),
  );
  cluster.fault = (write) => (write.verb === 'delete' ? new Error('no') : undefined);
  cluster.put(high('q', { spec: { affinity: apart } })).settle();
  expect(cluster.messages('first', 'Preempted')).toHaveLength(1);
  cluster.remove('Pod', 'q');
  cluster.fault = () => undefined;
  cluster.put(high('p', { cpu: '3' })).settle();
  expect(gone(cluster, 'first', 'last')).toEqual(['last']);
});

test('leaves the room it made to the pod it made it for', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('a1', 'a', { cpu: '4' }));
  cluster.put(high('p', { cpu: '4' })).settle();
  cluster.put(aPod('q', { cpu: '1' })).settle();
  expect(cluster.nodeOf('q')).toBe('');
  expect(cluster.messages('q')[0]).toMatch(
    /^0\/1 nodes are available: 1 Insufficient cpu\. preemption: 0\/1 nodes are available: 1 No preemption victims found/,
  );
  cluster.put(aPod('higher', { cpu: '4', spec: { priority: 1_000 } })).settle();
  expect(cluster.nodeOf('higher')).toBe('a');
});

test('a nominated pod of lower priority loses its nomination to a higher one', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('a1', 'a', { cpu: '4', metadata: { finalizers: ['x'] } }));
  // Victims stay for a while: deletion only marks them.
  const blocked = (name: string) => cluster.put(high(name, { cpu: '4', spec: { priority: name === 'first' ? 100 : 200 } })).pass();
  blocked('first');
  expect(cluster.pod('first').status?.nominatedNodeName).toBe('a');
  blocked('second');
  expect(cluster.pod('second').status?.nominatedNodeName).toBe('a');
  expect(cluster.pod('first').status?.nominatedNodeName).toBeUndefined();
});

describe('does nothing', () => {
  test('where it would not help', () => {
    const cluster = full(low('a1', 'a'), low('a2', 'a', { priority: 200 })).put(high('p', { cpu: '5' }));
    cluster.settle();
    expect(cluster.messages('p')).toEqual([
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ]);
  });

  test('if what would be left is still too much, and says on each node why', () => {
    const cluster = full(low('a1', 'a', { priority: 200 }), low('a2', 'a', { cpu: '1' }), low('b1', 'b', { cpu: '4', priority: 300 }));
    cluster.put(high('p', { cpu: '3' })).settle();
    expect(cluster.messages('p')).toEqual([
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
    ]);
    expect(gone(cluster, 'a1', 'a2', 'b1')).toEqual([]);
  });

  test('for a pod that never preempts', () => {
    const cluster = full(low('a1', 'a', { cpu: '4' }), low('b1', 'b', { cpu: '4' })).put(
      high('p', { spec: { preemptionPolicy: 'Never' } }),
    );
    cluster.settle();
    expect(cluster.messages('p')).toEqual([
      '0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    ]);
  });

  test('while its victims are still going', () => {
    const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('a1', 'a', { cpu: '4' }));
    cluster.fault = (write) => {
      if (write.verb !== 'delete') return undefined;
      cluster.change('Pod', 'a1', { metadata: { deletionTimestamp: '2026-01-01T00:00:30Z' } });
      return new Error('goes later');
    };
    cluster.put(high('p')).settle();
    expect(cluster.pod('p').status?.nominatedNodeName).toBe('a');
    cluster.advance(300_000);
    expect(cluster.messages('p').at(-1)).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.',
    );
    cluster.remove('Pod', 'a1');
    cluster.advance(10_000);
    expect(cluster.nodeOf('p')).toBe('a');
  });
});

test('does not wait for a pod on its nominated node that goes for other reasons', () => {
  const target = (reason: string) => ({ conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] });
  const evicted = (reason: string) => {
    const cluster = new SmallCluster(
      new DefaultScheduler(),
      aNode('a'),
      aNode('b'),
      low('going', 'a', { cpu: '4', metadata: { deletionTimestamp: '2026-01-01T00:00:30Z' }, status: target(reason) }),
      low('b1', 'b', { cpu: '4' }),
    );
    cluster.put(high('p', { status: { nominatedNodeName: 'a' } })).settle();
    return [gone(cluster, 'b1'), cluster.messages('p')[0]];
  };
  const refused = '0/2 nodes are available: 2 Insufficient cpu.';
  const waits = `${refused} preemption: not eligible due to a terminating pod on the nominated node.`;
  expect(evicted('PreemptionByScheduler')).toEqual([[], waits]);
  expect(evicted('EvictionByEvictionAPI')).toEqual([[], refused]);
});

test('finds the best again after nodes came, changed and went, as one that starts now does', () => {
  const cluster = new SmallCluster(new DefaultScheduler());
  const tall = Array.from({ length: 150 }, (_, i) => [aNode(`n${i}`), low(`l${i}`, `n${i}`, { cpu: '4', priority: 50 - (i % 40) })]).flat();
  cluster.put(...tall).settle();
  const victims: string[] = [];
  const left = () => Array.from({ length: 150 }, (_, i) => `l${i}`).filter((name) => cluster.objects.has(`Pod/default/${name}`));
  for (let i = 0; i < 12; i++) {
    const anew = new SmallCluster(new DefaultScheduler(), ...cluster.objects.values());
    const before = left();
    for (const each of [cluster, anew]) each.put(high(`p${i}`, { cpu: '4' })).settle();
    const [victim] = gone(cluster, ...before);
    expect([i, gone(anew, ...before)]).toEqual([i, [victim]]);
    victims.push(victim!);
    cluster.advance(1_000);
    if (i % 3 === 0) cluster.put(low(`x${i}`, `n${i + 40}`, { cpu: '0' }));
    if (i === 5) cluster.put(aNode('late'), low('l-late', 'late', { cpu: '4', priority: -1 }));
    if (i === 7) cluster.remove('Node', 'n119');
    cluster.settle();
  }
  expect(new Set(victims).size).toBe(12);
});

test('evicts whom anti-affinity keeps away', () => {
  const apart = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
      ],
    },
  };
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    low('x1', 'a', { cpu: '1', labels: { app: 'x' } }),
    low('other', 'a', { cpu: '1' }),
  );
  cluster
    .put(high('p', { cpu: '1', spec: { affinity: apart } }))
    .settle()
    .advance(1_000);
  expect(cluster.nodeOf('p')).toBe('a');
  expect(gone(cluster, 'x1', 'other')).toEqual(['x1']);
});

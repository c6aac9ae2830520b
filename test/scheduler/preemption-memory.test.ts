import { expect, test } from 'vitest';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored, type PodOptions } from './small-cluster.ts';

/** Looks for as many candidates as these say. */
const frugal = (minCandidateNodesPercentage: number, minCandidateNodesAbsolute: number): DefaultScheduler => {
  const plugins = defaultPlugins({ DefaultPreemption: { minCandidateNodesPercentage, minCandidateNodesAbsolute } });
  return new DefaultScheduler({ profiles: [{ plugins }] });
};
const low = (name: string, on: string, options: PodOptions = {}) => aPod(name, { cpu: '4', on, ...options });
const high = (name: string, options: PodOptions = {}) => aPod(name, { cpu: '4', ...options, spec: { priority: 100, ...options.spec } });
const protectedBy = { labels: { app: 'db' } };
const budget = stored(
  'PodDisruptionBudget',
  { name: 'db', namespace: 'default' },
  { spec: { selector: { matchLabels: { app: 'db' } } }, status: { disruptionsAllowed: 0 } },
  'policy/v1',
);
const nominated = (cluster: SmallCluster, name: string) => cluster.pod(name).status?.nominatedNodeName;

test('where the percentage of few nodes is less than one, one candidate is still looked for', () => {
  const cluster = new SmallCluster(frugal(10, 0), aNode('a'), aNode('b'), low('a1', 'a'), low('b1', 'b'));
  cluster.put(high('p')).settle();
  expect(nominated(cluster, 'p')).toBe('a');
});

test('a pod without labels is in no budget, whatever the selector says of labels that are not there', () => {
  const others = stored(
    'PodDisruptionBudget',
    { name: 'others', namespace: 'default' },
    { spec: { selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }, status: { disruptionsAllowed: 0 } },
    'policy/v1',
  );
  const labelled = low('a1', 'a', { labels: { tier: 'x' } });
  const cluster = new SmallCluster(frugal(100, 100), aNode('a'), aNode('b'), labelled, low('b1', 'b'), others);
  cluster.put(high('p')).settle();
  expect(nominated(cluster, 'p')).toBe('b');
});

test('with as many candidates as are wanted, nodes are asked on until one disturbs no budget', () => {
  const cluster = new SmallCluster(
    frugal(0, 1),
    ...['a', 'b', 'c'].map((name) => aNode(name)),
    ...['a', 'b'].map((name) => low(`${name}1`, name, protectedBy)),
    low('c1', 'c'),
    budget,
  );
  cluster.put(high('p')).settle();
  expect(nominated(cluster, 'p')).toBe('c');
});

test('the same when what was remembered disturbs a budget only since its node changed', () => {
  const cluster = new SmallCluster(
    frugal(0, 1),
    ...['a', 'b', 'c'].map((name) => aNode(name)),
    low('a1', 'a', protectedBy),
    low('b1', 'b'),
    low('c1', 'c'),
    budget,
  );
  cluster.put(high('p')).settle();
  expect(nominated(cluster, 'p')).toBe('b');
  // Now `b` has a pod that comes before the next one, and what is known and still holds is `a`, with its budget.
  cluster.put(high('q')).settle();
  expect(nominated(cluster, 'q')).toBe('c');
});

test('what holds for one pod is not taken for another beside nominated pods with affinities', () => {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('a1', 'a', { cpu: '2' }), low('a2', 'a', { cpu: '2' }));
  // Victims take their time.
  cluster.fault = (write) => (write.verb === 'delete' ? new Error('goes later') : undefined);
  cluster.put(high('first', { cpu: '2', spec: { priority: 200, affinity } })).settle();
  expect(nominated(cluster, 'first')).toBe('a');
  // The room that is kept is kept from pods of `x`, too; those of `y` may be beside it.
  cluster.put(high('x', { cpu: '2', labels: { app: 'x' } })).settle();
  expect(nominated(cluster, 'x')).toBeUndefined();
  cluster.put(high('y', { cpu: '2', labels: { app: 'y' } })).settle();
  expect(nominated(cluster, 'y')).toBe('a');
});

test('what holds for a nominated pod, which has room already, is not taken for one like it that has none', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), low('a1', 'a'));
  cluster.fault = (write) => (write.verb === 'delete' ? new Error('not now') : undefined);
  cluster.put(high('p')).settle();
  expect(nominated(cluster, 'p')).toBe('a');
  cluster.advance(300_000);
  expect(cluster.writes.filter(({ verb }) => verb === 'delete')).toHaveLength(2);
  cluster.put(high('q')).settle();
  expect(nominated(cluster, 'q')).toBeUndefined();
});

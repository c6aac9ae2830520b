import { expect, test } from 'vitest';
import { defaultPlugins } from '../../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored, type PodOptions } from '../small-cluster.ts';

const hostKey = 'kubernetes.io/hostname';
const term = (where: object = {}) => ({ topologyKey: hostKey, labelSelector: { matchLabels: { app: 'web' } }, ...where });
const apart = (where?: object): PodOptions => ({
  spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(where)] } } },
});
const near = (where?: object): PodOptions => ({
  spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(where)] } } },
});
const web = (name: string, on: string, namespace = 'default') => aPod(name, { on, namespace, labels: { app: 'web' } });
const namespace = (name: string, team: string) => stored('Namespace', { name, labels: { team } });

test('whom a namespace selector means follows the labels of the namespaces', () => {
  const where = { namespaceSelector: { matchLabels: { team: 'x' } } };
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    aNode('b', { cpu: '64', memory: '512Gi' }),
    namespace('default', 'x'),
    namespace('other', 'y'),
    web('w', 'b', 'other'),
  );
  cluster.put(aPod('p1', apart(where))).settle();
  expect(cluster.nodeOf('p1')).toBe('b');
  cluster.change('Namespace', 'other', { metadata: { labels: { team: 'x' } } });
  cluster.put(aPod('p2', apart(where))).settle();
  expect(cluster.nodeOf('p2')).toBe('a');
  cluster.change('Namespace', 'other', { metadata: { labels: { team: 'y' } } });
  cluster.put(aPod('p3', apart(where))).settle();
  expect(cluster.nodeOf('p3')).toBe('b');
});

test('and so does whom the terms of placed pods mean', () => {
  const where = { namespaceSelector: { matchLabels: { team: 'x' } } };
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    aNode('b', { cpu: '64', memory: '512Gi' }),
    namespace('other', 'y'),
    aPod('hermit', { ...apart(where), on: 'b' }),
  );
  const visitor = (name: string) => aPod(name, { namespace: 'other', labels: { app: 'web' } });
  cluster.put(visitor('v1')).settle();
  expect(cluster.nodeOf('v1', 'other')).toBe('b');
  cluster.change('Namespace', 'other', { metadata: { labels: { team: 'x' } } });
  cluster.put(visitor('v2')).settle();
  expect(cluster.nodeOf('v2', 'other')).toBe('a');
});

test('the first of a group that wants its like near goes where it likes; a stranger waits for company', () => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), aNode('b'), aNode('c', { labels: {} }));
  cluster.put(aPod('stranger', near())).settle();
  expect(cluster.messages('stranger')[0]).toMatch("0/3 nodes are available: 3 node(s) didn't match pod affinity rules.");
  cluster.put(aPod('first', { ...near(), labels: { app: 'web' } })).advance(1_000);
  cluster.advance(1_000);
  expect(cluster.nodeOf('stranger')).toBe(cluster.nodeOf('first'));
});

test('a pod that goes lets in one that wanted to be apart from it, and one it wanted to be apart from', () => {
  const cluster = new SmallCluster(
    new DefaultScheduler(),
    aNode('a'),
    web('w', 'a'),
    aPod('hermit', { ...apart({ labelSelector: { matchLabels: { app: 'q' } } }), on: 'a' }),
  );
  cluster.put(aPod('p', apart()), aPod('q', { labels: { app: 'q' } })).settle();
  expect(cluster.messages('p')[0]).toMatch("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.");
  expect(cluster.messages('q')[0]).toMatch("0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.");
  cluster.remove('Pod', 'w');
  cluster.advance(1_000);
  expect([cluster.nodeOf('p'), cluster.nodeOf('q')]).toEqual(['a', '']);
  cluster.remove('Pod', 'hermit');
  cluster.advance(2_000);
  expect(cluster.nodeOf('q')).toBe('a');
});

test('a selector that cannot be read means nobody, and stops nobody else', () => {
  const bad = { labelSelector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['w'] }] } };
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('a'), web('w', 'a'));
  cluster.put(aPod('odd', apart(bad)), aPod('p')).settle();
  expect([cluster.nodeOf('odd'), cluster.nodeOf('p')]).toEqual(['a', 'a']);
});

test('hardPodAffinityWeight: how much a node is liked for pods that must have the newcomer near', () => {
  const chosen = (hardPodAffinityWeight: number): string => {
    const plugins = defaultPlugins({ InterPodAffinity: { hardPodAffinityWeight } });
    // On b somebody must have it near; on c somebody would like to, which counts for 10.
    const wish = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: term() }] } };
    const cluster = new SmallCluster(new DefaultScheduler({ profiles: [{ plugins }] }), aNode('a'), aNode('b'), aNode('c'));
    cluster.put(aPod('must', { ...near(), on: 'b' }), aPod('likes', { spec: { affinity: wish }, on: 'c' })).settle();
    cluster.put(aPod('newcomer', { labels: { app: 'web' } })).settle();
    return cluster.nodeOf('newcomer');
  };
  expect([chosen(0), chosen(9), chosen(11)]).toEqual(['c', 'c', 'b']);
});

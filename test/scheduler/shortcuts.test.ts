import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/api/object.ts';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import type { AnyPlugin } from '../../src/scheduler/plugin.ts';
import { podOptions } from './random-cluster.ts';
import { fixed, patienceMs, scale } from './runs.ts';
import { aNode, aPod, SmallCluster, stored, type PodOptions } from './small-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';

/** The plugin without what it can say in few words or of many nodes at once: then every node is looked at. */
function plodding(plugin: AnyPlugin): AnyPlugin {
  const { filterAll: _filterAll, scoreAll: _scoreAll, preFilter, preScore, ...rest } = plugin;
  return {
    ...rest,
    ...(preFilter === undefined
      ? {}
      : {
          preFilter: (pod, cache) => {
            const { sparse: _sparse, ...result } = preFilter(pod, cache);
            return result;
          },
        }),
    ...(preScore === undefined
      ? {}
      : {
          preScore: (pod, cache, feasible) => {
            const { sparse: _sparse, ...result } = preScore(pod, cache, feasible);
            return result;
          },
        }),
  };
}

/** Counts how often a plugin says something in few words. */
function counting(plugin: AnyPlugin, count: { sparse: number }): AnyPlugin {
  const { preFilter, preScore } = plugin;
  return {
    ...plugin,
    ...(preFilter === undefined
      ? {}
      : {
          preFilter: (pod, cache) => {
            const result = preFilter(pod, cache);
            if (result.sparse !== undefined) count.sparse++;
            return result;
          },
        }),
    ...(preScore === undefined
      ? {}
      : {
          preScore: (pod, cache, feasible) => {
            const result = preScore(pod, cache, feasible);
            if (result.sparse !== undefined) count.sparse++;
            return result;
          },
        }),
  };
}

const node = fc.record({
  cpu: fc.constantFrom('2', '4', '8'),
  zone: fc.constantFrom('z1', 'z2', 'z3', ''),
  labelled: fc.integer({ min: 0, max: 12 }),
});

/** Pods that differ in what they want of each other, and in nothing else: node by node decisions stay simple. */
const template: fc.Arbitrary<PodOptions> = podOptions.map(({ labels = {}, spec = {} }) => ({
  labels,
  spec: {
    containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }],
    ...(spec.affinity === undefined
      ? {}
      : {
          affinity: {
            ...(spec.affinity.podAffinity === undefined ? {} : { podAffinity: spec.affinity.podAffinity }),
            ...(spec.affinity.podAntiAffinity === undefined ? {} : { podAntiAffinity: spec.affinity.podAntiAffinity }),
          },
        }),
    topologySpreadConstraints: spec.topologySpreadConstraints ?? [],
  },
}));

const isRefusal = (text: string): boolean => text.includes('FailedScheduling');

type Step = { readonly of: number } | { readonly delete: number } | { readonly move: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ of: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ delete: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ move: fc.nat() }) },
);

test(
  'with and without shortcuts every pod goes to the same node',
  () => {
    const said = { sparse: 0, refused: 0 };
    const told = ({ events }: SmallCluster) =>
      events.map(({ regarding, reason, message }) => `${regarding.name} ${reason} ${message}`).filter(isRefusal);
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 2, maxLength: 20, size: 'max' }),
        fc.array(template, { minLength: 1, maxLength: 4 }),
        fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.boolean(),
        (nodes, templates, steps, service) => {
          const plugins = defaultPlugins();
          const quick = new SmallCluster(
            new DefaultScheduler({
              profiles: [{ plugins: plugins.map(({ plugin, weight = 1 }) => ({ plugin: counting(plugin, said), weight })) }],
            }),
          );
          const plod = new SmallCluster(
            new DefaultScheduler({
              profiles: [{ plugins: defaultPlugins().map(({ plugin, weight = 1 }) => ({ plugin: plodding(plugin), weight })) }],
            }),
          );
          const both = (act: (cluster: SmallCluster) => void): void => [quick, plod].forEach((cluster) => act(cluster));
          const put = (...objects: readonly StoredObject[]): void => both((cluster) => cluster.put(...objects));
          if (service) put(stored('Service', { name: 's', namespace: 'default' }, { spec: { selector: { app: 'a' } } }));
          nodes.forEach(({ cpu, zone, labelled }, i) => {
            const labels = {
              ...(zone === '' ? {} : { [zoneKey]: zone }),
              ...(labelled === 0 ? { 'kubernetes.io/hostname': 'shared' } : {}),
            };
            put(aNode(`n${i}`, { cpu, labels }));
          });
          for (const [i, action] of steps.entries()) {
            const placed = [...quick.objects.values()].filter(
              ({ kind, spec }) => kind === 'Pod' && (spec as { nodeName?: string }).nodeName !== undefined,
            );
            if ('of' in action) put(aPod(`p${i}`, templates[action.of % templates.length]));
            else if ('move' in action)
              both((cluster) =>
                cluster.change('Node', `n${action.move % nodes.length}`, {
                  metadata: { labels: { 'kubernetes.io/hostname': `n${action.move % nodes.length}`, [zoneKey]: 'z2' } },
                }),
              );
            else if (placed.length > 0) both((cluster) => cluster.remove('Pod', placed[action.delete % placed.length]!.metadata.name));
            both((cluster) => cluster.settle());
            const where = (cluster: SmallCluster) =>
              [...cluster.objects.values()].flatMap(({ kind, metadata, spec }) =>
                kind === 'Pod' ? [[metadata.name, (spec as { nodeName?: string }).nodeName]] : [],
              );
            expect(where(quick)).toEqual(where(plod));
            expect(told(quick)).toEqual(told(plod));
          }
          if (told(quick).length > 0) said.refused++;
        },
      ),
      { numRuns: 60 * scale, ...fixed },
    );
    // The test is about shortcuts: they must have been there to be taken.
    expect(said.sparse).toBeGreaterThan(500);
    expect(said.refused).toBeGreaterThan(10);
  },
  patienceMs,
);

const dense: fc.Arbitrary<{ readonly of: number; readonly delete?: number }> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ of: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.nat({ max: 2 }), delete: fc.nat() }) },
);

/** A plugin that counts how often it told nodes apart by classes. */
function classifying(plugin: AnyPlugin, count: { classes: number }): AnyPlugin {
  const { preScore } = plugin;
  if (preScore === undefined) return plugin;
  return {
    ...plugin,
    preScore: (pod, cache, feasible) => {
      const result = preScore(pod, cache, feasible);
      if ((result.sparse?.classes.length ?? 0) > 0) count.classes++;
      return result;
    },
  };
}

test(
  'pods of a few owners on most nodes, and images of all sizes: the same nodes with and without shortcuts',
  () => {
    const told = { classes: 0 };
    const mebibyte = 1024 * 1024;
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ cpu: fc.constantFrom('2', '4', '8'), zone: fc.constantFrom('z1', 'z2', 'z3', ''), image: fc.nat({ max: 3 }) }),
          {
            minLength: 80,
            maxLength: 100,
            size: 'max',
          },
        ),
        fc.array(dense, { minLength: 150, maxLength: 250, size: 'max' }),
        fc.boolean(),
        (nodes, steps, wish) => {
          const profile = (change: (plugin: AnyPlugin) => AnyPlugin) =>
            new SmallCluster(
              new DefaultScheduler({
                profiles: [{ plugins: defaultPlugins().map(({ plugin, weight = 1 }) => ({ plugin: change(plugin), weight })) }],
              }),
            );
          const quick = profile((plugin) => classifying(plugin, told));
          const plod = profile(plodding);
          const both = (act: (cluster: SmallCluster) => void): void => [quick, plod].forEach((cluster) => act(cluster));
          for (const app of ['a', 'b'])
            both((cluster) => cluster.put(stored('Service', { name: app, namespace: 'default' }, { spec: { selector: { app } } })));
          nodes.forEach(({ cpu, zone, image }, i) => {
            const images = image === 0 ? [] : [{ names: ['i:1'], sizeBytes: image * 20 * mebibyte }];
            const object = aNode(`n${i}`, { cpu, labels: zone === '' ? {} : { [zoneKey]: zone }, status: { images } });
            both((cluster) => cluster.put(object));
          });
          const podAffinityTerm = { labelSelector: { matchLabels: { app: 'a' } }, topologyKey: 'kubernetes.io/hostname' };
          const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm }] } };
          for (const [i, action] of steps.entries()) {
            const app = ['a', 'b', 'c'][action.of]!;
            const containers = [{ name: 'c', image: action.of === 1 ? 'i:1' : 'j:1', resources: { requests: { cpu: '50m' } } }];
            both((cluster) => {
              cluster.put(aPod(`p${i}`, { labels: { app }, spec: { containers, ...(wish && action.of === 0 ? { affinity } : {}) } }));
              if (action.delete !== undefined && i > 0) {
                const victim = `p${action.delete % i}`;
                if ([...cluster.objects.values()].some(({ kind, metadata }) => kind === 'Pod' && metadata.name === victim))
                  cluster.remove('Pod', victim);
              }
              cluster.settle();
            });
          }
          const where = (cluster: SmallCluster) =>
            [...cluster.objects.values()].flatMap(({ kind, metadata, spec }) =>
              kind === 'Pod' ? [[metadata.name, (spec as { nodeName?: string }).nodeName]] : [],
            );
          expect(where(quick)).toEqual(where(plod));
        },
      ),
      { numRuns: 6 * scale, ...fixed },
    );
    expect(told.classes).toBeGreaterThan(200);
  },
  patienceMs,
);

test('a pod that no node will do for is told so without asking each of them', () => {
  const asked = new Map<string, number>();
  const watched = (plugin: AnyPlugin): AnyPlugin => {
    const { filter, filterAll: _filterAll, ...rest } = plugin;
    if (filter === undefined || (plugin.filterReads ?? 'cluster') !== 'cluster') return plugin;
    return {
      ...rest,
      filter: (...args) => {
        asked.set(plugin.name, (asked.get(plugin.name) ?? 0) + 1);
        return filter(...args);
      },
    };
  };
  const plugins = defaultPlugins().map(({ plugin, weight = 1 }) => ({ plugin: watched(plugin), weight }));
  const cluster = new SmallCluster(new DefaultScheduler({ profiles: [{ plugins }] }));
  for (let i = 0; i < 200; i++) cluster.put(aNode(`n${i}`, { labels: { [zoneKey]: `z${i % 2}` }, cpu: i < 50 ? '1' : '4' }));
  const labelSelector = { matchLabels: { app: 'a' } };
  const term = (topologyKey: string) => ({ requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector }] });
  const even = { maxSkew: 1, minDomains: 9, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector };
  cluster.put(aPod('a0', { on: 'n0', labels: { app: 'a' } }), aPod('a1', { on: 'n1', labels: { app: 'a' } })).settle();
  cluster.put(
    aPod('alone', { cpu: '2', spec: { affinity: { podAffinity: term('nowhere') } } }),
    aPod('apart', { cpu: '2', spec: { affinity: { podAntiAffinity: term(zoneKey) } } }),
    aPod('even', { cpu: '2', labels: { app: 'a' }, spec: { topologySpreadConstraints: [even] } }),
  );
  cluster.settle();
  const less = '0/200 nodes are available:';
  expect(['alone', 'apart', 'even'].map((name) => cluster.messages(name)[0]?.split(' preemption:')[0])).toEqual([
    `${less} 150 node(s) didn't match pod affinity rules, 50 Insufficient cpu.`,
    `${less} 150 node(s) didn't match pod anti-affinity rules, 50 Insufficient cpu.`,
    `${less} 150 node(s) didn't match pod topology spread constraints, 50 Insufficient cpu.`,
  ]);
  expect([...asked]).toEqual([]);
});

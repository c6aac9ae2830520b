import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeManifest, PodManifest } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { naiveVerdict, type Verdict, type World } from './naive-scheduler.ts';
import { namespaces, nodeOptions, podOptions } from './random-cluster.ts';
import { fixed, patienceMs, scale } from './runs.ts';
import { aNode, aPod, SmallCluster, stored } from './small-cluster.ts';

function clusterOf(nodes: readonly Parameters<typeof aNode>[1][], services: readonly string[]): SmallCluster {
  const cluster = new SmallCluster(new DefaultScheduler());
  for (const [name, labels] of Object.entries(namespaces)) cluster.put(stored('Namespace', { name, labels }));
  for (const app of services) cluster.put(stored('Service', { name: `svc-${app}`, namespace: 'default' }, { spec: { selector: { app } } }));
  nodes.forEach((options, i) => cluster.put(aNode(`n${i}`, options)));
  return cluster;
}

function worldOf(cluster: SmallCluster): World {
  const all = [...cluster.objects.values()];
  const pods = all.filter(({ kind }) => kind === 'Pod') as Stored<PodManifest>[];
  return {
    nodes: all.filter(({ kind }) => kind === 'Node') as Stored<NodeManifest>[],
    pods: pods.filter(({ spec }) => (spec?.nodeName ?? '') !== ''),
    namespaces,
    services: all
      .filter(({ kind }) => kind === 'Service')
      .map(({ metadata, spec }) => ({
        namespace: metadata.namespace ?? '',
        selector: (spec as { selector: Record<string, string> }).selector,
      })),
  };
}

/** What the scheduler says of each node must be what the naive one says. Refusals by name filters are told apart by nobody. */
function compare(cluster: SmallCluster, pod: Stored<PodManifest>, naive: Verdict): void {
  const { nodes } = cluster.scheduler.explain(cluster.view, pod);
  const refusedBy = Object.fromEntries(nodes.map(({ node, refusedBy: by }) => [node, by?.plugin]));
  expect(Object.keys(refusedBy)).toHaveLength(naive.refusedBy.size);
  for (const [node, by] of naive.refusedBy) expect([node, refusedBy[node] === undefined]).toEqual([node, by === undefined]);
  const scores = Object.fromEntries(
    nodes.filter(({ feasible }) => feasible).map(({ node, scores: byPlugin }) => [node, withoutZeros(byPlugin!)]),
  );
  expect(scores).toEqual(Object.fromEntries([...naive.scores].map(([node, byPlugin]) => [node, withoutZeros(byPlugin)])));
}

const withoutZeros = (scores: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(scores).filter(([, score]) => score !== 0));
const sum = (scores: Readonly<Record<string, number>>): number => Object.values(scores).reduce((a, b) => a + b, 0);

function placedLikeNaively(nodeCountMax: number, podCountMax: number, runs: number): void {
  fc.assert(
    fc.property(
      fc.array(nodeOptions, { minLength: 1, maxLength: nodeCountMax, size: 'max' }),
      fc.array(podOptions, { minLength: 1, maxLength: podCountMax, size: 'max' }),
      fc.subarray(['a', 'b']),
      (nodes, pods, services) => {
        const cluster = clusterOf(nodes, services).settle();
        for (const [i, options] of pods.entries()) {
          const pod = aPod(`p${i}`, options);
          const naive = naiveVerdict(pod, worldOf(cluster));
          compare(cluster, pod, naive);
          cluster.put(pod).settle();
          const chosen = cluster.nodeOf(pod.metadata.name, pod.metadata.namespace);
          const best = Math.max(...[...naive.scores.values()].map(sum));
          if (naive.scores.size === 0) expect(chosen).toBe('');
          else expect([chosen, sum(naive.scores.get(chosen) ?? {})]).toEqual([chosen, best]);
        }
      },
    ),
    { numRuns: runs, ...fixed },
  );
}

describe('every pod goes to a node the naive scheduler finds best, one after the other', () => {
  test('few nodes', () => placedLikeNaively(10, 12, 100 * scale), patienceMs);
  test('up to 50 nodes', () => placedLikeNaively(50, 25, 6 * scale), patienceMs);
});

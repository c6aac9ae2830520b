import { expect, test } from 'vitest';
import type { Cluster } from '../../src/index.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated/index.ts';
import { smallCluster } from './small-cluster.ts';

const labels = (zone: string) => ({ 'topology.kubernetes.io/zone': zone });

/** Nodes that were ready once and that nobody has heard of since. */
async function silent(cluster: Cluster, zone: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await cluster.client.create(nodeKind, {
      metadata: { name: `${zone}-${i}`, labels: labels(zone) },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }
}

const answering = (zone: string) => ({ name: `${zone}-up`, runtime: new SimulatedRuntime(), labels: labels(zone) });

/** How many seconds after one another the nodes of a zone were given up. */
function gaps(cluster: Cluster, zone: string): readonly number[] {
  const times = cluster.view
    .list(nodeKind)
    .filter(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'] === zone)
    .flatMap(({ spec }) => (spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute'))
    .map(({ timeAdded }) => Date.parse(timeAdded ?? '') / 1000)
    .sort((a, b) => a - b);
  return times.map((time, i) => (i === 0 ? 0 : time - times[i - 1]!));
}

/** The pods of a node go once it is given up: at 0.1 nodes/s a zone, 0.01 in a large one of which most is down, never in a small one. */
test('nodes are given up one after the other, as slowly as their zone is sick', async () => {
  await using cluster = await smallCluster({}, { nodes: [answering('most'), answering('large')] });
  await silent(cluster, 'dark', 4);
  await silent(cluster, 'most', 3);
  await silent(cluster, 'large', 55);
  await cluster.advance('5m');
  expect(gaps(cluster, 'dark')).toEqual([0, 10, 10, 10]);
  expect(gaps(cluster, 'most')).toEqual([]);
  expect(gaps(cluster, 'large')).toEqual([0, 100, 100]);
  // Where most of a zone answers again, it is no longer spared.
  for (const name of ['most-a', 'most-b', 'most-c']) await cluster.addNode({ ...answering('most'), name });
  await cluster.advance('1m');
  expect(gaps(cluster, 'most')).toEqual([0, 10, 10]);
});

test('where no node of any zone answers, none is given up: it is us who are cut off', async () => {
  await using cluster = await smallCluster({}, { nodes: [] });
  await silent(cluster, 'a', 2);
  await silent(cluster, 'b', 2);
  await cluster.advance('10m');
  expect(cluster.nodes.list().map(({ ready }) => ready)).toEqual([false, false, false, false]);
  expect([...gaps(cluster, 'a'), ...gaps(cluster, 'b')]).toEqual([]);
});

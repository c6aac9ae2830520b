import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PodManifest } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { namespaces, nodeOptions, podOptions } from './random-cluster.ts';
import { fixed, patienceMs, scale } from './runs.ts';
import { aNode, aPod, SmallCluster, stored, type NodeOptions, type PodOptions } from './small-cluster.ts';

type Step =
  | { readonly do: 'pending'; readonly options: PodOptions }
  | { readonly do: 'bound'; readonly options: PodOptions; readonly node: number }
  | { readonly do: 'delete-pod' | 'terminate-pod' | 'end-pod' | 'relabel-pod'; readonly pod: number }
  | { readonly do: 'node'; readonly node: number; readonly options: NodeOptions }
  | { readonly do: 'delete-node'; readonly node: number }
  | { readonly do: 'relabel-namespace'; readonly team: string };

const index = fc.nat({ max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pending' as const), options: podOptions }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('bound' as const), options: podOptions, node: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('delete-pod' as const, 'terminate-pod' as const, 'end-pod' as const, 'relabel-pod' as const),
      pod: index,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('node' as const), node: index, options: nodeOptions }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-node' as const), node: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('relabel-namespace' as const), team: fc.constantFrom('x', 'y') }) },
);

/** Nodes n0 to n5; some are not there. A pod may be bound to one that is not. */
const nodeName = (i: number): string => `n${i % 6}`;

function apply(cluster: SmallCluster, action: Step, i: number): void {
  const pods = [...cluster.objects.values()].filter(({ kind }) => kind === 'Pod');
  switch (action.do) {
    case 'pending':
      cluster.put(aPod(`p${i}`, action.options));
      return;
    case 'bound':
      cluster.put(aPod(`p${i}`, { ...action.options, on: nodeName(action.node) }));
      return;
    case 'node': {
      const name = nodeName(action.node);
      const node = aNode(name, action.options);
      if (!cluster.objects.has(`Node//${name}`)) cluster.put(node);
      else cluster.put(Object.freeze({ ...node, metadata: { ...node.metadata, uid: cluster.get('Node', name).metadata.uid } }));
      return;
    }
    case 'delete-node':
      if (cluster.objects.has(`Node//${nodeName(action.node)}`)) cluster.remove('Node', nodeName(action.node));
      return;
    case 'relabel-namespace':
      cluster.change('Namespace', 'other', { metadata: { labels: { team: action.team } } });
      return;
    default: {
      const pod = pods[action.pod % Math.max(1, pods.length)];
      if (pod === undefined) return;
      const { name, namespace } = pod.metadata;
      if (action.do === 'delete-pod') cluster.remove('Pod', name, namespace);
      if (action.do === 'terminate-pod')
        cluster.change('Pod', name, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, namespace);
      if (action.do === 'end-pod') cluster.change('Pod', name, { status: { phase: 'Succeeded' } }, namespace);
      if (action.do === 'relabel-pod') cluster.change('Pod', name, { metadata: { labels: { app: 'b' } } }, namespace);
    }
  }
}

/** By node, so that it does not matter in which order nodes came. */
function explained(cluster: SmallCluster, probe: Stored<PodManifest>): unknown {
  const { message, nodes } = cluster.scheduler.explain(cluster.view, probe);
  return { message, nodes: Object.fromEntries(nodes.map((node) => [node.node, node])) };
}

/** A pod that comes, is placed or not, and goes. */
function visit(cluster: SmallCluster, name: string, options: PodOptions): void {
  const pod = aPod(name, options);
  explained(cluster, pod);
  cluster.put(pod).settle();
  cluster.remove('Pod', name, pod.metadata.namespace);
  cluster.settle();
}

test(
  'after any history the scheduler says of every pod what one says that starts now',
  () => {
    fc.assert(
      fc.property(
        fc.array(nodeOptions, { maxLength: 5 }),
        fc.array(podOptions, { minLength: 1, maxLength: 3 }),
        fc.array(step, { maxLength: 30 }),
        (nodes, probeOptions, steps) => {
          const cluster = new SmallCluster(new DefaultScheduler());
          for (const [name, labels] of Object.entries(namespaces)) cluster.put(stored('Namespace', { name, labels }));
          cluster.put(stored('Service', { name: 'svc', namespace: 'default' }, { spec: { selector: { app: 'a' } } }));
          nodes.forEach((options, i) => cluster.put(aNode(nodeName(i), options)));
          cluster.settle();
          const probes = probeOptions.map((options, i) => aPod(`probe${i}`, options));
          for (const [at, action] of steps.entries()) {
            // Asked and placed all the time, so that what is kept for the probes is old when it is compared.
            for (const [i, options] of probeOptions.entries()) visit(cluster, `probe${i}`, options);
            apply(cluster, action, at);
            cluster.settle();
          }
          const anew = new SmallCluster(new DefaultScheduler(), ...cluster.objects.values());
          anew.scheduler.onChanges(
            [...cluster.objects.values()].map((object) => ({ type: 'added', object, previous: undefined })),
            anew.view,
          );
          for (const probe of probes) {
            const { message, nodes: explanations } = anew.scheduler.explain(anew.view, probe);
            expect(explained(cluster, probe)).toEqual(explained(anew, probe));
            cluster.put(probe).settle();
            const chosen = cluster.nodeOf(probe.metadata.name, probe.metadata.namespace);
            const totals = Object.fromEntries(explanations.map(({ node, total }) => [node, total]));
            expect([chosen, totals[chosen]]).toEqual([
              chosen,
              message === undefined ? Math.max(...explanations.map(({ total }) => total ?? -1)) : undefined,
            ]);
            if (message !== undefined)
              expect(cluster.messages(probe.metadata.name).filter((text) => text.startsWith(message))).not.toEqual([]);
            cluster.remove('Pod', probe.metadata.name, probe.metadata.namespace);
            cluster.settle();
          }
        },
      ),
      { numRuns: 100 * scale, ...fixed },
    );
  },
  patienceMs,
);

import { deepFreeze } from '../../src/api/object.ts';
import { eventWorkloads } from './event-workloads.ts';
import type { PerfCluster } from './perf-cluster.ts';
import {
  addNamespaces,
  addNodes,
  addPods,
  affinity,
  antiAffinity,
  both,
  devops,
  evenOverHosts,
  high,
  inZone,
  low,
  plain,
  preferredAffinity,
  preferredAntiAffinity,
  required,
  spread,
  template,
  term,
  tooBig,
  zoneKey,
} from './pods.ts';
import { volumeWorkloads } from './volume-workloads.ts';
import { full, manyNamespaces, simple, twoNamespaces, type Sized } from './workload.ts';

const moon = ['moon-1', 'moon-2', 'moon-3'];
/** Kubernetes injects by the clock, 5 a second at some 600 pods a second; here by pods. */
const every = (passes: number, act: (cluster: PerfCluster, time: number) => void) => (cluster: PerfCluster, pass: number) => {
  if (pass % passes === 0) act(cluster, pass / passes);
};

/** Pods that are there before, of which one ends every 20 passes of `UnschedulableMany`, to its last. */
const ending = 1_000;

export const workloads: readonly Sized[] = [
  simple('SchedulingBasic', 810, (nodes) => (full(nodes) ? [5_000, 50_000] : [500, 1_000]), plain),
  (nodes) => ({
    name: 'SchedulingDaemonset',
    nodes,
    gate: 1_100,
    measured: full(nodes) ? 30_000 : 1_000,
    prepare: (cluster) => {
      addNodes(cluster, 1, [], { prefix: 'scheduler-perf-node', resources: { cpu: '100k', memory: '100Ti', pods: '90000' } });
      addNodes(cluster, full(nodes) ? 15_000 : nodes);
    },
    measure: (cluster) => {
      const only = {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['scheduler-perf-node-0'] }] }],
        },
      };
      // The daemon controller makes each pod its own affinity.
      for (let i = 0; i < (full(nodes) ? 30_000 : 1_000); i++)
        addPods(cluster, 1, deepFreeze({ spec: { ...plain.spec, affinity: { nodeAffinity: structuredClone(only) } } }));
    },
  }),
  (nodes) => ({
    name: 'DaemonSetOnEveryNode',
    nodes,
    measured: nodes,
    prepare: (cluster) => addNodes(cluster, nodes),
    measure: (cluster) => {
      for (let i = 0; i < nodes; i++) {
        const nodeAffinity = {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [`node-${i}`] }] }],
          },
        };
        addPods(cluster, 1, deepFreeze({ spec: { ...plain.spec, affinity: { nodeAffinity } } }));
      }
    },
  }),
  twoNamespaces('SchedulingPodAntiAffinity', 60, antiAffinity(both), (nodes) => (full(nodes) ? [1_000, 2_000] : [100, 400])),
  twoNamespaces('SchedulingPodAffinity', 35, affinity(both), (nodes) => (full(nodes) ? [5_000, 5_000] : [500, 1_000]), ['zone1']),
  twoNamespaces('SchedulingPreferredPodAffinity', 90, preferredAffinity(both), (nodes) => (full(nodes) ? [5_000, 5_000] : [500, 1_000])),
  twoNamespaces('SchedulingPreferredPodAntiAffinity', 90, preferredAntiAffinity(both), (nodes) =>
    full(nodes) ? [5_000, 5_000] : [500, 1_000],
  ),
  simple('SchedulingNodeAffinity', 220, (nodes) => (full(nodes) ? [5_000, 10_000] : [500, 1_000]), inZone, { zones: ['zone1'] }),
  (nodes) => {
    const initial = full(nodes) ? 2_000 : 200;
    const measured = full(nodes) ? 5_000 : 1_000;
    return {
      name: 'MixedSchedulingBasePod',
      nodes,
      gate: 140,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, ['zone1']);
        addNamespaces(cluster, 'sched-0');
        for (const pod of [plain, affinity(both), antiAffinity(both), preferredAffinity(both), preferredAntiAffinity(both)])
          addPods(cluster, initial, pod, 'sched-0');
      },
      measure: (cluster) => void addPods(cluster, measured, plain),
    };
  },
  manyNamespaces('SchedulingRequiredPodAntiAffinityWithNSSelector', 24, antiAffinity(devops), 40, 2_000),
  manyNamespaces('SchedulingPreferredAntiAffinityWithNSSelector', 55, preferredAntiAffinity(devops), 40, 2_000),
  manyNamespaces('SchedulingRequiredPodAffinityWithNSSelector', 35, affinity(devops), 50, 2_000, ['zone1']),
  manyNamespaces('SchedulingPreferredAffinityWithNSSelector', 90, preferredAffinity(devops), 50, 5_000),
  simple('TopologySpreading', 460, (nodes) => (full(nodes) ? [5_000, 5_000] : [1_000, 1_000]), spread('DoNotSchedule'), {
    zones: moon,
    initialPod: plain,
  }),
  simple('PreferredTopologySpreading', 340, (nodes) => (full(nodes) ? [5_000, 5_000] : [1_000, 1_000]), spread('ScheduleAnyway'), {
    zones: moon,
    initialPod: plain,
  }),
  (nodes) => {
    const measured = full(nodes) ? 50_000 : 1_000;
    return {
      name: 'DefaultTopologySpreading',
      nodes,
      gate: 160,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, moon);
        cluster.put('Service', { name: 'web', namespace: 'service-ns' }, { spec: { selector: { app: 'web' } } });
        addPods(cluster, full(nodes) ? 5_000 : 1_000, plain);
      },
      measure: (cluster) => void addPods(cluster, measured, template({ app: 'web' }, {}), 'service-ns'),
    };
  },
  // Not Kubernetes': what a cluster is filled with by its ReplicationControllers, whose image comes to one node after the other.
  (nodes) => ({
    name: 'FillByOwners',
    nodes,
    measured: full(nodes) ? 50_000 : 5_000,
    prepare: (cluster) => {
      addNodes(cluster, nodes, moon);
      for (let i = 0; i < nodes / 10; i++) {
        const name = `web-${i}`;
        cluster.put('ReplicationController', { name, namespace: 'default' }, { spec: { selector: { app: name } } });
      }
    },
    measure: (cluster) => {
      const owners = Array.from({ length: nodes / 10 }, (_, i) => {
        const name = `web-${i}`;
        const ownerReferences = [{ apiVersion: 'v1', kind: 'ReplicationController', name, uid: name, controller: true }];
        return { pod: template({ app: name }, {}), ownerReferences };
      });
      // In groups of ten, as controllers create them when all are busy.
      for (let i = 0; i < (full(nodes) ? 5_000 : 500); i++) {
        const { pod, ownerReferences } = owners[i % owners.length]!;
        addPods(cluster, 10, pod, 'default', { ownerReferences });
      }
    },
    meanwhile: (cluster, pass) => {
      if (pass >= nodes) return;
      const old = cluster.object(`uid-${pass + 1}`)!;
      const images = [{ names: ['registry.k8s.io/pause:3.10'], sizeBytes: 100_000_000 }];
      cluster.change(old, deepFreeze({ ...old, status: { ...(old.status as object), images } }));
    },
  }),
  (nodes) => ({
    name: 'SchedulingWithNodeInclusionPolicy',
    nodes,
    gate: 270,
    measured: 0.8 * nodes,
    prepare: (cluster) => {
      addNodes(cluster, 0.8 * nodes);
      addNodes(cluster, 0.2 * nodes, [], { prefix: 'tainted', taints: [{ key: 'foo', value: '', effect: 'NoSchedule' }] });
    },
    measure: (cluster) => void addPods(cluster, 0.8 * nodes, evenOverHosts),
  }),
  simple('PreemptionBasic', undefined, (nodes) => [4 * nodes, Math.min(nodes, 1_000)], high, { initialPod: low }),
  simple('PreemptionAsync', 570, (nodes) => [4 * nodes, full(nodes) ? 5_000 : 500], plain, {
    initialPod: low,
    besides: { meanwhile: every(100, (cluster) => addPods(cluster, 1, high)) },
  }),
  simple('Unschedulable', 600, (nodes) => (full(nodes) ? [20_000, 10_000] : [10, 1_000]), plain, {
    besides: { meanwhile: every(100, (cluster) => addPods(cluster, 1, tooBig)) },
  }),
  (nodes) => ({
    name: 'UnschedulableMany',
    nodes,
    measured: full(nodes) ? 20_000 : 5_000,
    prepare: (cluster) => {
      addNodes(cluster, nodes);
      addPods(cluster, ending, plain);
      addPods(cluster, 100_000, tooBig);
    },
    without: {
      name: 'without-unschedulable',
      prepare: (cluster) => {
        addNodes(cluster, nodes);
        addPods(cluster, ending, plain);
      },
    },
    measure: (cluster) => void addPods(cluster, full(nodes) ? 20_000 : 5_000, plain),
    // Pods that end: each might make room for those that wait.
    meanwhile: every(20, (cluster, time) => cluster.delete(`uid-${nodes + 1 + time}`)),
  }),
  simple('SchedulingWithMixedChurn', 710, (nodes) => [0, full(nodes) ? 10_000 : 1_000], plain, {
    besides: {
      meanwhile: every(500, (cluster, time) => {
        for (const kind of ['Service', 'Node'] as const) {
          const [extra] = cluster.uids(kind).slice(kind === 'Node' ? -1 : 0);
          if (time > 0 && extra !== undefined) cluster.delete(extra);
        }
        addNodes(cluster, 1, [], { prefix: `churn-${time}` });
        addPods(cluster, 1, tooBig);
        cluster.put('Service', { name: `churn-${time}`, namespace: 'default' }, { spec: { selector: { foo: 'bar' } } });
      }),
    },
  }),
  (nodes) => {
    const gated = full(nodes) ? 10_000 : 1_000;
    const measured = full(nodes) ? 20_000 : 1_000;
    return {
      name: 'SchedulingWhileGated',
      nodes,
      gate: 910,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, 1, [], { resources: { cpu: '100k', memory: '100Ti', pods: '90000' } });
        addPods(cluster, gated, template({}, { schedulingGates: [{ name: 'foo' }] }));
        addPods(cluster, measured, plain, 'namespace-3');
      },
      measure: (cluster) => void addPods(cluster, measured, plain),
      // The node and the gated pods came before those that go.
      meanwhile: every(10, (cluster, time) => cluster.delete(`uid-${2 + gated + time}`)),
    };
  },
  (nodes) => ({
    name: 'SchedulingGatedPodsWithPodAffinity',
    nodes,
    gate: 110,
    measured: full(nodes) ? 20_000 : 1_000,
    prepare: (cluster) => {
      addNodes(cluster, 1, ['zone1'], { resources: { cpu: '100k', memory: '100Ti', pods: '90000' } });
      addPods(
        cluster,
        full(nodes) ? 10_000 : 1_000,
        template(
          { app: 'scheduler-perf' },
          { schedulingGates: [{ name: 'foo' }], affinity: { podAffinity: required(term('blue', zoneKey, {})) } },
        ),
      );
    },
    measure: (cluster) => void addPods(cluster, full(nodes) ? 20_000 : 1_000, template({ app: 'scheduler-perf', color: 'blue' }, {})),
  }),
  (nodes) => ({
    name: 'SchedulingDeletedPodsWithFinalizers',
    nodes,
    gate: 830,
    measured: full(nodes) ? 5_000 : 1_000,
    prepare: (cluster) => {
      addNodes(cluster, nodes);
      addPods(cluster, full(nodes) ? 5_000 : 1_000, plain, 'namespace-1', {
        finalizers: ['a/b'],
        deletionTimestamp: '2026-01-01T00:00:00Z',
      });
    },
    measure: (cluster) => void addPods(cluster, full(nodes) ? 5_000 : 1_000, plain),
  }),
  (nodes) => ({
    name: 'SchedulingWithExtendedResource',
    nodes,
    gate: 180,
    measured: nodes,
    prepare: (cluster) => addNodes(cluster, nodes, [], { resources: { 'example.com/gpu': '1' } }),
    measure: (cluster) => void addPods(cluster, nodes, template({}, {}, { cpu: '100m', memory: '500Mi', 'example.com/gpu': '1' })),
  }),
  ...volumeWorkloads,
  ...eventWorkloads,
];

import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import type { PodSpec } from '../../src/api/generated/models.ts';
import type { PerfCluster } from './perf-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const hostKey = 'kubernetes.io/hostname';

export interface PodTemplate {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** One of Kubernetes' scheduler_perf, at one size. */
export interface Workload {
  readonly name: string;
  readonly nodes: number;
  /** What Kubernetes demands of itself at 5,000 nodes, pods/s; undefined: nothing. */
  readonly gate?: number;
  readonly measured: number;
  readonly prepare: (cluster: PerfCluster) => void;
  /** Puts the pods that are measured. */
  readonly measure: (cluster: PerfCluster) => void;
  /** Called before each pass; for what goes on besides. */
  readonly meanwhile?: (cluster: PerfCluster, pass: number) => void;
}

// Templates. Frozen once, and so shared by all pods made from them, as a controller's are.

const pause = (requests: Readonly<Record<string, string>> = { cpu: '100m', memory: '500Mi' }): PodSpec => ({
  schedulerName: 'default-scheduler',
  containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10', ports: [{ containerPort: 80 }], resources: { requests } }],
});

const plain: PodTemplate = deepFreeze({ spec: pause() });
const template = (
  labels: Readonly<Record<string, string>>,
  extra: Partial<PodSpec>,
  requests?: Readonly<Record<string, string>>,
): PodTemplate => deepFreeze({ labels, spec: { ...pause(requests), ...extra } });

const term = (color: string, topologyKey: string, where: object) => ({ labelSelector: { matchLabels: { color } }, topologyKey, ...where });
const both = { namespaces: ['sched-0', 'sched-1'] };
const devops = { namespaceSelector: { matchLabels: { team: 'devops' } } };
const required = (podTerm: ReturnType<typeof term>) => ({ requiredDuringSchedulingIgnoredDuringExecution: [podTerm] });
const preferred = (podAffinityTerm: ReturnType<typeof term>) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm }],
});

const antiAffinity = (where: object): PodTemplate =>
  template({ color: 'green', name: 'test' }, { affinity: { podAntiAffinity: required(term('green', hostKey, where)) } });
const affinity = (where: object): PodTemplate =>
  template({ color: 'blue' }, { affinity: { podAffinity: required(term('blue', zoneKey, where)) } });
const preferredAffinity = (where: object): PodTemplate =>
  template({ color: 'red' }, { affinity: { podAffinity: preferred(term('red', hostKey, where)) } });
const preferredAntiAffinity = (where: object): PodTemplate =>
  template({ color: 'yellow' }, { affinity: { podAntiAffinity: preferred(term('yellow', hostKey, where)) } });

const spread = (whenUnsatisfiable: string): PodTemplate =>
  template(
    { color: 'blue' },
    {
      topologySpreadConstraints: [
        { maxSkew: 5, topologyKey: zoneKey, whenUnsatisfiable, labelSelector: { matchLabels: { color: 'blue' } } },
      ],
    },
  );

const inZone: PodTemplate = template(
  {},
  {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: zoneKey, operator: 'In', values: ['zone1', 'zone2'] }] }],
        },
      },
    },
  },
);

const evenOverHosts: PodTemplate = template(
  { foo: '' },
  {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: hostKey,
        whenUnsatisfiable: 'DoNotSchedule',
        nodeTaintsPolicy: 'Honor',
        labelSelector: { matchExpressions: [{ key: 'foo', operator: 'Exists' }] },
      },
    ],
  },
);

// What happens

export function addNodes(
  cluster: PerfCluster,
  count: number,
  zones: readonly string[] = [],
  extra: { taints?: readonly object[]; resources?: Readonly<Record<string, string>>; prefix?: string } = {},
): void {
  const { taints = [], resources = {}, prefix = 'node' } = extra;
  for (let i = 0; i < count; i++) {
    const name = `${prefix}-${i}`;
    const zone = zones[i % Math.max(1, zones.length)];
    const allocatable = { cpu: '4', memory: '32Gi', pods: '110', ...resources };
    cluster.put(
      'Node',
      { name, labels: { [hostKey]: name, ...(zone === undefined ? {} : { [zoneKey]: zone }) } },
      { spec: { taints }, status: { allocatable, capacity: allocatable } },
    );
  }
}

let podNames = 0;

export function addPods(
  cluster: PerfCluster,
  count: number,
  { labels = {}, spec }: PodTemplate,
  namespace = 'default',
  extra: object = {},
): readonly StoredObject[] {
  const pods: StoredObject[] = [];
  for (let i = 0; i < count; i++)
    pods.push(cluster.put('Pod', { name: `pod-${++podNames}`, namespace, labels, ...extra }, { spec, status: { phase: 'Pending' } }));
  return pods;
}

const addNamespaces = (cluster: PerfCluster, ...names: readonly string[]): void => {
  for (const name of names) cluster.put('Namespace', { name, labels: { team: 'devops' } }, {});
};

const inNamespaces = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

type Sized = (nodes: number) => Workload;

/** Two namespaces, one template: some pods first, then the measured ones. */
function twoNamespaces(
  name: string,
  gate: number,
  pod: PodTemplate,
  sizes: (nodes: number) => readonly [initial: number, measured: number],
  zones: readonly string[] = [],
): Sized {
  return (nodes) => {
    const [initial, measured] = sizes(nodes);
    return {
      name,
      nodes,
      gate,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, zones);
        addNamespaces(cluster, 'sched-0', 'sched-1');
        addPods(cluster, initial, pod, 'sched-0');
      },
      measure: (cluster) => void addPods(cluster, measured, pod, 'sched-1'),
    };
  };
}

/** Many namespaces that a selector means. */
function manyNamespaces(
  name: string,
  gate: number,
  pod: PodTemplate,
  perNamespace: number,
  measuredAtFull: number,
  zones: readonly string[] = [],
): Sized {
  return (nodes) => {
    const full = nodes >= 5_000;
    const measured = full ? measuredAtFull : 100;
    return {
      name,
      // More nodes than pods that want one for themselves, as in Kubernetes.
      nodes,
      gate,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, full && name.includes('RequiredPodAntiAffinity') ? nodes + 1_000 : nodes, zones);
        const namespaces = inNamespaces('init-ns', full ? 100 : 10);
        addNamespaces(cluster, ...namespaces, 'measure-ns-0');
        for (const namespace of namespaces) addPods(cluster, full ? perNamespace : 4, pod, namespace);
      },
      measure: (cluster) => void addPods(cluster, measured, pod, 'measure-ns-0'),
    };
  };
}

function simple(
  name: string,
  gate: number | undefined,
  sizes: (nodes: number) => readonly [initial: number, measured: number],
  measuredPod: PodTemplate,
  options: { zones?: readonly string[]; initialPod?: PodTemplate; besides?: Partial<Workload> } = {},
): Sized {
  return (nodes) => {
    const [initial, measured] = sizes(nodes);
    return {
      name,
      nodes,
      ...(gate === undefined ? {} : { gate }),
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, options.zones);
        addPods(cluster, initial, options.initialPod ?? measuredPod);
      },
      measure: (cluster) => void addPods(cluster, measured, measuredPod),
      ...options.besides,
    };
  };
}

const full = (nodes: number): boolean => nodes >= 5_000;
const moon = ['moon-1', 'moon-2', 'moon-3'];
const low: PodTemplate = template({}, {}, { cpu: '900m', memory: '500Mi' });
const high: PodTemplate = template({}, { priority: 10 }, { cpu: '3', memory: '500Mi' });
const tooBig: PodTemplate = template({}, { priority: 10 }, { cpu: '9', memory: '500Mi' });
/** Kubernetes injects by the clock, 5 a second at some 600 pods a second; here by pods. */
const every = (passes: number, act: (cluster: PerfCluster, time: number) => void) => (cluster: PerfCluster, pass: number) => {
  if (pass % passes === 0) act(cluster, pass / passes);
};

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
    measured: full(nodes) ? 20_000 : 1_000,
    prepare: (cluster) => {
      addNodes(cluster, nodes);
      addPods(cluster, full(nodes) ? 100_000 : 10_000, tooBig);
    },
    measure: (cluster) => void addPods(cluster, full(nodes) ? 20_000 : 1_000, plain),
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
  (nodes) => ({
    name: 'SchedulingWhileGated',
    nodes,
    gate: 910,
    measured: full(nodes) ? 20_000 : 1_000,
    prepare: (cluster) => {
      addNodes(cluster, 1, [], { resources: { cpu: '100k', memory: '100Ti', pods: '90000' } });
      addPods(cluster, full(nodes) ? 10_000 : 1_000, template({}, { schedulingGates: [{ name: 'foo' }] }));
      addPods(cluster, full(nodes) ? 20_000 : 1_000, plain, 'namespace-3');
    },
    measure: (cluster) => void addPods(cluster, full(nodes) ? 20_000 : 1_000, plain),
    meanwhile: every(10, (cluster, time) => cluster.delete(`uid-${12 + 10_000 + time}`)),
  }),
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
];

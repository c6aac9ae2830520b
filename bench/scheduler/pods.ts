import type { PodAffinityTerm, PodSpec } from '../../src/api/generated/models.ts';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import type { PerfCluster } from './perf-cluster.ts';

export const zoneKey = 'topology.kubernetes.io/zone';
export const hostKey = 'kubernetes.io/hostname';

export interface PodTemplate {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

// Frozen once, and so shared by all pods made from them, as a controller's are.

export const pause = (requests: Readonly<Record<string, string>> = { cpu: '100m', memory: '500Mi' }): PodSpec => ({
  schedulerName: 'default-scheduler',
  containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10', ports: [{ containerPort: 80 }], resources: { requests } }],
});

export const plain: PodTemplate = deepFreeze({ spec: pause() });
export const template = (
  labels: Readonly<Record<string, string>>,
  extra: Partial<PodSpec>,
  requests?: Readonly<Record<string, string>>,
): PodTemplate => deepFreeze({ labels, spec: { ...pause(requests), ...extra } });

export const term = (color: string, topologyKey: string, where: object) => ({
  labelSelector: { matchLabels: { color } },
  topologyKey,
  ...where,
});
export const both = { namespaces: ['sched-0', 'sched-1'] };
export const devops = { namespaceSelector: { matchLabels: { team: 'devops' } } };
export const required = (podTerm: PodAffinityTerm) => ({ requiredDuringSchedulingIgnoredDuringExecution: [podTerm] });
export const preferred = (podAffinityTerm: ReturnType<typeof term>) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm }],
});

export const antiAffinity = (where: object): PodTemplate =>
  template({ color: 'green', name: 'test' }, { affinity: { podAntiAffinity: required(term('green', hostKey, where)) } });
export const affinity = (where: object): PodTemplate =>
  template({ color: 'blue' }, { affinity: { podAffinity: required(term('blue', zoneKey, where)) } });
export const preferredAffinity = (where: object): PodTemplate =>
  template({ color: 'red' }, { affinity: { podAffinity: preferred(term('red', hostKey, where)) } });
export const preferredAntiAffinity = (where: object): PodTemplate =>
  template({ color: 'yellow' }, { affinity: { podAntiAffinity: preferred(term('yellow', hostKey, where)) } });

export const spread = (whenUnsatisfiable: string): PodTemplate =>
  template(
    { color: 'blue' },
    {
      topologySpreadConstraints: [
        { maxSkew: 5, topologyKey: zoneKey, whenUnsatisfiable, labelSelector: { matchLabels: { color: 'blue' } } },
      ],
    },
  );

export const inZone: PodTemplate = template(
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

export const evenOverHosts: PodTemplate = template(
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

export const low: PodTemplate = template({}, {}, { cpu: '900m', memory: '500Mi' });
export const high: PodTemplate = template({}, { priority: 10 }, { cpu: '3', memory: '500Mi' });
export const tooBig: PodTemplate = template({}, { priority: 10 }, { cpu: '9', memory: '500Mi' });
// What happens

export function addNodes(
  cluster: PerfCluster,
  count: number,
  zones: readonly string[] = [],
  extra: {
    readonly taints?: readonly object[];
    readonly resources?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly prefix?: string;
  } = {},
): void {
  const { taints = [], resources = {}, labels = {}, prefix = 'node' } = extra;
  for (let i = 0; i < count; i++) {
    const name = `${prefix}-${i}`;
    const zone = zones[i % Math.max(1, zones.length)];
    const allocatable = { cpu: '4', memory: '32Gi', pods: '110', ...resources };
    cluster.put(
      'Node',
      { name, labels: { ...labels, [hostKey]: name, ...(zone === undefined ? {} : { [zoneKey]: zone }) } },
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

export const addNamespaces = (cluster: PerfCluster, ...names: readonly string[]): void => {
  for (const name of names) cluster.put('Namespace', { name, labels: { team: 'devops' } }, {});
};

export const inNamespaces = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

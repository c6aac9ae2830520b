import * as fc from 'fast-check';
import type {
  LabelSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/api/generated/models.ts';
import type { NodeOptions, PodOptions } from './small-cluster.ts';

/** Few values, so that things meet. */
const apps = ['a', 'b', 'c'];
const zones = ['z1', 'z2', 'z3'];
export const namespaces: Readonly<Record<string, Record<string, string>>> = {
  default: { team: 'x' },
  other: { team: 'y' },
  third: { team: 'x' },
};
const zoneKey = 'topology.kubernetes.io/zone';
const hostKey = 'kubernetes.io/hostname';
const topologyKey = fc.constantFrom(zoneKey, hostKey, 'rack');

const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight, arbitrary });
const few = <T>(arbitrary: fc.Arbitrary<T>, max = 2): fc.Arbitrary<T[]> => fc.array(arbitrary, { maxLength: max });
/** Drops what is undefined. */
const record = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K] | undefined> }): fc.Arbitrary<T> =>
  fc
    .record(fields as { [key: string]: fc.Arbitrary<unknown> })
    .map((object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T);

const taint: fc.Arbitrary<Taint> = fc.record({
  key: fc.constantFrom('k1', 'k2'),
  value: fc.constantFrom('v1', 'v2'),
  effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
});

const toleration: fc.Arbitrary<Toleration> = fc.oneof(
  record<Toleration>({
    key: fc.constantFrom('k1', 'k2'),
    value: fc.constantFrom('v1', 'v2'),
    effect: maybe(fc.constantFrom('NoSchedule', 'PreferNoSchedule', 'NoExecute')),
  }),
  record<Toleration>({ key: fc.constantFrom('k1', 'k2'), operator: fc.constant('Exists') }),
  fc.constant<Toleration>({ operator: 'Exists' }),
);

export const nodeOptions: fc.Arbitrary<NodeOptions> = fc
  .record({
    cpu: fc.constantFrom('1', '2', '4', '8'),
    memory: fc.constantFrom('2Gi', '4Gi', '16Gi'),
    pods: fc.constantFrom('2', '5', '110'),
    zone: maybe(fc.constantFrom(...zones), 9),
    rack: maybe(fc.constantFrom('r1', 'r2'), 2),
    tier: fc.integer({ min: 0, max: 3 }),
    taints: fc.oneof({ weight: 4, arbitrary: fc.constant<Taint[]>([]) }, { weight: 1, arbitrary: few(taint) }),
    unschedulable: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    gpus: maybe(fc.constantFrom('1', '2')),
    images: fc.subarray(['i:1', 'big:latest']),
  })
  .map(({ cpu, memory, pods, zone, rack, tier, taints, unschedulable, gpus, images }) => ({
    cpu,
    memory,
    pods,
    labels: { tier: String(tier), ...(zone === undefined ? {} : { [zoneKey]: zone }), ...(rack === undefined ? {} : { rack }) },
    spec: { taints, unschedulable },
    status: { images: images.map((name) => ({ names: [name], sizeBytes: (name === 'i:1' ? 300 : 1_500) * 1024 * 1024 })) },
    extended: gpus === undefined ? {} : { 'example.com/gpu': gpus },
  }));

const selector: fc.Arbitrary<LabelSelector> = fc.oneof(
  fc.constantFrom(...apps).map((app) => ({ matchLabels: { app } })),
  few(fc.constantFrom(...apps), 3)
    .filter((values) => values.length > 0)
    .map((values) => ({ matchExpressions: [{ key: 'app', operator: 'In', values }] })),
  fc.constantFrom(...apps).map((app) => ({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: [app] }] })),
  fc.constant({}),
);

const affinityTerm: fc.Arbitrary<PodAffinityTerm> = record<PodAffinityTerm>({
  topologyKey,
  labelSelector: fc.oneof({ weight: 9, arbitrary: selector }, { weight: 1, arbitrary: fc.constant(undefined) }),
  namespaces: maybe(few(fc.constantFrom(...Object.keys(namespaces)))),
  namespaceSelector: maybe(fc.constantFrom<LabelSelector>({}, { matchLabels: { team: 'x' } }, { matchLabels: { team: 'y' } })),
  matchLabelKeys: maybe(fc.constant(['version'])),
  mismatchLabelKeys: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(['version']) }),
});

const weighted = fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: affinityTerm });

const nodeTerm: fc.Arbitrary<NodeSelectorTerm> = fc.oneof(
  few(fc.constantFrom(...zones), 3)
    .filter((values) => values.length > 0)
    .map((values) => ({ matchExpressions: [{ key: zoneKey, operator: 'In', values }] })),
  fc.integer({ min: 0, max: 3 }).map((tier) => ({ matchExpressions: [{ key: 'tier', operator: 'Gt', values: [String(tier)] }] })),
  fc.constantFrom('Exists', 'DoesNotExist').map((operator) => ({ matchExpressions: [{ key: 'rack', operator }] })),
  fc.integer({ min: 0, max: 9 }).map((i) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [`n${i}`] }] })),
);

const spread: fc.Arbitrary<TopologySpreadConstraint> = record<TopologySpreadConstraint>({
  topologyKey,
  whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
  maxSkew: fc.integer({ min: 1, max: 3 }),
  labelSelector: selector,
  nodeAffinityPolicy: maybe(fc.constantFrom('Honor', 'Ignore')),
  nodeTaintsPolicy: maybe(fc.constantFrom('Honor', 'Ignore')),
  matchLabelKeys: maybe(fc.constant(['version'])),
}).chain((constraint) =>
  constraint.whenUnsatisfiable === 'DoNotSchedule'
    ? maybe(fc.integer({ min: 1, max: 4 })).map((minDomains) => (minDomains === undefined ? constraint : { ...constraint, minDomains }))
    : fc.constant(constraint),
);

const requests = fc.record({ cpu: fc.constantFrom('0', '100m', '500m', '1', '2'), memory: fc.constantFrom('0', '100Mi', '1Gi', '2Gi') });

const container = fc
  .record({
    requests: maybe(requests, 6),
    gpu: maybe(fc.constant('1')),
    port: maybe(
      fc.record({
        hostPort: fc.constantFrom(80, 81),
        hostIP: fc.constantFrom('', '10.0.0.1', '10.0.0.2'),
        protocol: fc.constantFrom('TCP', 'UDP'),
      }),
    ),
    sidecar: fc.boolean(),
    image: fc.constantFrom('i:1', 'big', 'nowhere'),
  })
  .map(({ requests: asked, gpu, port, sidecar, image }) => ({
    container: {
      name: 'c',
      image,
      resources: { requests: { ...asked, ...(gpu === undefined ? {} : { 'example.com/gpu': gpu }) } },
      ports: port === undefined ? [] : [{ containerPort: 80, ...port }],
    },
    sidecar,
  }));

const affinity: fc.Arbitrary<NonNullable<PodSpec['affinity']>> = fc
  .record({
    nodeRequired: maybe(few(nodeTerm)),
    nodePreferred: maybe(few(fc.record({ weight: fc.integer({ min: 1, max: 100 }), preference: nodeTerm }))),
    near: maybe(few(affinityTerm)),
    nearWish: maybe(few(weighted)),
    apart: maybe(few(affinityTerm)),
    apartWish: maybe(few(weighted)),
  })
  .map(({ nodeRequired, nodePreferred = [], near = [], nearWish = [], apart = [], apartWish = [] }) => ({
    nodeAffinity: {
      ...(nodeRequired === undefined || nodeRequired.length === 0
        ? {}
        : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeRequired } }),
      preferredDuringSchedulingIgnoredDuringExecution: nodePreferred,
    },
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near, preferredDuringSchedulingIgnoredDuringExecution: nearWish },
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: apart, preferredDuringSchedulingIgnoredDuringExecution: apartWish },
  }));

export const podOptions: fc.Arbitrary<PodOptions> = fc
  .record({
    namespace: fc.constantFrom(...Object.keys(namespaces)),
    app: maybe(fc.constantFrom(...apps), 12),
    version: maybe(fc.constantFrom('1', '2')),
    container,
    init: few(container),
    selector: maybe(fc.constantFrom(...zones)),
    affinity: maybe(affinity, 2),
    tolerations: few(toleration),
    spreads: few(spread),
    overhead: maybe(fc.constant({ cpu: '50m', memory: '10Mi' })),
  })
  .map(({ namespace, app, version, container: main, init, selector: zone, affinity: wishes, tolerations, spreads, overhead }) => ({
    namespace,
    labels: { ...(app === undefined ? {} : { app }), ...(version === undefined ? {} : { version }) },
    spec: {
      containers: [main.container],
      initContainers: init.map(({ container: one, sidecar }) => ({ ...one, ...(sidecar ? { restartPolicy: 'Always' } : {}) })),
      ...(zone === undefined ? {} : { nodeSelector: { [zoneKey]: zone } }),
      ...(wishes === undefined ? {} : { affinity: wishes }),
      tolerations,
      topologySpreadConstraints: spreads,
      ...(overhead === undefined ? {} : { overhead }),
    },
  }));

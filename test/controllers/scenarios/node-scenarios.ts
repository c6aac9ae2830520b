import type { KubeObject } from '../../../src/api/object.ts';
import { builtInControllers, selectControllers } from '../../../src/controllers/built-in-controllers.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';
import { template } from './replica-scenarios.ts';

const object = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});
const node = (name: string): KubeObject => object('v1', 'Node', name);
const ready = (status: 'True' | 'False') => ({ conditions: [{ type: 'Ready', status }] });
const pod = (name: string, spec: object = {}): KubeObject =>
  object('v1', 'Pod', name, { spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'web:1' }], ...spec } });
const tolerating = (seconds: number): object => ({
  tolerations: [{ key: 'upkeep', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }],
});
/** The sign of life of a node that nobody has to wait for. */
const lively = (name: string): KubeObject => ({
  ...object('coordination.k8s.io/v1', 'Lease', name, { spec: { renewTime: '2031-01-01T00:00:00.000000Z' } }),
  metadata: { name, namespace: 'kube-node-lease' },
});
const upkeep = { spec: { taints: [{ key: 'upkeep', effect: 'NoExecute' }] } };
const health = { controllers: builtIn('node-lifecycle,taint-eviction,pod-garbage-collector') };

/** What becomes of nodes, and of the Pods that are on them. */
export const nodeScenarios: readonly ControllerScenario[] = [
  ...[1, 3, 6].flatMap((count): readonly ControllerScenario[] => [
    {
      ...health,
      name: `nodes: one of three falls silent, and ${count} pods are given up`,
      steps: [
        ({ create }) => create(node('n1'), node('n2'), node('n3'), ...Array.from({ length: count }, (_, i) => pod(`p${i}`))),
        ({ create }) => create(lively('n2'), lively('n3')),
        async ({ patchStatus }) => {
          for (const name of ['n1', 'n2', 'n3']) await patchStatus('Node', name, ready('True'));
        },
        ({ advance }) => advance(120_000),
        ({ advance }) => advance(600_000),
        ({ advance }) => advance(600_000),
      ],
    },
    {
      ...health,
      name: `nodes: one is removed under ${count} pods`,
      steps: [
        ({ create }) => create(node('n1'), ...Array.from({ length: count }, (_, i) => pod(`p${i}`))),
        ({ patchStatus }) => patchStatus('Node', 'n1', ready('True')),
        (hands) => hands.delete('Node', 'n1'),
        ({ advance }) => advance(60_000),
        ({ advance }) => advance(60_000),
      ],
    },
    {
      controllers: builtIn('taint-eviction'),
      name: `nodes: a taint sends ${count} pods away at once, and one later`,
      steps: [
        ({ create }) => create(node('n1'), ...Array.from({ length: count }, (_, i) => pod(`p${i}`)), pod('late', tolerating(60))),
        ({ patch }) => patch('Node', 'n1', upkeep),
        ({ advance }) => advance(120_000),
        // Whoever starts anew on the way counts the minute anew.
        ({ advance }) => advance(120_000),
      ],
    },
  ]),
  {
    controllers: builtIn('node-lifecycle'),
    name: 'nodes: pressure, cordoned, not ready, and well again',
    steps: [
      ({ create }) => create(node('n1')),
      ({ patchStatus }) =>
        patchStatus('Node', 'n1', { conditions: [...ready('True').conditions, { type: 'DiskPressure', status: 'True' }] }),
      ({ patch }) => patch('Node', 'n1', { spec: { unschedulable: true } }),
      ({ patchStatus }) => patchStatus('Node', 'n1', ready('False')),
      ({ patch }) => patch('Node', 'n1', { spec: { unschedulable: null } }),
      ({ patchStatus }) => patchStatus('Node', 'n1', ready('True')),
    ],
  },
];

const volume = (name: string): object => ({
  name,
  ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
});
const balanced = (name: string, port: number): KubeObject =>
  object('v1', 'Service', name, { spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port }] } });
const role = (name: string, rest: object): KubeObject => ({
  ...object('rbac.authorization.k8s.io/v1', 'ClusterRole', name),
  metadata: { name, labels: { part: 'yes' } },
  ...rest,
});
const rule = (resource: string): object => ({ rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }] });

/** Small loops: each fills in one thing. */
export const fillingScenarios: readonly ControllerScenario[] = [
  {
    controllers: builtIn('ephemeral-volume,garbage-collector,pvc-protection'),
    name: 'ephemeral volumes: made with their pod, gone with it',
    steps: [({ create }) => create(pod('p', { volumes: [volume('a'), volume('b')] })), (hands) => hands.delete('Pod', 'p')],
  },
  {
    controllers: builtIn('service-account'),
    name: 'service accounts: every namespace has one, also after it was taken away',
    steps: [
      ({ create }) => create(object('v1', 'Namespace', 'stage'), object('v1', 'Namespace', 'prod')),
      (hands) => hands.delete('ServiceAccount', 'default'),
    ],
  },
  {
    controllers: builtIn('clusterrole-aggregation'),
    name: 'cluster roles: one gathers the rules of others as they come, change and go',
    steps: [
      ({ create }) =>
        create(
          { ...role('sum', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] } }), metadata: { name: 'sum' } },
          role('a', rule('pods')),
        ),
      ({ create }) => create(role('b', rule('secrets'))),
      ({ patch }) => patch('ClusterRole', 'a', rule('nodes')),
      (hands) => hands.delete('ClusterRole', 'b'),
    ],
  },
  {
    controllers: (kinds) => selectControllers('service-lb', builtInControllers({ kinds, loadBalancerAddresses: ['10.1.1.1', '10.1.1.2'] })),
    name: 'load balancers: addresses are given, shared, and given back',
    steps: [
      ({ create }) => create(balanced('a', 80), balanced('b', 80), balanced('c', 80)),
      (hands) => hands.delete('Service', 'a'),
      ({ patch }) => patch('Service', 'b', { spec: { type: 'ClusterIP' } }),
    ],
  },
  {
    controllers: builtIn('replication-manager,endpoint-slice,endpoints,horizontalpodautoscaling,disruption'),
    name: 'everything about one set: service, budget, autoscaler',
    steps: [
      ({ create }) =>
        create(
          object('v1', 'ReplicationController', 'web', { spec: { replicas: 2, selector: { app: 'web' }, template: template('web') } }),
          object('v1', 'Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }),
          object('policy/v1', 'PodDisruptionBudget', 'web', { spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } } }),
          object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
            spec: { scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'web' }, minReplicas: 4, maxReplicas: 6 },
          }),
        ),
      ({ advance }) => advance(20_000),
      ({ patch }) => patch('HorizontalPodAutoscaler', 'web', { spec: { minReplicas: 1, maxReplicas: 2 } }),
      ({ advance }) => advance(20_000),
    ],
  },
];

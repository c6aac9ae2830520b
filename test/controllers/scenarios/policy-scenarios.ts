import type { KubeObject } from '../../../src/api/object.ts';
import { localProvisioner } from '../../../src/kinds/persistent-volume/local-volumes.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';

const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});
const set = (replicas: number): KubeObject =>
  object('v1', 'ReplicationController', 'web', {
    spec: {
      replicas,
      selector: { app: 'web' },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } },
    },
  });
const budget = (spec: object): KubeObject =>
  object('policy/v1', 'PodDisruptionBudget', 'web', { spec: { selector: { matchLabels: { app: 'web' } }, ...spec } });

export const disruptionScenarios: readonly ControllerScenario[] = [
  {
    controllers: builtIn('replication-manager,disruption'),
    name: 'disruption: follows the number of Pods',
    steps: [
      ({ create }) => create(set(3), budget({ maxUnavailable: 1 })),
      ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 5 } }),
      ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 1 } }),
    ],
  },
];

export const quotaScenarios: readonly ControllerScenario[] = [
  {
    controllers: builtIn('replication-manager,resourcequota'),
    name: 'resourcequota: follows what comes and goes',
    steps: [
      ({ create }) => create(object('v1', 'ResourceQuota', 'q', { spec: { hard: { pods: '10', 'count/configmaps': '5' } } })),
      ({ create }) => create(set(3), object('v1', 'ConfigMap', 'm', { data: { a: '1' } })),
      ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 1 } }),
      ({ advance }) => advance(11_000),
    ],
  },
];

const volumes = { controllers: builtIn('persistentvolume-binder,pvc-protection,pv-protection') };
const claim = (storageClassName: string): KubeObject =>
  object('v1', 'PersistentVolumeClaim', 'data', {
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
const volume = (name: string, storage: string): KubeObject =>
  object('v1', 'PersistentVolume', name, {
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/tmp/${name}` },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  });
const readyNode: readonly KubeObject[] = [object('v1', 'Node', 'n1', {})];

export const volumeScenarios: readonly ControllerScenario[] = [
  {
    ...volumes,
    name: 'volumes: bound and released',
    steps: [
      ({ create }) => create(volume('big', '5Gi'), volume('small', '2Gi')),
      ({ create }) => create(claim('')),
      (hands) => hands.delete('PersistentVolumeClaim', 'data'),
    ],
  },
  {
    ...volumes,
    name: 'volumes: made and taken away',
    steps: [
      ({ create }) => create(...readyNode, object('storage.k8s.io/v1', 'StorageClass', 'local', { provisioner: localProvisioner })),
      ({ patchStatus }) => patchStatus('Node', 'n1', { conditions: [{ type: 'Ready', status: 'True' }] }),
      ({ create }) => create(claim('local')),
      (hands) => hands.delete('PersistentVolumeClaim', 'data'),
    ],
  },
];

export const autoscalerScenarios: readonly ControllerScenario[] = [
  {
    controllers: builtIn('replication-manager,horizontalpodautoscaling'),
    name: 'autoscaler: within its bounds',
    steps: [
      ({ create }) =>
        create(
          set(1),
          object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
            spec: { scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'web' }, minReplicas: 3, maxReplicas: 5 },
          }),
        ),
      ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 9 } }),
      ({ advance }) => advance(40_000),
      ({ advance }) => advance(40_000),
    ],
  },
];

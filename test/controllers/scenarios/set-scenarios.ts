import type { KubeObject } from '../../../src/api/object.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';
import { template } from './replica-scenarios.ts';

const node = (name: string, labels: object = {}, taints: readonly object[] = []): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints } }) as KubeObject;

const daemonSet = (spec: object = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template('web'), ...spec },
  }) as KubeObject;

const statefulSet = (replicas: number, spec: object = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: { replicas, serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template('web'), ...spec },
  }) as KubeObject;

const claims = {
  volumeClaimTemplates: [
    { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  ],
};
const image = (version: number): object => ({ spec: { template: { spec: { containers: [{ name: 'main', image: `web:${version}` }] } } } });
const rolling = (rollingUpdate: object): object => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

const daemons = { controllers: builtIn('daemonset') };
const stateful = { controllers: builtIn('statefulset') };
const nodes = [node('n1'), node('n2'), node('n3')];

export const daemonSetScenarios: readonly ControllerScenario[] = [
  {
    ...daemons,
    name: 'daemonset: follows the nodes',
    steps: [
      ({ create }) => create(...nodes, daemonSet()),
      ({ create }) => create(node('n4'), node('n5', {}, [{ key: 'gpu', effect: 'NoSchedule' }])),
      ({ patch }) => patch('Node', 'n2', { spec: { taints: [{ key: 'broken', effect: 'NoExecute' }] } }),
      ({ patch }) => patch('Node', 'n2', { spec: { taints: null } }),
    ],
  },
  {
    ...daemons,
    name: 'daemonset: follows labels of nodes',
    steps: [
      ({ create }) =>
        create(
          node('n1', { disk: 'ssd' }),
          node('n2'),
          daemonSet({
            template: { ...template('web'), spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'main', image: 'web:1' }] } },
          }),
        ),
      ({ patch }) => patch('Node', 'n2', { metadata: { labels: { disk: 'ssd' } } }),
      ({ patch }) => patch('Node', 'n1', { metadata: { labels: { disk: null } } }),
    ],
  },
  ...[{ maxUnavailable: 1 }, { maxUnavailable: 2 }, { maxSurge: 1, maxUnavailable: 0 }].map((limits) => ({
    ...daemons,
    name: `daemonset: rolling update, ${JSON.stringify(limits)}`,
    steps: [
      ({ create }: Parameters<ControllerScenario['steps'][number]>[0]) => create(...nodes, daemonSet(rolling(limits))),
      ({ patch }: Parameters<ControllerScenario['steps'][number]>[0]) => patch('DaemonSet', 'web', image(2)),
      ({ patch }: Parameters<ControllerScenario['steps'][number]>[0]) => patch('DaemonSet', 'web', image(1)),
    ],
  })),
  {
    ...daemons,
    name: 'daemonset: on delete',
    steps: [
      ({ create }) => create(...nodes, daemonSet({ updateStrategy: { type: 'OnDelete' } })),
      ({ patch }) => patch('DaemonSet', 'web', image(2)),
      ({ world, delete: remove }) => remove('Pod', world.pods().find(({ spec }) => JSON.stringify(spec).includes('"n2"'))!.metadata.name),
    ],
  },
  {
    ...daemons,
    name: 'daemonset: keeps no more versions than revisionHistoryLimit',
    steps: [
      ({ create }) => create(...nodes, daemonSet({ revisionHistoryLimit: 1 })),
      ...[2, 3, 4].map(
        (version): ControllerScenario['steps'][number] =>
          ({ patch }) =>
            patch('DaemonSet', 'web', image(version)),
      ),
    ],
  },
  {
    ...daemons,
    name: 'daemonset: a pod fails',
    steps: [
      ({ create }) => create(...nodes, daemonSet()),
      ({ world }) => world.report(world.pods()[0]!, 'Failed', false),
      ({ advance }) => advance(5000),
    ],
  },
  {
    name: 'daemonset: deleted with everything',
    controllers: builtIn('daemonset,garbage-collector'),
    steps: [({ create }) => create(...nodes, daemonSet()), ({ delete: remove }) => remove('DaemonSet', 'web')],
  },
];

export const statefulSetScenarios: readonly ControllerScenario[] = [
  ...['OrderedReady', 'Parallel'].flatMap((podManagementPolicy): readonly ControllerScenario[] => [
    {
      ...stateful,
      name: `statefulset: up and down, ${podManagementPolicy}`,
      steps: [
        ({ create }) => create(statefulSet(3, { podManagementPolicy })),
        ({ patch }) => patch('StatefulSet', 'web', { spec: { replicas: 5 } }),
        ({ patch }) => patch('StatefulSet', 'web', { spec: { replicas: 1 } }),
      ],
    },
    {
      ...stateful,
      name: `statefulset: rolling update and back, ${podManagementPolicy}`,
      steps: [
        ({ create }) => create(statefulSet(3, { podManagementPolicy })),
        ({ patch }) => patch('StatefulSet', 'web', image(2)),
        ({ patch }) => patch('StatefulSet', 'web', image(1)),
      ],
    },
    {
      ...stateful,
      name: `statefulset: a pod is lost, another fails, ${podManagementPolicy}`,
      steps: [
        ({ create }) => create(statefulSet(3, { podManagementPolicy, ...claims })),
        ({ delete: remove }) => remove('Pod', 'web-1'),
        ({ world }) =>
          world.report(
            world.pods().find(({ metadata }) => metadata.name === 'web-0')!,
            'Failed',
            false,
          ),
      ],
    },
  ]),
  {
    ...stateful,
    name: 'statefulset: partitions',
    steps: [
      ({ create }) => create(statefulSet(4, rolling({ partition: 2 }))),
      ({ patch }) => patch('StatefulSet', 'web', image(2)),
      ({ delete: remove }) => remove('Pod', 'web-0'),
      ({ patch }) => patch('StatefulSet', 'web', { spec: rolling({ partition: 0 }) }),
    ],
  },
  {
    ...stateful,
    name: 'statefulset: on delete',
    steps: [
      ({ create }) => create(statefulSet(2, { updateStrategy: { type: 'OnDelete' } })),
      ({ patch }) => patch('StatefulSet', 'web', image(2)),
      ({ delete: remove }) => remove('Pod', 'web-1'),
    ],
  },
  {
    ...stateful,
    name: 'statefulset: minReadySeconds',
    steps: [
      ({ create }) => create(statefulSet(3, { minReadySeconds: 5 })),
      // Each place waits for the one before it.
      ...[1, 2, 3, 4].map(
        (): ControllerScenario['steps'][number] =>
          ({ advance }) =>
            advance(10_000),
      ),
    ],
  },
  {
    ...stateful,
    name: 'statefulset: keeps no more versions than revisionHistoryLimit',
    steps: [
      ({ create }) => create(statefulSet(2, { revisionHistoryLimit: 1 })),
      ...[2, 3, 4].map(
        (version): ControllerScenario['steps'][number] =>
          ({ patch }) =>
            patch('StatefulSet', 'web', image(version)),
      ),
    ],
  },
  ...['Retain', 'Delete'].flatMap((whenScaled) =>
    ['Retain', 'Delete'].map((whenDeleted): ControllerScenario => ({
      name: `statefulset: claims, whenScaled ${whenScaled}, whenDeleted ${whenDeleted}`,
      controllers: builtIn('statefulset,garbage-collector,pvc-protection'),
      steps: [
        ({ create }) => create(statefulSet(3, { ...claims, persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } })),
        ({ patch }) => patch('StatefulSet', 'web', { spec: { replicas: 1 } }),
        ({ patch }) => patch('StatefulSet', 'web', { spec: { replicas: 2 } }),
        ({ delete: remove }) => remove('StatefulSet', 'web'),
      ],
    })),
  ),
];

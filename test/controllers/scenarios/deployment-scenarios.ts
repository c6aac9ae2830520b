import type { KubeObject } from '../../../src/api/object.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';
import { template } from './replica-scenarios.ts';

const deployment = (replicas: number, spec: object = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web'), ...spec },
  }) as KubeObject;

const rolling = (maxSurge: number | string, maxUnavailable: number | string): object => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});
const image = (version: number): object => ({ spec: { template: { spec: { containers: [{ name: 'main', image: `web:${version}` }] } } } });
const replicas = (count: number): object => ({ spec: { replicas: count } });

const base = { controllers: builtIn('deployment,replicaset') };

const rollouts: readonly ControllerScenario[] = [
  [2, 1, 0],
  [3, 0, 1],
  [4, '25%', '25%'],
  [4, 2, '50%'],
  [5, 2, 1],
].flatMap(([count, surge, unavailable]) =>
  (['run', 'one-by-one'] as const).map((pods) => ({
    ...base,
    pods,
    name: `deployment: rolling update of ${count}, maxSurge ${surge}, maxUnavailable ${unavailable}, pods ${pods}`,
    steps: [
      ({ create }) => create(deployment(count as number, rolling(surge!, unavailable!))),
      ({ patch }) => patch('Deployment', 'web', image(2)),
    ],
  })),
);

export const deploymentScenarios: readonly ControllerScenario[] = [
  ...rollouts,
  {
    ...base,
    name: 'deployment: up and down',
    steps: [
      ({ create }) => create(deployment(2)),
      ({ patch }) => patch('Deployment', 'web', replicas(5)),
      ({ patch }) => patch('Deployment', 'web', replicas(0)),
    ],
  },
  {
    ...base,
    name: 'deployment: recreate',
    steps: [({ create }) => create(deployment(3, { strategy: { type: 'Recreate' } })), ({ patch }) => patch('Deployment', 'web', image(2))],
  },
  {
    ...base,
    name: 'deployment: two versions on, and one back',
    steps: [
      ({ create }) => create(deployment(2)),
      ({ patch }) => patch('Deployment', 'web', image(2)),
      ({ patch }) => patch('Deployment', 'web', image(1)),
    ],
  },
  {
    ...base,
    name: 'deployment: no more versions than revisionHistoryLimit',
    steps: [
      ({ create }) => create(deployment(1, { revisionHistoryLimit: 1 })),
      ({ patch }) => patch('Deployment', 'web', image(2)),
      ({ patch }) => patch('Deployment', 'web', image(3)),
      ({ patch }) => patch('Deployment', 'web', image(4)),
    ],
  },
  {
    ...base,
    name: 'deployment: scaled in the middle of a rollout that is stuck',
    pods: 'rest',
    steps: [
      ({ create }) => create(deployment(4)),
      async ({ world }) => {
        for (const pod of world.pods()) await world.report(pod, 'Running', true);
      },
      ({ patch }) => patch('Deployment', 'web', image(2)),
      ({ patch }) => patch('Deployment', 'web', replicas(8)),
    ],
  },
  {
    ...base,
    name: 'deployment: paused, changed, scaled, resumed',
    steps: [
      ({ create }) => create(deployment(2)),
      ({ patch }) => patch('Deployment', 'web', { spec: { paused: true } }),
      ({ patch }) => patch('Deployment', 'web', image(2)),
      ({ patch }) => patch('Deployment', 'web', replicas(3)),
      ({ patch }) => patch('Deployment', 'web', { spec: { paused: null } }),
    ],
  },
  {
    ...base,
    name: 'deployment: past its deadline, then another version',
    steps: [
      ({ create }) => create(deployment(2, { progressDeadlineSeconds: 20 })),
      ({ world, patch }) => {
        world.manner = 'rest';
        return patch('Deployment', 'web', image(2));
      },
      ({ advance }) => advance(30_000),
      ({ world, patch }) => {
        world.manner = 'run';
        return patch('Deployment', 'web', image(3));
      },
    ],
  },
  {
    ...base,
    name: 'deployment: minReadySeconds',
    steps: [({ create }) => create(deployment(2, { minReadySeconds: 5 })), ({ advance }) => advance(60_000)],
  },
  {
    name: 'deployment: deleted with all its versions',
    controllers: builtIn('deployment,replicaset,garbage-collector'),
    steps: [
      ({ create }) => create(deployment(2)),
      ({ patch }) => patch('Deployment', 'web', image(2)),
      ({ delete: remove }) => remove('Deployment', 'web'),
    ],
  },
  {
    name: 'deployment: orphans its versions, which another one adopts',
    controllers: builtIn('deployment,replicaset,garbage-collector'),
    steps: [
      ({ create }) => create(deployment(2)),
      ({ delete: remove }) => remove('Deployment', 'web', 'Orphan'),
      ({ create }) => create(deployment(3)),
    ],
  },
];

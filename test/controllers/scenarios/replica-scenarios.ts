import type { KubeObject } from '../../../src/api/object.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';

export const template = (app: string, image = `${app}:1`): object => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image }] },
});

const rc = (replicas: number, minReadySeconds = 0): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web' },
    spec: { replicas, minReadySeconds, selector: { app: 'web' }, template: template('web') },
  }) as KubeObject;

const rs = (replicas: number, minReadySeconds = 0): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web' },
    spec: { replicas, minReadySeconds, selector: { matchLabels: { app: 'web' } }, template: template('web') },
  }) as KubeObject;

const orphan = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', image: 'web:1' }] },
  }) as KubeObject;

interface Owner {
  readonly area: string;
  readonly kind: string;
  readonly controllers: string;
  readonly of: (replicas: number, minReadySeconds?: number) => KubeObject;
}

const owners: readonly Owner[] = [
  { area: 'rc', kind: 'ReplicationController', controllers: 'replication-manager', of: rc },
  { area: 'rs', kind: 'ReplicaSet', controllers: 'replicaset', of: rs },
];

function scenariosOf({ area, kind, controllers, of }: Owner): readonly ControllerScenario[] {
  const base = { controllers: builtIn(controllers) };
  const each = [2, 4, 5, 7, 9, 12].flatMap((replicas): readonly ControllerScenario[] => [
    {
      ...base,
      name: `${area}: up to ${replicas} and down to 1`,
      steps: [({ create }) => create(of(replicas)), ({ patch }) => patch(kind, 'web', { spec: { replicas: 1 } })],
    },
    { ...base, name: `${area}: ${replicas} replicas, one by one`, pods: 'one-by-one', steps: [({ create }) => create(of(replicas))] },
    {
      ...base,
      name: `${area}: adopts two orphans (${replicas} replicas)`,
      steps: [({ create }) => create(orphan('a'), orphan('b')), ({ create }) => create(of(replicas))],
    },
    {
      ...base,
      name: `${area}: a pod is lost (${replicas} replicas)`,
      steps: [
        ({ create }) => create(of(replicas)),
        async ({ world, delete: remove }) =>
          remove(
            'Pod',
            world
              .pods()
              .map(({ metadata }) => metadata.name)
              .sort()[0]!,
          ),
      ],
    },
    {
      ...base,
      name: `${area}: lets go of a pod whose labels change (${replicas} replicas)`,
      steps: [
        ({ create }) => create(of(replicas)),
        async ({ world, patch }) =>
          patch(
            'Pod',
            world
              .pods()
              .map(({ metadata }) => metadata.name)
              .sort()[0]!,
            { metadata: { labels: { app: 'debug' } } },
          ),
      ],
    },
    {
      ...base,
      name: `${area}: minReadySeconds (${replicas} replicas)`,
      steps: [({ create }) => create(of(replicas, 10)), ({ advance }) => advance(20_000)],
    },
    {
      name: `${area}: deleted in the background with ${replicas} pods`,
      controllers: builtIn(`${controllers},garbage-collector`),
      steps: [({ create }) => create(of(replicas)), ({ delete: remove }) => remove(kind, 'web')],
    },
    {
      name: `${area}: deleted in the foreground with ${replicas} pods`,
      controllers: builtIn(`${controllers},garbage-collector`),
      steps: [({ create }) => create(of(replicas)), ({ delete: remove }) => remove(kind, 'web', 'Foreground')],
    },
    {
      name: `${area}: deleted, its ${replicas} pods orphaned`,
      controllers: builtIn(`${controllers},garbage-collector`),
      steps: [({ create }) => create(of(replicas)), ({ delete: remove }) => remove(kind, 'web', 'Orphan')],
    },
  ]);
  return each;
}

export const replicaScenarios: readonly ControllerScenario[] = owners.flatMap(scenariosOf);

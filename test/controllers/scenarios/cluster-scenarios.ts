import type { KubeObject } from '../../../src/api/object.ts';
import { configMapKind } from '../../../src/kinds/config-map.ts';
import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';
import { template } from './replica-scenarios.ts';

const pod = (name: string, labels: object = { app: 'web' }): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers: [{ name: 'main', image: 'web:1' }] } }) as KubeObject;
const service = (spec: object = {}): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
  }) as KubeObject;
const rc = (replicas: number): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web' },
    spec: { replicas, selector: { app: 'web' }, template: template('web') },
  }) as KubeObject;
const owned = (
  name: string,
  owner: { readonly metadata: { readonly uid: string; readonly name: string } } | undefined,
  block = true,
): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner?.metadata.name ?? 'nobody',
          uid: owner?.metadata.uid ?? 'b1a5d2a0-0000-4000-8000-000000000000',
          blockOwnerDeletion: block,
        },
      ],
    },
  }) as KubeObject;
const map = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }) as KubeObject;

type Step = ControllerScenario['steps'][number];

/** ConfigMaps that belong to the one called `root`. */
const leaves =
  (...names: readonly string[]): Step =>
  async ({ client, create }) => {
    const owner = client.get(configMapKind, { namespace: 'default', name: 'root' });
    await create(...names.map((name) => owned(name, owner)));
  };

const services = { controllers: builtIn('endpoints,endpoint-slice,replication-manager') };

export const clusterScenarios: readonly ControllerScenario[] = [
  ...[1, 3, 6].flatMap((replicas): readonly ControllerScenario[] => [
    {
      ...services,
      name: `endpoints: follow ${replicas} pods up and down`,
      steps: [
        ({ create }) => create(service(), rc(replicas)),
        ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 1 } }),
      ],
    },
    {
      ...services,
      name: `endpoints: ${replicas} pods, one by one, then the service goes`,
      pods: 'one-by-one',
      steps: [({ create }) => create(rc(replicas), service()), ({ delete: remove }) => remove('Service', 'web')],
    },
    {
      ...services,
      name: `endpoints: another selector, another port (${replicas} pods)`,
      steps: [
        ({ create }) => create(service(), rc(replicas), pod('other', { app: 'db' })),
        ({ patch }) => patch('Service', 'web', { spec: { selector: { app: 'db' } } }),
        ({ patch }) => patch('Service', 'web', { spec: { ports: [{ port: 80, targetPort: 8080, name: 'http' }] } }),
      ],
    },
    {
      ...services,
      name: `endpoints: headless, ${replicas} pods of which one is lost`,
      steps: [
        ({ create }) => create(service({ clusterIP: 'None' }), rc(replicas)),
        ({ world, delete: remove }) =>
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
      name: `namespace: goes with ${replicas} pods and their owner`,
      controllers: builtIn('namespace,replication-manager,garbage-collector,endpoints'),
      steps: [
        async ({ create }) => {
          await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stage' } } as KubeObject);
          const inStage = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace: 'stage' } });
          await create(inStage(rc(replicas)), inStage(service()), inStage(map('settings')));
        },
        ({ delete: remove }) => remove('Namespace', 'stage'),
      ],
    },
  ]),
  ...(['Background', 'Foreground', 'Orphan'] as const).flatMap((propagation) =>
    [2, 4].map((count): ControllerScenario => ({
      name: `gc: ${propagation} delete with ${count} dependents`,
      controllers: builtIn('garbage-collector'),
      steps: [
        ({ create }) => create(map('root')),
        leaves(...Array.from({ length: count }, (_, i) => `leaf-${i}`)),
        ({ delete: remove }) => remove('ConfigMap', 'root', propagation),
      ],
    })),
  ),
  {
    name: 'gc: an owner that never was',
    controllers: builtIn('garbage-collector'),
    steps: [({ create }) => create(owned('a', undefined), owned('b', undefined))],
  },
];

import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/api/object.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { aNode, aPod, SmallCluster, stored, type PodOptions } from './small-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const labelSelector = { matchLabels: { app: 'a' } };
const claim = (name: string, accessModes: readonly string[], spec: object = {}): StoredObject =>
  stored('PersistentVolumeClaim', { name, namespace: 'default' }, { spec: { accessModes, ...spec }, status: { phase: 'Bound' } });
const volume = (name: string): StoredObject => stored('PersistentVolume', { name }, { spec: {}, status: { phase: 'Bound' } });
const using = (claimName: string): PodOptions => ({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] } });

/** What happens, and whether the pod that waits is tried again because of it. */
type Step = readonly [what: string, act: (cluster: SmallCluster) => void, tries: boolean];

const addNode =
  (name: string, labels: Record<string, string> = {}) =>
  (cluster: SmallCluster) =>
    void cluster.put(aNode(name, { labels }));
const change = (kind: string, name: string, how: Parameters<SmallCluster['change']>[2]) => (cluster: SmallCluster) =>
  cluster.change(kind, name, how);
const remove = (kind: string, name: string) => (cluster: SmallCluster) => cluster.remove(kind, name);

const cases: readonly (readonly [string, PodOptions, readonly StoredObject[], readonly Step[]])[] = [
  [
    'a pod whose spread is uneven',
    {
      labels: { app: 'a' },
      spec: {
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector, minDomains: 3 }],
      },
    },
    [aPod('other', { on: 'n', labels: { app: 'a' } })],
    [
      ['a node without the key', addNode('without'), false],
      ['more room', change('Node', 'n', { status: { allocatable: { cpu: '64', memory: '64Gi', pods: '200' } } }), false],
      ['other labels', change('Node', 'n', { metadata: { labels: { [zoneKey]: 'y' } } }), true],
      ['a node in a zone', addNode('with', { [zoneKey]: 'z' }), true],
    ],
  ],
  [
    'a pod without the company it wants',
    { spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: zoneKey, labelSelector }] } } } },
    [],
    [
      ['more room', change('Node', 'n', { status: { allocatable: { cpu: '64', memory: '64Gi', pods: '200' } } }), false],
      ['another pod', (cluster) => void cluster.put(aPod('b', { on: 'n', labels: { app: 'b' } })), false],
      ['its company', (cluster) => void cluster.put(aPod('a', { on: 'n', labels: { app: 'a' } })), true],
    ],
  ],
  [
    'a pod whose claim is not there',
    using('mine'),
    [],
    [
      ["another pod's claim", (cluster) => void cluster.put(claim('other', ['ReadWriteOnce'])), false],
      ['its claim', (cluster) => void cluster.put(claim('mine', ['ReadWriteOnce'], { volumeName: 'pv' })), true],
      ['a volume', (cluster) => void cluster.put(volume('pv')), true],
    ],
  ],
  [
    'a pod whose claim is for one pod alone',
    using('mine'),
    [
      claim('mine', ['ReadWriteOncePod'], { volumeName: 'pv' }),
      claim('other', ['ReadWriteOncePod'], { volumeName: 'pv2' }),
      volume('pv'),
      volume('pv2'),
      aPod('b', { on: 'n', ...using('other') }),
      aPod('user', { on: 'n', ...using('mine') }),
    ],
    [
      ['another pod goes', remove('Pod', 'b'), false],
      ["another pod's claim changes", change('PersistentVolumeClaim', 'other', { metadata: { labels: { x: 'y' } } }), false],
      ['the user goes', remove('Pod', 'user'), true],
    ],
  ],
];

test.each(cases)('%s is tried again when that may help, and else not', (_name, options, objects, steps) => {
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('n', { labels: { [zoneKey]: 'x' } }), ...objects);
  cluster.settle().put(aPod('p', options)).settle();
  const attempts = () => cluster.messages('p').length + cluster.messages('p', 'Scheduled').length;
  expect(attempts()).toBe(1);
  const tried = steps.map(([what, act]) => {
    const before = attempts();
    act(cluster);
    // The longest back-off there is; whoever is not woken is tried again after five minutes only.
    cluster.settle().advance(10_000);
    return [what, attempts() > before];
  });
  expect(tried).toEqual(steps.map(([what, , tries]) => [what, tries]));
});

test('pods that want different disks are woken each by its own', () => {
  const disk = (pdName: string): PodOptions => ({ spec: { volumes: [{ name: 'v', gcePersistentDisk: { pdName } }] } });
  const users = ['d1', 'd2'].map((pdName) => aPod(`user-of-${pdName}`, { on: 'n', ...disk(pdName) }));
  const cluster = new SmallCluster(new DefaultScheduler(), aNode('n'), ...users).settle();
  cluster.put(aPod('p1', disk('d1')), aPod('p2', disk('d2'))).settle();
  expect(cluster.messages('p2')).toEqual([expect.stringContaining('1 node(s) had no available disk')]);
  cluster.remove('Pod', 'user-of-d2');
  // The longest back-off there is.
  cluster.settle().advance(10_000);
  expect([cluster.nodeOf('p1'), cluster.nodeOf('p2')]).toEqual(['', 'n']);
  expect(cluster.messages('p1')).toHaveLength(1);
});

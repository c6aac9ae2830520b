import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../../src/api/object.ts';
import { DefaultScheduler } from '../../../src/scheduler/default-scheduler.ts';
import { fixed, patienceMs, scale } from '../runs.ts';
import { aNode, aPod, SmallCluster, stored } from '../small-cluster.ts';

const ebs = 'ebs.csi.aws.com';
const csiNode = (node: string, drivers: Readonly<Record<string, number | undefined>>, annotations: Record<string, string> = {}) =>
  stored(
    'CSINode',
    { name: node, annotations },
    {
      spec: {
        drivers: Object.entries(drivers).map(([name, count]) => ({
          name,
          nodeID: node,
          ...(count === undefined ? {} : { allocatable: { count } }),
        })),
      },
    },
    'storage.k8s.io/v1',
  );
const claim = (name: string, spec: object, bound = true) =>
  stored(
    'PersistentVolumeClaim',
    { name, namespace: 'default' },
    { spec: { accessModes: ['ReadWriteMany'], ...spec }, status: bound ? { phase: 'Bound' } : {} },
  );
const volume = (name: string, source: object) =>
  stored('PersistentVolume', { name }, { spec: { accessModes: ['ReadWriteMany'], ...source }, status: { phase: 'Bound' } });
const csi = (volumeHandle: string, driver = ebs) => ({ csi: { driver, volumeHandle } });
const disk = (volumeID: string) => ({ awsElasticBlockStore: { volumeID: `aws://zone/${volumeID}` } });
const using = (name: string, claims: readonly string[], on?: string) =>
  aPod(name, {
    ...(on === undefined ? {} : { on }),
    spec: { volumes: claims.map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } })) },
  });
const bound = (name: string, source: object): readonly StoredObject[] => [claim(name, { volumeName: name }), volume(name, source)];
const tooMany = (nodes: number) => `0/${nodes} nodes are available: ${nodes} node(s) exceed max volume count.`;
const why = (cluster: SmallCluster, name = 'p') =>
  cluster
    .messages(name)
    .at(-1)
    ?.replace(/ preemption:.*/, '');

describe('a node has no more volumes of a driver than its CSINode says', () => {
  const cluster = (...objects: readonly StoredObject[]) =>
    new SmallCluster(
      new DefaultScheduler(),
      aNode('a'),
      csiNode('a', { [ebs]: 1 }),
      ...bound('x', csi('vol-x')),
      ...bound('y', csi('vol-y')),
      ...objects,
    );

  test('and is free again when a pod goes, or when it can have more', () => {
    const c = cluster(using('one', ['x'], 'a'));
    c.settle()
      .put(using('p', ['y']))
      .settle();
    expect(why(c)).toBe(tooMany(1));
    c.remove('Pod', 'one');
    expect(c.settle().advance(1_000).nodeOf('p')).toBe('a');
    c.put(using('q', ['x'])).settle();
    expect(why(c, 'q')).toBe(tooMany(1));
    c.change('CSINode', 'a', { spec: { drivers: [{ name: ebs, nodeID: 'a', allocatable: { count: 2 } }] } });
    expect(c.settle().advance(1_000).nodeOf('q')).toBe('a');
  });

  test('one that pods share counts once', () => {
    const c = cluster(using('one', ['x'], 'a'));
    expect(
      c
        .settle()
        .put(using('p', ['x']))
        .settle()
        .nodeOf('p'),
    ).toBe('a');
  });

  test('volumes of other drivers, and of drivers without a limit, do not count', () => {
    const c = cluster(using('one', ['x'], 'a'), ...bound('z', csi('vol-z', 'other.example.com')), csiNode('b', { [ebs]: undefined }));
    expect(
      c
        .settle()
        .put(using('p', ['z']))
        .settle()
        .nodeOf('p'),
    ).toBe('a');
  });

  test('claims that wait for their first consumer count for the driver of their class', () => {
    const storageClass = stored(
      'StorageClass',
      { name: 'fast' },
      { provisioner: ebs, volumeBindingMode: 'WaitForFirstConsumer' },
      'storage.k8s.io/v1',
    );
    const c = cluster(using('one', ['x'], 'a'), storageClass, claim('new', { storageClassName: 'fast' }, false));
    c.settle()
      .put(using('p', ['new']))
      .settle();
    expect(why(c)).toBe(tooMany(1));
  });

  test('disks that Kubernetes itself had a driver for count where there is a CSINode', () => {
    const c = cluster(using('one', ['x'], 'a'), ...bound('old', disk('vol-old')));
    c.settle()
      .put(using('p', ['old']))
      .settle();
    expect(why(c)).toBe(tooMany(1));
    c.put(aNode('b'));
    expect(c.settle().advance(1_000).nodeOf('p')).toBe('b');
  });

  test('those of Portworx count where the CSINode says that they have been replaced', () => {
    const driver = 'pxd.portworx.com';
    const pod = (annotations: Record<string, string>) =>
      new SmallCluster(
        new DefaultScheduler(),
        aNode('a'),
        csiNode('a', { [driver]: 0 }, annotations),
        ...bound('x', { portworxVolume: { volumeID: 'v' } }),
        using('p', ['x']),
      ).settle();
    expect(pod({}).nodeOf('p')).toBe('a');
    expect(why(pod({ 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/portworx-volume' }))).toBe(tooMany(1));
  });

  test('pods of lower priority make way', () => {
    const c = cluster(using('one', ['x'], 'a'));
    const high = using('p', ['y']);
    c.settle()
      .put(Object.freeze({ ...high, spec: { ...high.spec!, priority: 10 } }))
      .settle()
      .advance(1_000);
    expect([c.nodeOf('p'), c.objects.has('Pod/default/one')]).toEqual(['a', false]);
  });
});

interface Step {
  readonly do: 'pod' | 'delete' | 'limit' | 'bind' | 'drop';
  readonly at: number;
  readonly claims: readonly number[];
  readonly count: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('pod', 'pod', 'pod', 'delete', 'limit', 'bind', 'drop'),
  at: fc.nat({ max: 2 }),
  claims: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 3 }),
  count: fc.nat({ max: 4 }),
});

/** The names of the volumes of the driver that the node would have with the pod, each looked up anew. */
function naivelyTooMany(cluster: SmallCluster, pod: StoredObject, node: string): boolean {
  const csiNodeOf = cluster.objects.get(`CSINode//${node}`);
  const drivers = (csiNodeOf?.spec as { drivers?: { allocatable?: { count?: number } }[] } | undefined)?.drivers ?? [];
  const limit = drivers[0]?.allocatable?.count;
  if (limit === undefined) return false;
  const handles = (one: StoredObject): readonly string[] =>
    (one.spec as { volumes?: { persistentVolumeClaim: { claimName: string } }[] }).volumes!.flatMap(
      ({ persistentVolumeClaim: { claimName } }) => {
        const { volumeName } = cluster.get('PersistentVolumeClaim', claimName).spec as { volumeName?: string };
        if (volumeName === undefined) return [`unbound ${claimName}`];
        const { csi: source, awsElasticBlockStore: old } = cluster.get('PersistentVolume', volumeName).spec as {
          csi?: { volumeHandle: string };
          awsElasticBlockStore?: { volumeID: string };
        };
        return [source?.volumeHandle ?? old!.volumeID.split('/').at(-1)!];
      },
    );
  const here = [...cluster.objects.values()].filter(
    ({ kind, spec }) => kind === 'Pod' && (spec as { nodeName?: string }).nodeName === node,
  );
  const before = new Set(here.flatMap(handles));
  const added = new Set(handles(pod).filter((handle) => !before.has(handle)));
  return added.size > 0 && before.size + added.size > limit;
}

test(
  'after any history it is as if all were counted anew',
  () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), fc.boolean(), (steps, lateCsiNodes) => {
        const cluster = new SmallCluster(new DefaultScheduler());
        // Or nothing is known of drivers until pods are there already.
        for (const name of ['a', 'b', 'c']) cluster.put(aNode(name), ...(lateCsiNodes ? [] : [csiNode(name, { [ebs]: 2 })]));
        cluster.put(
          stored('StorageClass', { name: 'fast' }, { provisioner: ebs, volumeBindingMode: 'WaitForFirstConsumer' }, 'storage.k8s.io/v1'),
        );
        // Two claims share a volume, one is a disk of old, one is bound late.
        for (const [i, source] of [csi('v0'), csi('v1'), csi('v0'), disk('v3'), csi('v4')].entries())
          cluster.put(...bound(`c${i}`, source));
        cluster.put(claim('c5', { storageClassName: 'fast' }, false), volume('c5', csi('v5')));
        for (const [i, { do: what, at, claims, count }] of steps.entries()) {
          const node = ['a', 'b', 'c'][at]!;
          const pods = [...cluster.objects.values()].filter(({ kind }) => kind === 'Pod');
          const names = claims.map((c) => `c${c}`);
          if (what === 'pod') cluster.put(using(`p${i}`, names, node));
          if (what === 'delete' && pods.length > 0) cluster.remove('Pod', pods[count % pods.length]!.metadata.name);
          if (what === 'limit') cluster.put(csiNode(node, { [ebs]: count === 4 ? undefined : count }));
          if (what === 'drop' && cluster.objects.has(`CSINode//${node}`)) cluster.remove('CSINode', node);
          if (what === 'bind') cluster.change('PersistentVolumeClaim', 'c5', { spec: { volumeName: 'c5' }, status: { phase: 'Bound' } });
          cluster.settle();
          const probe = using('probe', names);
          const { nodes } = cluster.scheduler.explain(cluster.view, probe);
          const expected = nodes.map((each) => [each.node, naivelyTooMany(cluster, probe, each.node)]);
          expect(nodes.map(({ node: name, refusedBy }) => [name, refusedBy?.plugin === 'NodeVolumeLimits'])).toEqual(expected);
          const placed = cluster.put(probe).settle().nodeOf('probe');
          expect(placed === '').toBe(nodes.every(({ feasible }) => !feasible));
          if (placed === '') refused++;
          cluster.remove('Pod', 'probe');
        }
      }),
      { numRuns: 40 * scale, ...fixed },
    );
    expect(refused).toBeGreaterThan(10);
  },
  patienceMs,
);

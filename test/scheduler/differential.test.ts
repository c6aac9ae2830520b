import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LabelSelector, NodeManifest, PodManifest, TopologySpreadConstraint } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { histogram, naivePreemption, whyInVain, type NaiveBudget } from './naive-preemption.ts';
import { naiveVerdict, ratioShape, type NaiveArgs, type Verdict, type World } from './naive-scheduler.ts';
import { NaiveVolumes, type NaiveVolume } from './naive-volumes.ts';
import { namespaces, nodeOptions, podOptions } from './random-cluster.ts';
import { fixed, patienceMs, scale } from './runs.ts';
import { aNode, aPod, SmallCluster, stored, type PodOptions } from './small-cluster.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const zone = fc.constantFrom('z1', 'z2', 'z3');

/** Besides nodes and pods. */
interface Setting {
  readonly args: NaiveArgs;
  readonly services: readonly string[];
  readonly owners: readonly LabelSelector[];
  readonly volumes: readonly NaiveVolume[];
  readonly budgets: readonly NaiveBudget[];
}

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
/** Drops what is undefined. */
const given = <T extends object>(object: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;

const constraint: fc.Arbitrary<TopologySpreadConstraint> = fc.record({
  topologyKey: fc.constantFrom(zoneKey, 'kubernetes.io/hostname', 'rack'),
  maxSkew: fc.integer({ min: 1, max: 3 }),
  whenUnsatisfiable: fc.constantFrom('ScheduleAnyway', 'DoNotSchedule'),
});

const args: fc.Arbitrary<NaiveArgs> = fc
  .record({
    strategy: optional(fc.constantFrom('LeastAllocated' as const, 'MostAllocated' as const, 'RequestedToCapacityRatio' as const)),
    weights: optional(fc.constantFrom({ cpu: 3, memory: 1 }, { cpu: 1, 'example.com/gpu': 5 }, { memory: 2 })),
    added: optional(
      fc
        .record({ required: optional(fc.constant(['tier', '1'] as const)), preferred: optional(fc.constant(['tier', '2'] as const)) })
        .map((each) => given<NonNullable<NaiveArgs['added']>>(each)),
    ),
    hardPodAffinityWeight: optional(fc.constantFrom(0, 5, 100)),
    ignorePreferredTermsOfExistingPods: fc.boolean(),
    defaultConstraints: optional(fc.uniqueArray(constraint, { maxLength: 2, selector: (each) => each.topologyKey })),
  })
  .map((each) => given<NaiveArgs>(each));

const setting: fc.Arbitrary<Setting> = fc.record({
  args: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: args }),
  services: fc.subarray(['a', 'b']),
  owners: fc.constantFrom([], [{ matchLabels: { app: 'a' } }, { matchExpressions: [{ key: 'app', operator: 'In', values: ['b', 'c'] }] }]),
  volumes: fc
    .array(
      fc
        .record({ readWriteOncePod: fc.boolean(), onlyInZone: optional(zone), zoneLabel: optional(zone) })
        .map((each) => given<Omit<NaiveVolume, 'claim'>>(each)),
      { maxLength: 3 },
    )
    .map((all) => all.map((each, i) => ({ ...each, claim: `claim${i}` }))),
  budgets: fc.array(
    fc.record({
      namespace: fc.constantFrom('default', 'default', 'other'),
      labels: fc.constantFrom('a', 'b', 'c').map((app) => ({ app })),
      allowed: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 2 },
  ),
});

interface PodPlan {
  readonly options: PodOptions;
  readonly priority: number;
  readonly start: number;
  readonly owner: number;
  readonly claim: number;
  /** Once it is placed, it is about to go. */
  readonly terminating: boolean;
}

const podPlan: fc.Arbitrary<PodPlan> = fc.record({
  options: podOptions,
  priority: fc.integer({ min: 0, max: 3 }),
  start: fc.integer({ min: 0, max: 5 }),
  owner: fc.integer({ min: 0, max: 5 }),
  claim: fc.integer({ min: 0, max: 9 }),
  terminating: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

function planned({ options, priority, start, owner, claim }: PodPlan, name: string, { owners, volumes }: Setting): Stored<PodManifest> {
  const kind = ['ReplicationController', 'ReplicaSet'][owner];
  const ownerReferences =
    kind !== undefined && owners.length > 0 ? [{ apiVersion: 'v1', kind, name: 'o', uid: 'u', controller: true }] : undefined;
  const claims = claim < volumes.length ? [{ name: 'data', persistentVolumeClaim: { claimName: `claim${claim}` } }] : [];
  return aPod(name, {
    ...options,
    spec: { ...options.spec, priority, ...(options.namespace === 'default' && claims.length > 0 ? { volumes: claims } : {}) },
    status: { startTime: `2026-01-01T00:0${start}:00Z` },
    metadata: ownerReferences === undefined ? {} : { ownerReferences },
  });
}

function pluginsOf({ strategy, weights, added, hardPodAffinityWeight, ignorePreferredTermsOfExistingPods, defaultConstraints }: NaiveArgs) {
  const resources = weights === undefined ? undefined : Object.entries(weights).map(([name, weight]) => ({ name, weight }));
  const scoring = {
    ...(resources === undefined ? {} : { resources }),
    ...(strategy === 'RequestedToCapacityRatio' ? { shape: ratioShape } : {}),
  };
  const term = ([key, value]: readonly [string, string]) => ({ matchExpressions: [{ key, operator: 'In', values: [value] }] });
  const addedAffinity = {
    ...(added?.required === undefined
      ? {}
      : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term(added.required)] } }),
    ...(added?.preferred === undefined
      ? {}
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, preference: term(added.preferred) }] }),
  };
  return defaultPlugins({
    NodeResourcesFit: { scoringStrategy: { type: strategy ?? 'LeastAllocated', ...scoring } as never },
    NodeAffinity: added === undefined ? {} : { addedAffinity },
    InterPodAffinity: given({ hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }),
    PodTopologySpread: defaultConstraints === undefined ? {} : { defaultConstraints },
  });
}

function clusterOf(
  nodes: readonly Parameters<typeof aNode>[1][],
  { args: told, services, owners, volumes, budgets }: Setting,
): SmallCluster {
  const cluster = new SmallCluster(new DefaultScheduler({ profiles: [{ plugins: pluginsOf(told) }] }));
  const put = (kind: string, name: string, rest: object, metadata: object = {}): void =>
    void cluster.put(stored(kind, { name, namespace: 'default', ...metadata }, rest));
  for (const [name, labels] of Object.entries(namespaces)) cluster.put(stored('Namespace', { name, labels }));
  for (const app of services) put('Service', `svc-${app}`, { spec: { selector: { app } } });
  for (const namespace of owners.length === 0 ? [] : Object.keys(namespaces)) {
    put('ReplicationController', 'o', { spec: { selector: owners[0]!.matchLabels } }, { namespace });
    put('ReplicaSet', 'o', { spec: { selector: owners[1] } }, { namespace });
  }
  for (const { claim, readWriteOncePod, onlyInZone, zoneLabel } of volumes) {
    const accessModes = [readWriteOncePod ? 'ReadWriteOncePod' : 'ReadWriteOnce'];
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: zoneKey, operator: 'In', values: [onlyInZone] }] }] };
    put('PersistentVolumeClaim', claim, { spec: { accessModes, volumeName: `pv-${claim}` }, status: { phase: 'Bound' } });
    cluster.put(
      stored(
        'PersistentVolume',
        { name: `pv-${claim}`, labels: zoneLabel === undefined ? {} : { [zoneKey]: zoneLabel } },
        { spec: { accessModes, ...(onlyInZone === undefined ? {} : { nodeAffinity: { required } }) } },
      ),
    );
  }
  for (const [i, { namespace, labels, allowed }] of budgets.entries())
    put(
      'PodDisruptionBudget',
      `b${i}`,
      { spec: { selector: { matchLabels: labels } }, status: { disruptionsAllowed: allowed } },
      { namespace },
    );
  nodes.forEach((options, i) => cluster.put(aNode(`n${i}`, options)));
  return cluster;
}

function worldOf(cluster: SmallCluster, { args: told, owners, volumes }: Setting): World {
  const all = [...cluster.objects.values()];
  const pods = all.filter(({ kind }) => kind === 'Pod') as Stored<PodManifest>[];
  const owned = owners.length === 0 ? [] : Object.keys(namespaces);
  return {
    nodes: all.filter(({ kind }) => kind === 'Node') as Stored<NodeManifest>[],
    pods: pods.filter(({ spec }) => (spec?.nodeName ?? '') !== ''),
    namespaces,
    services: all
      .filter(({ kind }) => kind === 'Service')
      .map(({ metadata, spec }) => ({
        namespace: metadata.namespace ?? '',
        selector: (spec as { selector: Record<string, string> }).selector,
      })),
    owners: new Map(
      owned.flatMap((namespace) => [
        [`ReplicationController/${namespace}/o`, owners[0]!] as const,
        [`ReplicaSet/${namespace}/o`, owners[1]!] as const,
      ]),
    ),
    volumes: new NaiveVolumes(volumes),
    args: told,
  };
}

/** What the scheduler says of each node must be what the naive one says. */
function compare(cluster: SmallCluster, pod: Stored<PodManifest>, naive: Verdict): void {
  const { nodes, message } = cluster.scheduler.explain(cluster.view, pod);
  const refusals = new Map(
    nodes.map(({ node, refusedBy }) => [node, refusedBy && { ...refusedBy, reasons: [...refusedBy.reasons].sort() }]),
  );
  expect(refusals).toEqual(new Map([...naive.refusedBy].map(([node, by]) => [node, by && { ...by, reasons: [...by.reasons].sort() }])));
  const scores = Object.fromEntries(
    nodes.filter(({ feasible }) => feasible).map(({ node, scores: byPlugin }) => [node, withoutZeros(byPlugin!)]),
  );
  expect(scores).toEqual(Object.fromEntries([...naive.scores].map(([node, byPlugin]) => [node, withoutZeros(byPlugin)])));
  expect(message).toBe(naive.scores.size > 0 ? undefined : fitError(naive));
}

const fitError = ({ refusedBy }: Verdict): string =>
  `0/${refusedBy.size} nodes are available: ${histogram([...refusedBy.values()].flatMap((by) => by?.reasons ?? []))}.`;

const withoutZeros = (scores: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(scores).filter(([, score]) => score !== 0));
const sum = (scores: Readonly<Record<string, number>>): number => Object.values(scores).reduce((a, b) => a + b, 0);

/** How often what happened: the test must have seen it all. */
const seen = { placed: 0, preempted: 0, refused: 0 };

function placeOne(cluster: SmallCluster, plan: PodPlan, name: string, where: Setting): void {
  const pod = planned(plan, name, where);
  const world = worldOf(cluster, where);
  const naive = naiveVerdict(pod, world);
  compare(cluster, pod, naive);
  cluster.put(pod).settle();
  const { namespace } = pod.metadata;
  const chosen = cluster.nodeOf(name, namespace);
  if (naive.scores.size > 0) {
    seen.placed++;
    const best = Math.max(...[...naive.scores.values()].map(sum));
    expect([chosen, sum(naive.scores.get(chosen) ?? {})]).toEqual([chosen, best]);
    if (plan.terminating) cluster.change('Pod', name, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, namespace);
    cluster.settle();
    return;
  }
  expect(chosen).toBe('');
  const preemption = naivePreemption(pod, world, where.budgets);
  const evicted = cluster.events.filter(({ reason, message }) => reason === 'Preempted' && message.includes(`pod ${pod.metadata.uid} `));
  expect([cluster.pod(name, namespace).status?.nominatedNodeName, evicted.map(({ regarding }) => regarding.name).sort()]).toEqual([
    preemption?.node,
    preemption?.victims ?? [],
  ]);
  expect(cluster.messages(name)).toEqual([preemption ? fitError(naive) : `${fitError(naive)} preemption: ${whyInVain(pod, world)}`]);
  seen[preemption ? 'preempted' : 'refused']++;
  // Its nomination would keep others away.
  cluster.remove('Pod', name, namespace);
  cluster.settle();
}

/** Small pods that differ in little: nodes fill up, and what is left is a matter of priorities. */
const crowd: fc.Arbitrary<PodPlan> = podPlan.chain((plan) =>
  fc
    .record({ cpu: fc.constantFrom('500m', '1', '2'), app: fc.constantFrom('a', 'b', 'c'), apart: fc.integer({ min: 0, max: 5 }) })
    .map(({ cpu, app, apart }) => {
      const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'c' } } };
      const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
      const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu } } }];
      const options: PodOptions = { namespace: 'default', labels: { app }, spec: { containers, ...(apart === 0 ? { affinity } : {}) } };
      return { ...plan, options };
    }),
);

function placedLikeNaively(nodeCountMax: number, podCountMax: number, runs: number, pod = podPlan): void {
  fc.assert(
    fc.property(
      fc.array(nodeOptions, { minLength: 1, maxLength: nodeCountMax, size: 'max' }),
      fc.array(pod, { minLength: 1, maxLength: podCountMax, size: 'max' }),
      setting,
      (nodes, pods, where) => {
        const cluster = clusterOf(nodes, where).settle();
        for (const [i, plan] of pods.entries()) placeOne(cluster, plan, `p${i}`, where);
      },
    ),
    { numRuns: runs, ...fixed },
  );
}

describe('every pod goes to a node the naive scheduler finds best, or evicts whom that would evict, or is told why not', () => {
  test('few nodes', () => placedLikeNaively(10, 14, 100 * scale), patienceMs);
  test('up to 50 nodes', () => placedLikeNaively(50, 25, 6 * scale), patienceMs);
  test('crowded nodes', () => placedLikeNaively(4, 25, 60 * scale, crowd), patienceMs);
  test('and all of that happened', () => {
    expect(Math.min(seen.placed, seen.preempted, seen.refused)).toBeGreaterThan(50);
  });
});

import type { PodSpec } from '../../src/api/generated/models.ts';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import type { PerfCluster } from './perf-cluster.ts';
import { addNodes, addPods, hostKey, required, template, zoneKey, type PodTemplate } from './pods.ts';
import type { Sized, Until } from './workload.ts';

/** Each kind of pod that waits: so many, as in Kubernetes, but no more than there are nodes. */
const eachOf = (nodes: number): number => Math.min(nodes, 1_000);

const light = { cpu: '10m', memory: '10Mi' };
const waiting = (extra: Partial<PodSpec>, requests: Readonly<Record<string, string>> = light): PodTemplate =>
  template({ type: 'unsched' }, extra, requests);

const port = (requests: Readonly<Record<string, string>>, hostPort: number): PodSpec['containers'] => [
  { name: 'pause', image: 'registry.k8s.io/pause:3.10', ports: [{ containerPort: hostPort, hostPort }], resources: { requests } },
];
const apartFrom = (matchLabels: Readonly<Record<string, string>>, namespace: string, topologyKey = hostKey): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: required({ labelSelector: { matchLabels }, topologyKey, namespaces: [namespace] }) },
});
const nextTo = (matchLabels: Readonly<Record<string, string>>, namespace: string, topologyKey = hostKey): Partial<PodSpec> => ({
  affinity: { podAffinity: required({ labelSelector: { matchLabels }, topologyKey, namespaces: [namespace] }) },
});
const onlyWhere = (key: string): Partial<PodSpec> => ({ nodeSelector: { [key]: 'yes' } });
const evenly: Partial<PodSpec> = {
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { type: 'unsched' } } },
  ],
};

function change(cluster: PerfCluster, uid: string, spec: object, metadata: object = {}, status: object = {}): void {
  const old = cluster.object(uid);
  if (old === undefined) return;
  const next = {
    ...old,
    metadata: { ...old.metadata, ...metadata },
    spec: { ...(old.spec as object), ...spec },
    status: { ...(old.status as object), ...status },
  };
  cluster.change(old, deepFreeze(next) as StoredObject);
}

/** One of these every ten passes: a hundred a second. */
function* inTurn(uids: readonly string[], act: (uid: string) => void): Generator<Until> {
  for (const uid of uids) {
    act(uid);
    yield { passes: 10 };
  }
}

const hostPorts = 12;
const blocking = { cpu: '350m', memory: '3Gi' };
/** No more than `maxSkew` of them on a node: there are fewer nodes than there should be. */
const atMost = (maxSkew: number): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    {
      maxSkew,
      minDomains: 10_000,
      topologyKey: hostKey,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { topology: 'blue' } },
    },
  ],
});

const driver = 'ebs.csi.aws.com';

/** A pod with a claim that is bound to a volume; of a claim that is there already another user. */
function addOneWithClaim(cluster: PerfCluster, name: string, pod: PodTemplate, namespace: string, accessMode?: string): void {
  if (accessMode !== undefined) {
    const capacity = { storage: '1Gi' };
    const spec = { accessModes: [accessMode], volumeName: name, resources: { requests: capacity } };
    const source = { csi: { driver, volumeHandle: name } };
    cluster.put('PersistentVolume', { name }, { spec: { ...spec, ...source, capacity }, status: { phase: 'Bound' } });
    cluster.put('PersistentVolumeClaim', { name, namespace }, { spec, status: { phase: 'Bound' } });
  }
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: name } }];
  addPods(cluster, 1, deepFreeze({ ...pod, spec: { ...pod.spec, volumes } }), namespace);
}

/**
 * Pods go that were in the way of others: by their number, a host port, what they take, their volumes, a claim for one
 * pod alone, by not being liked.
 * Ten times as many as nodes, as in Kubernetes (which has 50 nodes), up to a thousand; only so many nodes take pods of these kinds.
 */
const podDelete: Sized = (nodes) => {
  const crowded = Math.min(nodes, 100);
  const each = 10 * crowded;
  const blockers = 0.96 * each;
  const here = { nodeSelector: { crowded: 'yes' } };
  const blocker = (i: number): PodTemplate =>
    template({ topology: 'blue', type: 'blocker' }, { ...here, ...atMost(10), containers: port(blocking, 8_000 + (i % hostPorts)) });
  const disliked = template({ color: 'green', type: 'blocker' }, here, {});
  return {
    name: 'EventHandlingPodDelete',
    nodes,
    measured: 4 * each + 2 * blockers,
    prepare: (cluster) => {
      addNodes(cluster, crowded, [], { labels: { crowded: 'yes' } });
      for (const uid of cluster.uids('Node')) {
        const { name } = cluster.object(uid)!.metadata;
        cluster.put('CSINode', { name }, { spec: { drivers: [{ name: driver, nodeID: name, allocatable: { count: 20 } }] } });
      }
      addNodes(cluster, nodes - crowded, [], { prefix: 'other' });
      for (let i = 0; i < blockers; i++)
        addOneWithClaim(cluster, `blocker-${i}`, blocker(i), 'blockertopologyportsresources', 'ReadOnlyMany');
      for (let i = 0; i < blockers; i++) addOneWithClaim(cluster, `alone-${i}`, disliked, 'blockeraffinity', 'ReadWriteOncePod');
    },
    measure: (cluster) => {
      const wait = (count: number, extra: Partial<PodSpec>, namespace: string, requests = {}, labels = {}): void =>
        void addPods(cluster, count, template({ type: 'unsched', ...labels }, { ...here, ...extra }, requests), namespace);
      wait(each, atMost(11), 'blockertopologyportsresources', {}, { topology: 'blue' });
      const volumeUser = template({ type: 'unsched' }, here, {});
      for (let i = 0; i < blockers; i++) addOneWithClaim(cluster, `alone-${i}`, volumeUser, 'blockeraffinity');
      for (let i = 0; i < each; i++) wait(1, { containers: port({}, 8_000 + (i % hostPorts)) }, 'nodeports');
      wait(each, {}, 'noderesources', { cpu: '200m', memory: '1Gi' });
      for (let i = 0; i < blockers; i++) addOneWithClaim(cluster, `waiting-${i}`, volumeUser, 'nodevolumelimits', 'ReadOnlyMany');
      wait(each, apartFrom({ color: 'green' }, 'blockeraffinity'), 'interpodaffinity', {}, { color: 'green' });
    },
    *steps(cluster) {
      yield 'nothing is due';
      const going = (namespace: string): readonly string[] =>
        cluster.uids('Pod').filter((uid) => {
          const { metadata } = cluster.object(uid)!;
          return metadata.namespace === namespace && metadata.labels?.['type'] === 'blocker';
        });
      yield* inTurn(going('blockertopologyportsresources'), (uid) => cluster.delete(uid));
      yield* inTurn(going('blockeraffinity'), (uid) => cluster.delete(uid));
    },
  };
};

/** Pods change so that they fit: they tolerate what they did not, or lose their gate. */
const podUpdate: Sized = (nodes) => {
  const each = eachOf(nodes);
  return {
    name: 'EventHandlingPodUpdate',
    nodes,
    measured: 2 * each,
    prepare: (cluster) => addNodes(cluster, nodes, [], { taints: [{ key: 'held', value: '', effect: 'NoSchedule' }] }),
    measure: (cluster) => {
      addPods(cluster, each, waiting({}));
      addPods(cluster, each, waiting({ schedulingGates: [{ name: 'gate' }], tolerations: [{ operator: 'Exists' }] }));
    },
    *steps(cluster) {
      yield 'nothing is due';
      yield* inTurn(cluster.uids('Pod'), (uid) => change(cluster, uid, { schedulingGates: [], tolerations: [{ operator: 'Exists' }] }));
    },
  };
};

/** Where Kubernetes has two nodes, there are two halves of them here. */
const halfKey = 'half';

/**
 * Pods come that others waited for: each of them lets one more pod into the other half, since none may be two ahead of the other, or is
 * the company of just one. They are counted, too.
 */
const podAdd: Sized = (nodes) => {
  const each = eachOf(nodes);
  const evenHalves = {
    maxSkew: 1,
    topologyKey: halfKey,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { topology: 'blue' } },
  };
  const green = { color: 'green' };
  return {
    name: 'EventHandlingPodAdd',
    nodes,
    measured: 4 * each,
    prepare: (cluster) => {
      for (const half of ['0', '1']) addNodes(cluster, nodes / 2, [], { prefix: `half-${half}`, labels: { [halfKey]: half } });
      addPods(cluster, 1, template(green, {}, {}), 'podtopologyspread');
    },
    measure: (cluster) => {
      const spreading = { ...apartFrom(green, 'podtopologyspread', halfKey), topologySpreadConstraints: [evenHalves] };
      addPods(cluster, each, template({ type: 'unsched', topology: 'blue' }, spreading, {}), 'podtopologyspread');
      for (let i = 0; i < each; i++)
        addPods(cluster, 1, waiting(nextTo({ color: `yellow-${i}` }, 'interpodaffinity'), {}), 'interpodaffinity');
    },
    *steps(cluster) {
      yield 'nothing is due';
      const balancing = template({ topology: 'blue', ...green }, nextTo(green, 'podtopologyspread', halfKey), {});
      for (let i = 0; i < each; i++) {
        addPods(cluster, 1, balancing, 'podtopologyspread');
        yield { passes: 10 };
      }
      for (let i = 0; i < each; i++) {
        addPods(cluster, 1, template({ color: `yellow-${i}` }, {}, {}), 'interpodaffinity');
        yield { passes: 10 };
      }
    },
  };
};

/** Nodes come that have what those lack that are there. */
const nodeAdd: Sized = (nodes) => {
  const each = eachOf(nodes);
  return {
    name: 'EventHandlingNodeAdd',
    nodes,
    measured: 3 * each,
    prepare: (cluster) => addNodes(cluster, nodes, ['zone1'], { resources: { cpu: '1' } }),
    measure: (cluster) => {
      addPods(cluster, each, waiting({}, { cpu: '2', memory: '10Mi' }));
      addPods(cluster, each, waiting(evenly));
      addPods(cluster, each, waiting(onlyWhere('late')));
    },
    *steps(cluster) {
      yield 'nothing is due';
      for (let i = 0; i < each; i++) {
        addNodes(cluster, 1, ['zone1'], { prefix: `late-${i}`, labels: { late: 'yes' } });
        yield { passes: 10 };
      }
    },
  };
};

/** Nodes change so that pods fit: more room, a label, a taint less. */
const nodeUpdate: Sized = (nodes) => {
  const each = eachOf(nodes);
  return {
    name: 'EventHandlingNodeUpdate',
    nodes,
    measured: 3 * each,
    prepare: (cluster) =>
      addNodes(cluster, nodes, [], { resources: { cpu: '1' }, taints: [{ key: 'held', value: '', effect: 'NoSchedule' }] }),
    measure: (cluster) => {
      addPods(cluster, each, waiting({ tolerations: [{ operator: 'Exists' }] }, { cpu: '2', memory: '10Mi' }));
      addPods(cluster, each, waiting({ ...onlyWhere('late'), tolerations: [{ operator: 'Exists' }] }));
      addPods(cluster, each, waiting({}));
    },
    *steps(cluster) {
      yield 'nothing is due';
      const allocatable = { cpu: '4', memory: '32Gi', pods: '110' };
      yield* inTurn(cluster.uids('Node').slice(0, each), (uid) => {
        const labels = { ...cluster.object(uid)!.metadata.labels, late: 'yes' };
        change(cluster, uid, { taints: [] }, { labels }, { allocatable, capacity: allocatable });
      });
    },
  };
};

/** What happens in the cluster makes pods fit that did not: each time only those that it may help are to be tried again. */
export const eventWorkloads: readonly Sized[] = [podDelete, podUpdate, podAdd, nodeAdd, nodeUpdate];

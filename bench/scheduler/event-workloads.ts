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

const port = (requests: Readonly<Record<string, string>>): PodSpec['containers'] => [
  { name: 'pause', image: 'registry.k8s.io/pause:3.10', ports: [{ containerPort: 80, hostPort: 8001 }], resources: { requests } },
];
const apartFrom = (matchLabels: Readonly<Record<string, string>>): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: required({ labelSelector: { matchLabels }, topologyKey: hostKey }) },
});
const nextTo = (matchLabels: Readonly<Record<string, string>>): Partial<PodSpec> => ({
  affinity: { podAffinity: required({ labelSelector: { matchLabels }, topologyKey: hostKey }) },
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

/** Pods go that were in the way of others: by a host port, by what they take, by not being liked. */
const podDelete: Sized = (nodes) => {
  const each = eachOf(nodes);
  return {
    name: 'EventHandlingPodDelete',
    nodes,
    measured: 3 * each,
    prepare: (cluster) => {
      addNodes(cluster, nodes);
      const requests = { cpu: '3600m', memory: '100Mi' };
      addPods(cluster, nodes, template({ type: 'blocker' }, { containers: port(requests) }, requests));
    },
    measure: (cluster) => {
      addPods(cluster, each, waiting({ containers: port(light) }));
      addPods(cluster, each, waiting({}, { cpu: '3', memory: '10Mi' }));
      addPods(cluster, each, waiting(apartFrom({ type: 'blocker' })));
    },
    *steps(cluster) {
      yield 'nothing is due';
      const blockers = cluster.uids('Pod').slice(0, each);
      yield* inTurn(blockers, (uid) => cluster.delete(uid));
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

/** Kinds of pods that others wait for. */
const friends = 50;

/** Pods come that others waited for, each of them for another one. Those are counted, too. */
const podAdd: Sized = (nodes) => {
  const each = eachOf(nodes);
  return {
    name: 'EventHandlingPodAdd',
    nodes,
    measured: 2 * each,
    prepare: (cluster) => addNodes(cluster, nodes),
    measure: (cluster) => {
      for (let i = 0; i < each; i++) addPods(cluster, 1, waiting(nextTo({ friend: String(i % friends) })));
    },
    *steps(cluster) {
      yield 'nothing is due';
      for (let i = 0; i < each; i++) {
        addPods(cluster, 1, template({ friend: String(i % friends) }, {}, light));
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

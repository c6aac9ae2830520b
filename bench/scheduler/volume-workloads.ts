import type { PodSpec, Volume } from '../../src/api/generated/models.ts';
import type { PerfCluster } from './perf-cluster.ts';
import { addNodes, addPods, high, low, plain, template } from './pods.ts';
import { full, type Sized } from './workload.ts';

const withVolumes = (spec: PodSpec, ...volumes: readonly Volume[]): PodSpec => ({ ...spec, volumes });

const secret = template({}, withVolumes(plain.spec, { name: 'secret', secret: { secretName: 'secret' } }));

/** Where the data are, in a PersistentVolume. */
const inTree = (volumeID: string): object => ({ awsElasticBlockStore: { volumeID, fsType: 'ext4' } });
const csi = (volumeHandle: string): object => ({ csi: { driver: 'ebs.csi.aws.com', volumeHandle } });

/** Pods with a claim each, bound to a volume of its own. */
function addPodsWithVolumes(cluster: PerfCluster, count: number, spec: PodSpec, source: (name: string) => object, prefix: string): void {
  for (let i = 0; i < count; i++) {
    const name = `${prefix}-${i}`;
    const capacity = { storage: '1Gi' };
    const accessModes = ['ReadOnlyMany'];
    const claimRef = { namespace: 'default', name };
    cluster.put('PersistentVolume', { name }, { spec: { capacity, accessModes, claimRef, ...source(name) }, status: { phase: 'Bound' } });
    cluster.put(
      'PersistentVolumeClaim',
      { name, namespace: 'default', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      { spec: { accessModes, volumeName: name, resources: { requests: capacity } }, status: { phase: 'Bound' } },
    );
    addPods(cluster, 1, { spec: withVolumes(spec, { name: 'data', persistentVolumeClaim: { claimName: name } }) });
  }
}

/** As many volumes as the largest machines of Amazon can have. */
function addVolumeLimits(cluster: PerfCluster, annotations: Readonly<Record<string, string>> = {}): void {
  for (const uid of cluster.uids('Node')) {
    const { name } = cluster.object(uid)!.metadata;
    const spec = { drivers: [{ name: 'ebs.csi.aws.com', nodeID: name, allocatable: { count: 39 } }] };
    cluster.put('CSINode', { name, annotations }, { apiVersion: 'storage.k8s.io/v1', spec });
  }
}

const migrated = { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs' };

function boundVolumes(
  name: string,
  gate: number | undefined,
  source: (name: string) => object,
  sizes: (nodes: number) => readonly [initial: number, measured: number],
  limit: (cluster: PerfCluster) => void = () => undefined,
): Sized {
  return (nodes) => {
    const [initial, measured] = sizes(nodes);
    return {
      name,
      nodes,
      ...(gate === undefined ? {} : { gate }),
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes);
        limit(cluster);
        addPodsWithVolumes(cluster, initial, plain.spec, source, 'initial');
      },
      measure: (cluster) => addPodsWithVolumes(cluster, measured, plain.spec, source, 'measured'),
    };
  };
}

/** Workloads with volumes. */
export const volumeWorkloads: readonly Sized[] = [
  (nodes) => {
    const measured = full(nodes) ? 10_000 : 1_000;
    return {
      name: 'SchedulingSecrets',
      nodes,
      gate: 790,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes);
        addPods(cluster, full(nodes) ? 1_000 : 500, secret);
      },
      measure: (cluster) => void addPods(cluster, measured, secret),
    };
  },
  boundVolumes('SchedulingInTreePVs', 290, inTree, (nodes) => (full(nodes) ? [1_000, 2_000] : [500, 1_000])),
  boundVolumes(
    'SchedulingMigratedInTreePVs',
    100,
    inTree,
    (nodes) => (full(nodes) ? [5_000, 5_000] : [500, 1_000]),
    (cluster) => addVolumeLimits(cluster, migrated),
  ),
  boundVolumes('SchedulingCSIPVs', 100, csi, (nodes) => (full(nodes) ? [5_000, 5_000] : [500, 1_000]), addVolumeLimits),
  (nodes) => ({
    name: 'PreemptionPVs',
    nodes,
    measured: Math.min(nodes, 1_000),
    prepare: (cluster) => {
      addNodes(cluster, nodes);
      addPods(cluster, 4 * nodes, low);
    },
    measure: (cluster) => addPodsWithVolumes(cluster, Math.min(nodes, 1_000), high.spec, inTree, 'measured'),
  }),
];

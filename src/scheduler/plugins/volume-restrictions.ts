import type { Volume } from '../../api/generated/models.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { claimsOf, mayUse } from '../pod-claims.ts';
import type { PodInfo } from '../pod-info.ts';

const name = 'VolumeRestrictions';
const diskRefusal: Refusal = Object.freeze({ plugin: name, reasons: ['node(s) had no available disk'], resolvable: true });
const claimRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
  resolvable: true,
});

interface State {
  readonly disks: readonly Volume[];
  /** Another pod uses a claim that is for one pod alone. */
  readonly claimInUse: boolean;
}

/** Refuses nodes where a disk is in use that only one may use, and every node while somebody else has a claim for one pod alone. */
export function volumeRestrictions(): SchedulerPlugin<State> {
  return {
    name,
    preFilter: (pod, cache) => {
      if ((pod.object.spec?.volumes ?? []).length === 0) return { skip: true };
      const disks = disksOf(pod);
      const alone = claimsOf(pod, cache.objects).filter(({ claim }) => claim?.spec?.accessModes?.includes('ReadWriteOncePod'));
      if (disks.length === 0 && alone.length === 0) return { skip: true };
      const claimInUse = alone.some((claim) => cache.claims.users(pod.namespace, claim.name) > 0);
      const state = { disks, claimInUse };
      if (disks.length > 0) return { state };
      return claimInUse ? { state, sparse: { classes: [], refusal: () => claimRefusal } } : { skip: true };
    },
    filter: (_pod, node, { disks, claimInUse }) => {
      for (const other of disks.length === 0 ? [] : node.pods.values()) {
        if ((other.object.spec?.volumes ?? []).some((theirs) => disks.some((ours) => inConflict(ours, theirs)))) return diskRefusal;
      }
      return claimInUse ? claimRefusal : undefined;
    },
    isSchedulableAfter: (event, pod) => {
      if (event.type === 'pod-removed') return inTheWay(event.pod, pod);
      if (event.type === 'object') return event.change.object.kind === 'PersistentVolumeClaim' && mayUse(pod, event.change.object);
      return event.type === 'node-added';
    },
  };
}

/** Disks of a cloud or a SAN that not everybody may use at the same time. */
const disksOf = ({ object }: PodInfo): readonly Volume[] =>
  (object.spec?.volumes ?? []).filter(
    ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }) => (gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd) !== undefined,
  );

/** True if the one that went had a claim or a disk that the pod, or one like it, wants. */
function inTheWay(gone: PodInfo, pod: PodInfo): boolean {
  const theirs = gone.object.spec?.volumes ?? [];
  const disks = disksOf(pod);
  if (theirs.some((one) => disks.some((ours) => inConflict(ours, one)))) return true;
  const claims = theirs.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  const ours = pod.object.spec?.volumes ?? [];
  return gone.namespace === pod.namespace && ours.some(({ persistentVolumeClaim: claim }) => claims.includes(claim?.claimName ?? ''));
}

/** The same disk, unless all who use it only read. Amazon's may be used by one alone. */
function inConflict(a: Volume, b: Volume): boolean {
  if (a.gcePersistentDisk !== undefined && a.gcePersistentDisk.pdName === b.gcePersistentDisk?.pdName)
    return !bothRead(a.gcePersistentDisk, b.gcePersistentDisk);
  if (a.awsElasticBlockStore !== undefined && a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore?.volumeID) return true;
  if (a.iscsi !== undefined && a.iscsi.iqn === b.iscsi?.iqn) return !bothRead(a.iscsi, b.iscsi);
  if (a.rbd === undefined || b.rbd === undefined) return false;
  const { rbd: theirs } = b;
  const same =
    a.rbd.image === theirs.image &&
    (a.rbd.pool ?? 'rbd') === (theirs.pool ?? 'rbd') &&
    a.rbd.monitors.some((monitor) => theirs.monitors.includes(monitor));
  return same && !bothRead(a.rbd, theirs);
}

const bothRead = (a: { readonly readOnly?: boolean }, b: { readonly readOnly?: boolean }): boolean =>
  a.readOnly === true && b.readOnly === true;

import type { Volume } from '../../api/generated/models.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { claimsOf } from '../pod-claims.ts';

const name = 'VolumeRestrictions';
const diskRefusal: Refusal = Object.freeze({ plugin: name, reasons: ['node(s) had no available disk'], resolvable: true });
const claimRefusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
  resolvable: true,
});

interface State {
  /** Disks of a cloud or a SAN that not everybody may use at the same time. */
  readonly disks: readonly Volume[];
  /** Another pod uses a claim that is for one pod alone. */
  readonly claimInUse: boolean;
}

/** Refuses nodes where a disk is in use that only one may use, and every node while somebody else has a claim for one pod alone. */
export function volumeRestrictions(): SchedulerPlugin<State> {
  return {
    name,
    preFilter: (pod, cache) => {
      const volumes = pod.object.spec?.volumes ?? [];
      if (volumes.length === 0) return { skip: true };
      const disks = volumes.filter(
        ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }) =>
          (gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd) !== undefined,
      );
      const alone = claimsOf(pod, cache.objects).filter(({ claim }) => claim?.spec?.accessModes?.includes('ReadWriteOncePod'));
      if (disks.length === 0 && alone.length === 0) return { skip: true };
      return { state: { disks, claimInUse: alone.some((claim) => cache.claims.users(pod.namespace, claim.name) > 0) } };
    },
    filter: (_pod, node, { disks, claimInUse }) => {
      for (const other of disks.length === 0 ? [] : node.pods.values()) {
        if ((other.object.spec?.volumes ?? []).some((theirs) => disks.some((ours) => inConflict(ours, theirs)))) return diskRefusal;
      }
      return claimInUse ? claimRefusal : undefined;
    },
    isSchedulableAfter: (event) =>
      event.type === 'pod-removed' ||
      event.type === 'node-added' ||
      (event.type === 'object' && event.change.object.kind === 'PersistentVolumeClaim'),
  };
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

import type { PersistentVolumeClaimManifest, PersistentVolumeManifest, StorageClassManifest } from '../../api/generated/models.ts';
import type { KubeObject, Stored } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { persistentVolumeClaimKind } from '../../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import { storageClassKind } from '../../kinds/storage-class.ts';
import type { Plan, PlannedEvent, PlannedWrite } from '../controller.ts';
import { refOf } from '../pods.ts';

export type Volume = Stored<PersistentVolumeManifest>;
export type Claim = Stored<PersistentVolumeClaimManifest>;

export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
export const selectedNode = 'volume.kubernetes.io/selected-node';

export const classOf = (view: ViewReader, claim: Claim): Stored<StorageClassManifest> | undefined =>
  view.get(storageClassKind, undefined, claim.spec?.storageClassName ?? '');

export function event(object: Volume | Claim, type: 'Normal' | 'Warning', reason: string, message: string): PlannedEvent {
  return { regarding: refOf(object), type, reason, message };
}

export const updateVolume = (
  volume: Volume,
  change: { readonly annotations?: Record<string, string>; readonly spec?: object },
): PlannedWrite => ({
  verb: 'update',
  kind: persistentVolumeKind,
  object: {
    ...volume,
    metadata: { ...volume.metadata, ...(change.annotations === undefined ? {} : { annotations: change.annotations }) },
    spec: { ...volume.spec, ...change.spec },
  } as KubeObject,
});

export const updateClaim = (
  claim: Claim,
  change: { readonly annotations?: Record<string, string>; readonly spec?: object },
): PlannedWrite => ({
  verb: 'update',
  kind: persistentVolumeClaimKind,
  object: {
    ...claim,
    metadata: { ...claim.metadata, ...(change.annotations === undefined ? {} : { annotations: change.annotations }) },
    spec: { ...claim.spec, ...change.spec },
  } as KubeObject,
});

/** The volume with another phase; an empty plan if it is so already. */
export function volumePhase(volume: Volume, phase: string, message?: string, events: readonly PlannedEvent[] = []): Plan {
  if (volume.status?.phase === phase && volume.status.message === message) return { writes: [] };
  const { message: _old, reason: _reason, ...before } = volume.status ?? {};
  const status = { ...before, phase, ...(message === undefined ? {} : { message }) };
  return { writes: [{ verb: 'update-status', kind: persistentVolumeKind, object: { ...volume, status } as KubeObject }], events };
}

/** The claim with another phase; what it has of its volume goes when it has none. */
export function claimPhase(claim: Claim, phase: string, volume: Volume | undefined, events: readonly PlannedEvent[] = []): Plan {
  const { phase: before, accessModes, capacity, ...rest } = claim.status ?? {};
  const same = before === phase && (volume === undefined || (accessModes !== undefined && capacity !== undefined));
  if (same) return { writes: [], events };
  const given =
    volume === undefined
      ? {}
      : {
          ...(volume.spec?.accessModes === undefined ? {} : { accessModes: volume.spec.accessModes }),
          ...(volume.spec?.capacity === undefined ? {} : { capacity: volume.spec.capacity }),
        };
  const status = { ...rest, phase, ...given };
  return { writes: [{ verb: 'update-status', kind: persistentVolumeClaimKind, object: { ...claim, status } as KubeObject }], events };
}

import type { PersistentVolumeClaimManifest, PersistentVolumeManifest, StorageClassManifest } from '../api/generated/models.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import type { FollowedObjects } from './followed-objects.ts';
import type { PodInfo } from './pod-info.ts';

export type StoredClaim = Stored<PersistentVolumeClaimManifest>;
export type StoredVolume = Stored<PersistentVolumeManifest>;
type StoredClass = Stored<StorageClassManifest>;

/** A claim a pod names, if it exists. `ephemeral`: made for this pod alone, by a controller. */
export interface NamedClaim {
  readonly name: string;
  readonly ephemeral: boolean;
  readonly claim: StoredClaim | undefined;
}

/** The claims that the volumes of a pod name, in their order. */
export function claimsOf(pod: PodInfo, objects: FollowedObjects): readonly NamedClaim[] {
  return (pod.object.spec?.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    const name = persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${pod.name}-${volume}`);
    if (name === undefined) return [];
    const claim = objects.get('PersistentVolumeClaim', pod.namespace, name) as StoredClaim | undefined;
    return [{ name, ephemeral: ephemeral !== undefined, claim }];
  });
}

/** The volume a claim is bound to; undefined if it is not there (any more). */
export function volumeOf(claim: StoredClaim, objects: FollowedObjects): StoredVolume | undefined {
  return objects.get('PersistentVolume', '', claim.spec?.volumeName ?? '') as StoredVolume | undefined;
}

export function isBound({ metadata, spec, status }: StoredClaim): boolean {
  if ((spec?.volumeName ?? '') === '') return false;
  return status?.phase === 'Bound' || metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;
}

export function classOf({ spec }: StoredClaim, objects: FollowedObjects): StoredClass | undefined {
  return objects.get('StorageClass', '', spec?.storageClassName ?? '') as StoredClass | undefined;
}

/** True if the claim is to be bound only once it is known where its pod will be. */
export function waitsForConsumer(claim: StoredClaim, objects: FollowedObjects): boolean {
  return (claim.spec?.volumeName ?? '') === '' && classOf(claim, objects)?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** True if the claim is one that the pod, or one like it, uses: claims made for single pods go by their names, which differ. */
export function mayUse({ object, namespace }: PodInfo, { metadata }: StoredObject): boolean {
  return (
    metadata.namespace === namespace &&
    (object.spec?.volumes ?? []).some(
      ({ persistentVolumeClaim, ephemeral }) => ephemeral !== undefined || persistentVolumeClaim?.claimName === metadata.name,
    )
  );
}

import type { PodManifest } from '../api/generated/models.ts';
import type { KubeObject, Stored, StoredObject } from '../api/object.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { persistentVolumeClaimKind } from '../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../kinds/persistent-volume.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, PlannedWrite } from './controller.ts';
import { isFinished, type Pod } from './pods.ts';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** The claims a Pod uses. */
export const claimsOfPod = (pod: Stored<PodManifest>): readonly string[] =>
  (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim !== undefined
      ? [persistentVolumeClaim.claimName]
      : ephemeral === undefined
        ? []
        : [`${pod.metadata.name}-${name}`],
  );

/**
 * A claim that is deleted while Pods use it goes with the last of them.
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export const claimProtection: Controller = {
  name: 'pvc-protection',
  triggers: [
    { kind: persistentVolumeClaimKind, keys: ({ object }) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`] },
    {
      kind: podKind,
      keys: ({ type, object }) => {
        const pod = object as Pod;
        if (pod.spec?.volumes === undefined || (type !== 'deleted' && !isFinished(pod))) return [];
        return claimsOfPod(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`);
      },
    },
  ],
  reconcile(view, key) {
    const [namespace, name = ''] = key.split('/');
    const claim = view.get(persistentVolumeClaimKind, namespace, name);
    if (claim?.metadata.deletionTimestamp === undefined) return { writes: [] };
    // A Pod that is on no node yet is not let start any more.
    const isUsed = view
      .list(podKind, { namespace })
      .some((pod) => (pod.spec?.nodeName ?? '') !== '' && !isFinished(pod) && claimsOfPod(pod).includes(name));
    return { writes: isUsed ? [] : withoutFinalizer(persistentVolumeClaimKind, claim, claimFinalizer) };
  },
};

/** A volume that is deleted while it is bound goes when it is not. */
export const volumeProtection: Controller = {
  name: 'pv-protection',
  triggers: [{ kind: persistentVolumeKind, keys: ({ object }) => [object.metadata.name] }],
  reconcile(view, name) {
    const volume = view.get(persistentVolumeKind, undefined, name);
    if (volume?.metadata.deletionTimestamp === undefined || volume.status?.phase === 'Bound') return { writes: [] };
    return { writes: withoutFinalizer(persistentVolumeKind, volume, volumeFinalizer) };
  },
};

function withoutFinalizer(kind: KindDescriptor, object: StoredObject, finalizer: string): readonly PlannedWrite[] {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return [];
  const metadata = { ...object.metadata, finalizers: finalizers.filter((each) => each !== finalizer) };
  return [{ verb: 'update', kind, object: { ...object, metadata } as KubeObject }];
}

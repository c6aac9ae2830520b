import type { ViewReader } from '../../api/view-reader.ts';
import { nodeKind } from '../../kinds/node.ts';
import { persistentVolumeClaimKind } from '../../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import { localNodeAnnotation, localProvisioner, localVolumeFinalizer } from '../../kinds/persistent-volume/local-volumes.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Plan } from '../controller.ts';
import { boundByController, event, provisionedBy, updateVolume, volumePhase, type Volume } from './volume-state.ts';

/** Looks after one volume: free, promised, bound, or left behind. */
export function syncVolume(view: ViewReader, volume: Volume): Plan {
  if (volume.metadata.deletionTimestamp !== undefined) return letGo(view, volume);
  const ref = volume.spec?.claimRef;
  if (ref === undefined || (ref.uid ?? '') === '') return volumePhase(volume, 'Available');
  const claim = view.get(persistentVolumeClaimKind, ref.namespace ?? '', ref.name ?? '');
  if (claim === undefined || claim.metadata.uid !== ref.uid) return release(volume);
  const name = claim.spec?.volumeName ?? '';
  // The claim binds itself, or says that it waits.
  if (name === '') return { writes: [] };
  if (name === volume.metadata.name) return volumePhase(volume, 'Bound');
  if (volume.metadata.annotations?.[provisionedBy] !== undefined && volume.spec?.persistentVolumeReclaimPolicy === 'Delete')
    return release(volume);
  // The claim went to another volume: this one is free again.
  const { [boundByController]: ours, ...annotations } = volume.metadata.annotations ?? {};
  if (ours === undefined) return { writes: [] };
  const { claimRef: _gone, ...spec } = volume.spec!;
  return { writes: [updateVolume({ ...volume, spec } as Volume, { annotations })] };
}

/** The claim is gone: first the volume says so, then its policy is carried out. */
function release(volume: Volume): Plan {
  const { phase } = volume.status ?? {};
  if (phase !== 'Released' && phase !== 'Failed') return volumePhase(volume, 'Released');
  const { name } = volume.metadata;
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy === 'Retain') return { writes: [] };
  if (policy === 'Delete' && volume.metadata.annotations?.[provisionedBy] === localProvisioner)
    return { writes: [{ verb: 'delete', kind: persistentVolumeKind, object: volume }] };
  // Whoever else made it takes it away.
  if (policy === 'Delete' && volume.metadata.annotations?.[provisionedBy] !== undefined) return { writes: [] };
  if (policy === 'Recycle')
    return volumePhase(volume, 'Failed', 'no volume plugin matched', [
      event(volume, 'Warning', 'VolumeFailedRecycle', 'no volume plugin matched'),
    ]);
  const message = `error getting deleter volume plugin for volume ${JSON.stringify(name)}: no deletable volume plugin matched`;
  return volumePhase(volume, 'Failed', message, [event(volume, 'Warning', 'VolumeFailedDelete', message)]);
}

/** A volume whose node is gone for good has nothing left to remove. */
function letGo(view: ViewReader, volume: Volume): Plan {
  const node = volume.metadata.annotations?.[localNodeAnnotation];
  const finalizers = volume.metadata.finalizers ?? [];
  if (node === undefined || !finalizers.includes(localVolumeFinalizer) || view.get(nodeKind, undefined, node) !== undefined)
    return { writes: [] };
  const metadata = { ...volume.metadata, finalizers: finalizers.filter((each) => each !== localVolumeFinalizer) };
  return { writes: [{ verb: 'update', kind: persistentVolumeKind, object: { ...volume, metadata } as KubeObject }] };
}

import type { ViewReader } from '../api/view-reader.ts';
import { nodeKind } from '../kinds/node.ts';
import { persistentVolumeClaimKind } from '../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../kinds/persistent-volume.ts';
import { storageClassKind } from '../kinds/storage-class.ts';
import type { Controller } from './controller.ts';
import { syncClaim } from './volumes/claim-sync.ts';
import type { Claim, Volume } from './volumes/volume-state.ts';
import { syncVolume } from './volumes/volume-sync.ts';

const claimKey = ({ namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string }): string =>
  `claim/${namespace}/${name}`;
const volumeKey = (name: string): string => `volume/${name}`;

/** Claims that have no volume yet: a volume, a class or a node that comes may be what they wait for. */
function* waitingClaims(view: ViewReader): Iterable<string> {
  for (const claim of view.list(persistentVolumeClaimKind)) if (claim.status?.phase !== 'Bound') yield claimKey(claim.metadata);
}

/**
 * Brings PersistentVolumeClaims and PersistentVolumes together, makes volumes for the local provisioner, and takes them away.
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
 */
export const persistentVolumeBinder: Controller = {
  name: 'persistentvolume-binder',
  component: 'persistentvolume-controller',
  triggers: [
    {
      kind: persistentVolumeClaimKind,
      keys: function* ({ object, previous }) {
        yield claimKey(object.metadata);
        for (const each of [object, previous]) {
          const name = (each as Claim | undefined)?.spec?.volumeName ?? '';
          if (name !== '') yield volumeKey(name);
        }
        yield volumeKey(`pvc-${object.metadata.uid}`);
      },
    },
    {
      kind: persistentVolumeKind,
      keys: function* ({ type, object }, view) {
        yield volumeKey(object.metadata.name);
        const ref = (object as Volume).spec?.claimRef;
        if (ref !== undefined) yield claimKey(ref as { readonly namespace?: string; readonly name?: string });
        else if (type !== 'deleted') yield* waitingClaims(view);
      },
    },
    { kind: storageClassKind, keys: (_change, view) => waitingClaims(view) },
    {
      kind: nodeKind,
      keys: function* ({ type, object }, view) {
        if (type === 'added') yield* waitingClaims(view);
        if (type !== 'deleted') return;
        for (const volume of view.list(persistentVolumeKind)) {
          if (volume.metadata.deletionTimestamp !== undefined && object.metadata.name !== '') yield volumeKey(volume.metadata.name);
        }
      },
    },
  ],
  reconcile(view, key) {
    const [what, first = '', name = ''] = key.split('/');
    if (what === 'claim') {
      const claim = view.get(persistentVolumeClaimKind, first, name);
      return claim === undefined ? { writes: [] } : syncClaim(view, claim);
    }
    const volume = view.get(persistentVolumeKind, undefined, first);
    return volume === undefined ? { writes: [] } : syncVolume(view, volume);
  },
};

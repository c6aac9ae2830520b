import type { AdmissionStep } from '../api/admission.ts';
import type { PersistentVolumeClaimManifest } from '../api/generated/models.ts';
import { storageClassKind } from '../kinds/storage-class.ts';

const defaultAnnotation = 'storageclass.kubernetes.io/is-default-class';

/**
 * A claim that names no class gets the default one; of several the newest.
 * Source: https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass
 */
export const defaultStorageClass: AdmissionStep = {
  name: 'DefaultStorageClass',
  mutate: ({ operation, kind, subresource, object, view }) => {
    if (operation !== 'CREATE' || kind.kind !== 'PersistentVolumeClaim' || kind.group !== '' || subresource !== '') return undefined;
    const claim = object as PersistentVolumeClaimManifest;
    if (claim.spec?.storageClassName !== undefined) return undefined;
    const candidates = view.list(storageClassKind).filter((each) => each.metadata.annotations?.[defaultAnnotation] === 'true');
    const [chosen] = [...candidates].sort(
      (a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) || a.metadata.name.localeCompare(b.metadata.name),
    );
    if (chosen === undefined) return undefined;
    return { object: { ...claim, spec: { ...claim.spec, storageClassName: chosen.metadata.name } } as PersistentVolumeClaimManifest };
  },
};

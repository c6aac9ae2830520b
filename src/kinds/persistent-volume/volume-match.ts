import type { PersistentVolumeClaimManifest, PersistentVolumeManifest } from '../../api/generated/models.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import type { Stored } from '../../api/object.ts';
import { Quantity } from '../../api/quantity.ts';

type Volume = Stored<PersistentVolumeManifest>;
type Claim = Stored<PersistentVolumeClaimManifest>;

const zero = Quantity.of(0);
const sizeOf = ({ spec }: Volume): Quantity => amount(spec?.capacity?.['storage']);
const amount = (text: string | number | undefined): Quantity => (text === undefined ? zero : Quantity.parse(text));

/** Whether a volume is promised to this very claim. A promise by name only holds for whoever has the name. */
export function isPromised({ spec }: Volume, { metadata }: Claim): boolean {
  const ref = spec?.claimRef;
  if (ref === undefined || ref.namespace !== metadata.namespace || ref.name !== metadata.name) return false;
  return (ref.uid ?? '') === '' || ref.uid === metadata.uid;
}

/** Why a claim cannot have a volume, in Kubernetes' words; undefined if it can. */
export function mismatch(volume: Volume, claim: Claim): string | undefined {
  const wanted = amount(claim.spec?.resources?.requests?.['storage']);
  if (sizeOf(volume).compare(wanted) < 0) return 'requested PV is too small';
  if ((volume.spec?.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '')) return 'storageClassName does not match';
  if ((volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode';
  const modes = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode)) ? undefined : 'incompatible accessMode';
}

/**
 * The volume promised to the claim, else the smallest free one that will do.
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
 */
export function bestVolume(volumes: readonly Volume[], claim: Claim, promisedOnly: boolean): Volume | undefined {
  const promised = volumes.find((volume) => isPromised(volume, claim) && mismatch(volume, claim) === undefined);
  if (promised !== undefined || promisedOnly) return promised;
  const selector = claim.spec?.selector === undefined ? undefined : LabelMatcher.of(claim.spec.selector);
  let best: Volume | undefined;
  for (const volume of volumes) {
    const free =
      volume.spec?.claimRef === undefined && volume.status?.phase === 'Available' && volume.metadata.deletionTimestamp === undefined;
    if (!free || selector?.matches(volume.metadata.labels) === false || mismatch(volume, claim) !== undefined) continue;
    if (best === undefined || sizeOf(volume).compare(sizeOf(best)) < 0) best = volume;
  }
  return best;
}

import type { Draft } from '../../api/kind.ts';
import type {
  AzureDiskVolumeSource,
  DownwardAPIVolumeFile,
  RBDVolumeSource,
  Volume,
  VolumeProjection,
} from '../../api/generated/models.ts';
import { defaultImagePullPolicy } from './image-pull-policy.ts';

/** 0644, as a decimal. */
export const defaultFileMode = 0o644;
const tokenExpirationSeconds = 3600;

export function defaultDownwardApiItems(items: readonly Draft<DownwardAPIVolumeFile>[] | undefined): void {
  for (const item of items ?? []) {
    if (Object.isFrozen(item)) continue;
    if (item.fieldRef !== undefined) item.fieldRef.apiVersion ||= 'v1';
    if (item.resourceFieldRef !== undefined) item.resourceFieldRef.divisor ??= '0';
  }
}

function defaultProjection(source: Draft<VolumeProjection>): void {
  if (Object.isFrozen(source)) return;
  defaultDownwardApiItems(source.downwardAPI?.items);
  if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= tokenExpirationSeconds;
}

export function defaultAzureDisk(source: Draft<AzureDiskVolumeSource>): void {
  source.cachingMode ??= 'ReadWrite';
  source.kind ??= 'Shared';
  source.fsType ??= 'ext4';
  source.readOnly ??= false;
}

export function defaultRbd(source: Pick<Draft<RBDVolumeSource>, 'pool' | 'user' | 'keyring'>): void {
  source.pool ||= 'rbd';
  source.user ||= 'admin';
  source.keyring ||= '/etc/ceph/keyring';
}

export function defaultScaleIo(source: { storageMode?: string; fsType?: string }): void {
  source.storageMode ||= 'ThinProvisioned';
  source.fsType ||= 'xfs';
}

function defaultUncommonSource(volume: Draft<Volume>): void {
  if (volume.iscsi !== undefined) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.rbd !== undefined) defaultRbd(volume.rbd);
  if (volume.azureDisk !== undefined) defaultAzureDisk(volume.azureDisk);
  if (volume.scaleIO !== undefined) defaultScaleIo(volume.scaleIO);
  if (volume.image !== undefined) volume.image.pullPolicy ||= defaultImagePullPolicy(volume.image.reference);
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim?.spec !== undefined) {
    claim.spec.volumeMode ??= 'Filesystem';
    claim.spec.resources ??= {};
  }
}

/** The defaults of one volume: a volume without a source is an emptyDir. */
export function defaultVolume(volume: Draft<Volume>): void {
  if (Object.isFrozen(volume)) return;
  if (Object.keys(volume).every((key) => key === 'name' || volume[key as keyof Volume] === undefined)) volume.emptyDir = {};
  if (volume.hostPath !== undefined) volume.hostPath.type ??= '';
  if (volume.secret !== undefined) volume.secret.defaultMode ??= defaultFileMode;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= defaultFileMode;
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= defaultFileMode;
    defaultDownwardApiItems(volume.downwardAPI.items);
  }
  if (volume.projected !== undefined) {
    volume.projected.defaultMode ??= defaultFileMode;
    for (const source of volume.projected.sources ?? []) defaultProjection(source);
  }
  defaultUncommonSource(volume);
}

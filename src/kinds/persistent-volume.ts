import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { PersistentVolumeManifest, PersistentVolumeSpec } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { Quantity } from '../api/quantity.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { describeDifference } from './describe-difference.ts';
import { validateDnsSubdomain, validateOptionalChoice, validateUnchanged } from './field-checks.ts';
import { validateNodeSelector } from './node-selector.ts';
import { accessModesText, validateAccessModes } from './persistent-volume-claim/claim-spec.ts';
import { sourceOf, validateVolumeSource } from './persistent-volume/volume-source.ts';
import { defaultAzureDisk, defaultRbd, defaultScaleIo } from './pod/default-volume.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

type StoredVolume = Stored<PersistentVolumeManifest>;

/** Keeps a volume from vanishing while a claim is bound to it. */
export const volumeProtectionFinalizer = 'kubernetes.io/pv-protection';
const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

function defaultSpec(spec: Draft<PersistentVolumeSpec>): void {
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  if (spec.iscsi !== undefined) spec.iscsi.iscsiInterface ||= 'default';
  if (spec.rbd !== undefined) defaultRbd(spec.rbd);
  if (spec.azureDisk !== undefined) defaultAzureDisk(spec.azureDisk);
  if (spec.scaleIO !== undefined) defaultScaleIo(spec.scaleIO);
}

function validateCapacity(spec: PersistentVolumeSpec, errors: FieldErrors): void {
  const capacity = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) errors.required('spec.capacity');
  if (capacity['storage'] === undefined || names.length > 1) errors.notSupported('spec.capacity', capacity, ['storage']);
  for (const name of names) {
    const amount = Quantity.parse(capacity[name]!);
    if (amount.isNegative) errors.invalid(`spec.capacity[${name}]`, amount.toInteger(), 'must be a valid resource quantity');
    if (amount.isNegative || amount.isZero) errors.invalid(`spec.capacity[${name}]`, amount.toString(), 'must be greater than zero');
  }
}

function validateNodeAffinity(spec: PersistentVolumeSpec, errors: FieldErrors): void {
  const affinity = spec.nodeAffinity;
  if (affinity === undefined) {
    if (spec.local !== undefined) errors.required('spec.nodeAffinity', 'Local volume requires node affinity');
  } else if (affinity.required === undefined) errors.required('spec.nodeAffinity.required', 'must specify required node constraints');
  else validateNodeSelector(affinity.required, 'spec.nodeAffinity.required', errors);
}

function isRoot(path: string): boolean {
  return path.split('/').every((part) => part === '' || part === '.') && path.startsWith('/');
}

function validate(volume: PersistentVolumeManifest, errors: FieldErrors): void {
  const spec = volume.spec ?? {};
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.required('spec.accessModes');
  validateAccessModes(modes, 'spec.accessModes', errors);
  validateCapacity(spec, errors);
  validateOptionalChoice(spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain'], 'spec.persistentVolumeReclaimPolicy', errors);
  validateNodeAffinity(spec, errors);
  validateVolumeSource(spec, volume.metadata?.name ?? '', errors);
  if (spec.hostPath !== undefined && isRoot(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
  }
  if ((spec.storageClassName ?? '') !== '') validateDnsSubdomain(spec.storageClassName!, 'spec.storageClassName', errors);
  validateOptionalChoice(spec.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode', errors);
}

function validateUpdate(volume: PersistentVolumeManifest, old: PersistentVolumeManifest, errors: FieldErrors): void {
  const now = sourceOf(volume.spec ?? {});
  const before = sourceOf(old.spec ?? {});
  if (!deepEqual(now, before)) {
    errors.forbidden(
      'spec.persistentvolumesource',
      `spec.persistentvolumesource is immutable after creation\n${describeDifference(before, now)}`,
    );
  }
  validateUnchanged(volume.spec?.volumeMode, old.spec?.volumeMode, 'volumeMode', errors);
  const affinity = old.spec?.nodeAffinity;
  if (affinity !== undefined && !deepEqual(volume.spec?.nodeAffinity, affinity)) {
    errors.invalid('nodeAffinity', volume.spec?.nodeAffinity, 'field is immutable, except for updating from beta label to GA');
  }
}

function claimText({ spec }: StoredVolume): string {
  return spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`;
}

export const persistentVolumeKind: KindDescriptor<PersistentVolumeManifest> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  categories: [],
  namespaced: false,
  model: 'PersistentVolume',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  returnsDeleted: true,
  applyDefaults: (draft) => {
    if (draft.spec !== undefined && !Object.isFrozen(draft.spec)) defaultSpec(draft.spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending' };
    const finalizers = draft.metadata?.finalizers ?? [];
    if (!finalizers.includes(volumeProtectionFinalizer))
      draft.metadata = { ...draft.metadata, finalizers: [...finalizers, volumeProtectionFinalizer] };
  },
  prepareForStatusUpdate: (draft) => {
    draft.status = { ...draft.status, phase: draft.status?.phase || 'Pending' };
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    column('Capacity', ({ spec }) => String(spec?.capacity?.['storage'] ?? '')),
    column('Access Modes', ({ spec }) => accessModesText(spec?.accessModes)),
    column('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
    column('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating')),
    column('Claim', claimText),
    column('StorageClass', ({ metadata, spec }) => metadata.annotations?.[oldClassAnnotation] ?? spec?.storageClassName ?? ''),
    column('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
    column('Reason', ({ status }) => status?.reason ?? ''),
    ageColumn,
    column('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', { wide: true }),
  ],
};

/**
 * A volume that outlives Pods.
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
 */
export class PersistentVolume extends Handle<PersistentVolumeManifest> {
  constructor(manifest: PersistentVolumeManifest, client?: Client) {
    super(persistentVolumeKind, manifest, client);
  }

  get spec(): NonNullable<PersistentVolumeManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): Partial<NonNullable<PersistentVolumeManifest['status']>> {
    return this.object.status ?? {};
  }

  /** Available, Bound, Released, Failed or Pending. */
  get phase(): string {
    return this.status.phase ?? 'Pending';
  }
}

import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { PersistentVolumeClaimManifest, PersistentVolumeClaimSpec, Quantity as QuantityText } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { Quantity } from '../api/quantity.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { describeDifference } from './describe-difference.ts';
import { validateUnchanged } from './field-checks.ts';
import { accessModesText, validateClaimSpec } from './persistent-volume-claim/claim-spec.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

type StoredClaim = Stored<PersistentVolumeClaimManifest>;

/** Keeps a claim from vanishing while a pod uses it. */
export const claimProtectionFinalizer = 'kubernetes.io/pvc-protection';
const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

export function defaultClaimSpec(spec: Draft<PersistentVolumeClaimSpec> | undefined): void {
  if (spec === undefined || Object.isFrozen(spec)) return;
  spec.volumeMode ??= 'Filesystem';
  spec.resources ??= {};
}

/** A source may be named in either of two fields; then it stands in both. */
function alignDataSources(spec: Draft<PersistentVolumeClaimSpec>): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && (dataSourceRef.namespace ?? '') === '') {
    const { namespace: _namespace, ...source } = dataSourceRef;
    spec.dataSource = source;
  }
}

function storage(amounts: Readonly<Record<string, QuantityText>> | undefined): Quantity {
  return Quantity.parse(amounts?.['storage'] ?? '0');
}

/** The spec with what may change as it was: the volume once, the class once, the size of a bound claim. */
function withOldUpdatables(claim: PersistentVolumeClaimManifest, old: PersistentVolumeClaimManifest): Record<string, unknown> {
  const spec = claim.spec ?? {};
  const before = old.spec ?? {};
  const copy: Record<string, unknown> = { ...spec };
  if ((before.volumeName ?? '') === '') copy['volumeName'] = before.volumeName;
  const annotation = old.metadata?.annotations?.[oldClassAnnotation];
  if (
    before.storageClassName === undefined &&
    spec.storageClassName !== undefined &&
    (annotation ?? spec.storageClassName) === spec.storageClassName
  ) {
    copy['storageClassName'] = undefined;
  }
  if (claim.status?.phase === 'Bound') {
    const size = before.resources?.requests?.['storage'];
    copy['resources'] = { ...spec.resources, requests: { ...spec.resources?.requests, ...(size === undefined ? {} : { storage: size }) } };
    copy['volumeAttributesClassName'] = before.volumeAttributesClassName;
  }
  return copy;
}

function validateUpdate(claim: PersistentVolumeClaimManifest, old: PersistentVolumeClaimManifest, errors: FieldErrors): void {
  const annotationPath = `metadata.annotations.${oldClassAnnotation}`;
  validateUnchanged(
    claim.metadata?.annotations?.[oldClassAnnotation],
    old.metadata?.annotations?.[oldClassAnnotation],
    annotationPath,
    errors,
  );
  const fixed = withOldUpdatables(claim, old);
  const before = old.spec ?? {};
  if (!deepEqual(fixed, before)) {
    const why = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.forbidden('spec', `${why}\n${describeDifference(before, fixed)}`);
  }
  const now = storage(claim.spec?.resources?.requests);
  if (now.compare(storage(before.resources?.requests)) < 0 && now.compare(storage(old.status?.capacity)) <= 0) {
    errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  validateUnchanged(claim.spec?.volumeMode, before.volumeMode, 'volumeMode', errors);
}

function validateStatus(claim: PersistentVolumeClaimManifest, errors: FieldErrors): void {
  for (const [name, amount] of Object.entries(claim.status?.capacity ?? {})) {
    const quantity = Quantity.parse(amount);
    if (quantity.isNegative) errors.invalid(`status.capacity[${name}]`, quantity.toInteger(), 'must be a valid resource quantity');
  }
}

const isBound = ({ spec }: StoredClaim): boolean => (spec?.volumeName ?? '') !== '';

export const persistentVolumeClaimKind: KindDescriptor<PersistentVolumeClaimManifest> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  categories: [],
  namespaced: true,
  model: 'PersistentVolumeClaim',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  returnsDeleted: true,
  applyDefaults: (draft) => {
    draft.spec ??= {};
    defaultClaimSpec(draft.spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending' };
    if (draft.spec !== undefined) alignDataSources(draft.spec);
    const finalizers = draft.metadata?.finalizers ?? [];
    if (!finalizers.includes(claimProtectionFinalizer))
      draft.metadata = { ...draft.metadata, finalizers: [...finalizers, claimProtectionFinalizer] };
  },
  prepareForStatusUpdate: (draft) => {
    draft.status = { ...draft.status, phase: draft.status?.phase || 'Pending' };
  },
  validate: (claim, errors) => validateClaimSpec(claim.spec, 'spec', errors),
  validateUpdate,
  validateStatusUpdate: (claim, _old, errors) => validateStatus(claim, errors),
  columns: [
    nameColumn,
    column('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating')),
    column('Volume', ({ spec }) => spec?.volumeName ?? ''),
    column('Capacity', (claim) => (isBound(claim) ? String(claim.status?.capacity?.['storage'] ?? '0') : '')),
    column('Access Modes', (claim) => (isBound(claim) ? accessModesText(claim.status?.accessModes) : '')),
    column('StorageClass', ({ metadata, spec }) => metadata.annotations?.[oldClassAnnotation] ?? spec?.storageClassName ?? ''),
    column('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    column('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', { wide: true }),
  ],
};

/**
 * Asks for a volume that outlives Pods.
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
 */
export class PersistentVolumeClaim extends Handle<PersistentVolumeClaimManifest> {
  constructor(manifest: PersistentVolumeClaimManifest, client?: Client) {
    super(persistentVolumeClaimKind, manifest, client);
  }

  get spec(): NonNullable<PersistentVolumeClaimManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): Partial<NonNullable<PersistentVolumeClaimManifest['status']>> {
    return this.object.status ?? {};
  }

  /** Pending, Bound or Lost. */
  get phase(): string {
    return this.status.phase ?? 'Pending';
  }

  /** Waits until it has a volume. (With the mode WaitForFirstConsumer that is when a Pod uses it.) */
  bound(options: WaitOptions = {}): Promise<this> {
    return this.client.waitFor(
      `${this.what} to be bound`,
      () => (this.phase === 'Bound' ? this : undefined),
      () => this.evidence(),
      options,
    );
  }
}

import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { StorageClassManifest, TopologySelectorTerm } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { checkQualifiedName } from '../api/names.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column } from './columns.ts';
import { validateChoice, validateOptionalChoice, validateQualifiedName, validateUnchanged } from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const parametersMax = 512;
const parameterBytesMax = 256 * 1024;
const defaultAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** The class a claim gets that names none. */
export function isDefaultClass(storageClass: StorageClassManifest): boolean {
  return defaultAnnotations.some((key) => storageClass.metadata?.annotations?.[key] === 'true');
}

function validateParameters(parameters: Readonly<Record<string, string>>, errors: FieldErrors): void {
  const entries = Object.entries(parameters);
  if (entries.length > parametersMax) return errors.tooLong('parameters', parametersMax);
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.invalid('parameters', key, 'field can not be empty.');
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > parameterBytesMax) errors.tooLong('parameters', parameterBytesMax);
}

function validateTopologies(terms: readonly TopologySelectorTerm[], errors: FieldErrors): void {
  for (const [t, term] of terms.entries()) {
    const keys = new Set<string>();
    for (const [e, { key, values }] of (term.matchLabelExpressions ?? []).entries()) {
      const path = `allowedTopologies[${t}].matchLabelExpressions[${e}]`;
      if (values.length === 0) errors.required(`${path}.values`);
      for (const [v, value] of values.entries()) if (values.indexOf(value) < v) errors.duplicate(`${path}.values[${v}]`, value);
      validateQualifiedName(key, `${path}.key`, errors);
      if (keys.has(key)) errors.duplicate(`${path}.key`, key);
      keys.add(key);
    }
    if (terms.findIndex((other) => deepEqual(other, term)) < t) errors.duplicate(`allowedTopologies[${t}].matchLabelExpressions`, '');
  }
}

function validate(storageClass: StorageClassManifest, errors: FieldErrors): void {
  const { provisioner } = storageClass;
  if (provisioner === '') errors.required('provisioner');
  else for (const problem of checkQualifiedName(provisioner.toLowerCase())) errors.invalid('provisioner', provisioner, problem);
  validateParameters(storageClass.parameters ?? {}, errors);
  validateOptionalChoice(storageClass.reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy', errors);
  validateChoice(storageClass.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode', errors);
  validateTopologies(storageClass.allowedTopologies ?? [], errors);
}

function validateUpdate(storageClass: StorageClassManifest, old: StorageClassManifest, errors: FieldErrors): void {
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!deepEqual(storageClass[field], old[field])) errors.forbidden(field, `updates to ${field} are forbidden.`);
  }
  validateUnchanged(storageClass.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode', errors);
}

export const storageClassKind: KindDescriptor<StorageClassManifest> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  categories: [],
  namespaced: false,
  model: 'StorageClass',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.reclaimPolicy ??= 'Delete';
    draft.volumeBindingMode ??= 'Immediate';
  },
  validate,
  validateUpdate,
  columns: [
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      priority: 0,
      cell: (storageClass: Stored<StorageClassManifest>) =>
        `${storageClass.metadata.name}${isDefaultClass(storageClass) ? ' (default)' : ''}`,
    },
    column('Provisioner', ({ provisioner }) => provisioner),
    column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? '<unset>'),
    column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    ageColumn,
  ],
};

/**
 * How volumes of a class are made.
 * Source: https://kubernetes.io/docs/concepts/storage/storage-classes/
 */
export class StorageClass extends Handle<StorageClassManifest> {
  constructor(manifest: StorageClassManifest, client?: Client) {
    super(storageClassKind, manifest, client);
  }

  get provisioner(): string {
    return this.object.provisioner;
  }
}

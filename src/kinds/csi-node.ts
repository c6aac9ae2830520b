import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { CSINodeDriver, CSINodeManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateNonNegative, validateQualifiedName } from './field-checks.ts';
import { validateCsiDriverName } from './pod/volume-sources.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const nodeIdLengthMax = 256;

function validateDriver({ name, nodeID, allocatable, topologyKeys = [] }: CSINodeDriver, path: string, errors: FieldErrors): void {
  validateCsiDriverName(name, `${path}.name`, errors);
  if (nodeID === '') errors.required(`${path}.nodeID`);
  if (nodeID.length > nodeIdLengthMax) errors.invalid(`${path}.nodeID`, nodeID, `must be ${nodeIdLengthMax} characters or less`);
  validateNonNegative(allocatable?.count, `${path}.allocatable.count`, errors);
  for (const [i, key] of topologyKeys.entries()) {
    if (key === '') errors.required(path);
    if (topologyKeys.indexOf(key) < i) errors.duplicate(path, key);
    validateQualifiedName(key, path, errors);
  }
}

function validate({ spec }: CSINodeManifest, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, driver] of spec.drivers.entries()) {
    const path = `spec.drivers[${i}]`;
    validateDriver(driver, path, errors);
    if (names.has(driver.name)) errors.duplicate(`${path}.name`, driver.name);
    names.add(driver.name);
  }
}

/** Drivers come and go; what one has said of itself it may not take back. */
function validateUpdate({ spec }: CSINodeManifest, old: CSINodeManifest, errors: FieldErrors): void {
  for (const before of old.spec.drivers) {
    const after = spec.drivers.find(({ name }) => name === before.name);
    if (after !== undefined && !deepEqual(after, before)) errors.invalid('CSINodeDriver', after, 'field is immutable');
  }
}

export const csiNodeKind: KindDescriptor<CSINodeManifest> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  shortNames: [],
  categories: [],
  namespaced: false,
  model: 'CSINode',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  updatesUnconditionally: false,
  hasStatus: false,
  validate,
  validateUpdate,
  columns: [nameColumn, column('Drivers', ({ spec }) => spec.drivers.length, { type: 'integer' }), ageColumn],
};

/**
 * The storage drivers of a node, and how many of their volumes it can have. Named as the node is.
 * Source: https://kubernetes.io/docs/concepts/storage/storage-limits/
 */
export class CSINode extends Handle<CSINodeManifest> {
  constructor(manifest: CSINodeManifest, client?: Client) {
    super(csiNodeKind, manifest, client);
  }

  get drivers(): readonly CSINodeDriver[] {
    return this.object.spec.drivers;
  }
}

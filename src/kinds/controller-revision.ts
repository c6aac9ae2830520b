import type { FieldErrors } from '../api/field-errors.ts';
import type { ControllerRevisionManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateNonNegative, validateUnchanged } from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

function validate(revision: ControllerRevisionManifest, errors: FieldErrors): void {
  if (revision.data === undefined || revision.data === null) errors.required('data', 'data is mandatory');
  validateNonNegative(revision.revision, 'revision', errors);
}

/** `statefulset.apps/db` */
function controllerText({ metadata }: Stored<ControllerRevisionManifest>): string {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return '<none>';
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0]! : '';
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`;
}

export const controllerRevisionKind: KindDescriptor<ControllerRevisionManifest> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'ControllerRevision',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  validate,
  validateUpdate: (revision, old, errors) => validateUnchanged(revision.data, old.data, 'data', errors),
  columns: [nameColumn, column('Controller', controllerText), column('Revision', ({ revision }) => revision), ageColumn],
};

/**
 * A version that a DaemonSet or StatefulSet keeps.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/controller-revision-v1/
 */
export class ControllerRevision extends Handle<ControllerRevisionManifest> {
  constructor(manifest: ControllerRevisionManifest, client?: Client) {
    super(controllerRevisionKind, manifest, client);
  }

  get revision(): number {
    return this.object.revision;
  }
}

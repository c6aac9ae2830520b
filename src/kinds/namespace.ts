import type { FieldErrors } from '../api/field-errors.ts';
import type { NamespaceManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { checkQualifiedName } from '../api/names.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

/** The finalizer of the namespace itself: its controller removes it when everything inside is gone. */
export const namespaceFinalizer = 'kubernetes';
const nameLabel = 'kubernetes.io/metadata.name';
const plainFinalizers = [namespaceFinalizer, 'orphan', 'foregroundDeletion'];

function validate(namespace: NamespaceManifest, errors: FieldErrors): void {
  for (const [i, finalizer] of (namespace.spec?.finalizers ?? []).entries()) {
    for (const problem of checkQualifiedName(finalizer)) errors.invalid('spec.finalizers', finalizer, problem);
    if (!finalizer.includes('/') && !plainFinalizers.includes(finalizer)) {
      errors.invalid(`spec.finalizers[${i}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
    }
  }
}

function validateStatus(namespace: NamespaceManifest, errors: FieldErrors): void {
  const going = namespace.metadata?.deletionTimestamp !== undefined;
  const phase = namespace.status?.phase ?? '';
  if (!going && phase !== 'Active') errors.invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty");
  if (going && phase !== 'Terminating')
    errors.invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
}

export const namespaceKind: KindDescriptor<NamespaceManifest> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  model: 'Namespace',
  nameRule: 'dns1123-label',
  hasGeneration: false,
  hasStatus: true,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  applyDefaults: (draft) => {
    const { metadata } = draft;
    if (metadata?.name === undefined || metadata.name === '' || metadata.labels?.[nameLabel] === metadata.name) return;
    metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  },
  prepareForCreate: (draft) => {
    const finalizers = draft.spec?.finalizers ?? [];
    draft.spec = { finalizers: finalizers.includes(namespaceFinalizer) ? finalizers : [...finalizers, namespaceFinalizer] };
    draft.status = { phase: 'Active' };
  },
  prepareForStatusUpdate: (draft) => {
    draft.status = { ...draft.status, phase: draft.status?.phase || 'Active' };
  },
  // Finalizers change through the subresource `finalize` only.
  prepareForUpdate: (draft, old) => {
    if (old.spec === undefined) delete draft.spec;
    else draft.spec = old.spec as NonNullable<typeof draft.spec>;
  },
  validate,
  validateStatusUpdate: (namespace, _old, errors) => validateStatus(namespace, errors),
  selectableFields: { 'status.phase': (namespace) => namespace.status?.phase ?? '' },
  columns: [nameColumn, column('Status', (namespace) => namespace.status?.phase ?? ''), ageColumn],
};

/**
 * A scope for names; deleting it deletes what is in it.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
 */
export class Namespace extends Handle<NamespaceManifest> {
  constructor(manifest: NamespaceManifest, client?: Client) {
    super(namespaceKind, manifest, client);
  }

  get spec(): NamespaceManifest['spec'] {
    return this.object.spec;
  }

  get status(): NamespaceManifest['status'] {
    return this.object.status;
  }
}

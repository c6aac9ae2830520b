import type { NamespaceManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

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
    const name = draft.metadata?.name;
    if (name === undefined || name === '' || draft.metadata === undefined) return;
    if (draft.metadata.labels?.['kubernetes.io/metadata.name'] !== name) {
      draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': name };
    }
  },
  prepareForCreate: (draft) => {
    // The finalizer of the namespace itself: its controller removes it when everything inside is gone.
    const finalizers = draft.spec?.finalizers ?? [];
    draft.spec = { finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
    draft.status = { phase: 'Active' };
  },
  prepareForUpdate: (draft, old) => {
    if (old.spec !== undefined) draft.spec = old.spec as NonNullable<typeof draft.spec>;
  },
  selectableFields: { 'status.phase': (namespace) => namespace.status?.phase ?? '' },
};

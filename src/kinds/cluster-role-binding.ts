import type { ClusterRoleBindingManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from './rbac/rbac-validation.ts';

export const clusterRoleBindingKind: KindDescriptor<ClusterRoleBindingManifest> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  shortNames: [],
  categories: [],
  namespaced: false,
  model: 'ClusterRoleBinding',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: defaultBinding,
  validate: (binding, errors) => validateBinding(binding, false, errors),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
};

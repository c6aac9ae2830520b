import type { RoleBindingManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from './rbac/rbac-validation.ts';

export const roleBindingKind: KindDescriptor<RoleBindingManifest> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'RoleBinding',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: defaultBinding,
  validate: (binding, errors) => validateBinding(binding, true, errors),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
};

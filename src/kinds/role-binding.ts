import type { RoleBindingManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from './rbac/rbac-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

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

/**
 * Who has a role in a namespace.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class RoleBinding extends Handle<RoleBindingManifest> {
  constructor(manifest: RoleBindingManifest, client?: Client) {
    super(roleBindingKind, manifest, client);
  }

  get subjects(): NonNullable<RoleBindingManifest['subjects']> {
    return this.object.subjects ?? [];
  }
}

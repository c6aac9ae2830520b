import type { ClusterRoleBindingManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from './rbac/rbac-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

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

/**
 * Who has a role everywhere.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class ClusterRoleBinding extends Handle<ClusterRoleBindingManifest> {
  constructor(manifest: ClusterRoleBindingManifest, client?: Client) {
    super(clusterRoleBindingKind, manifest, client);
  }

  get subjects(): NonNullable<ClusterRoleBindingManifest['subjects']> {
    return this.object.subjects ?? [];
  }
}

import type { ClusterRoleManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import { validateLabelSelector } from '../api/label-validation.ts';
import { rbacGroup, validateRules } from './rbac/rbac-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

export const clusterRoleKind: KindDescriptor<ClusterRoleManifest> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  shortNames: [],
  categories: [],
  namespaced: false,
  model: 'ClusterRole',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  validate: (role, errors) => {
    validateRules(role.rules, false, errors);
    const selectors = role.aggregationRule?.clusterRoleSelectors;
    if (role.aggregationRule !== undefined && (selectors ?? []).length === 0) {
      errors.required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil');
    }
    for (const [i, selector] of (selectors ?? []).entries()) {
      validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${i}]`, errors);
    }
  },
  columns: [nameColumn, createdAtColumn],
};

/**
 * What may be done in all namespaces, or to what is in none.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class ClusterRole extends Handle<ClusterRoleManifest> {
  constructor(manifest: ClusterRoleManifest, client?: Client) {
    super(clusterRoleKind, manifest, client);
  }

  get rules(): NonNullable<ClusterRoleManifest['rules']> {
    return this.object.rules ?? [];
  }
}

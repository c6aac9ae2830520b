import type { RoleManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

import { rbacGroup, validateRules } from './rbac/rbac-validation.ts';

export const roleKind: KindDescriptor<RoleManifest> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'Role',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  validate: (role, errors) => validateRules(role.rules, true, errors),
  columns: [nameColumn, createdAtColumn],
};

/**
 * What may be done in a namespace.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class Role extends Handle<RoleManifest> {
  constructor(manifest: RoleManifest, client?: Client) {
    super(roleKind, manifest, client);
  }

  get rules(): NonNullable<RoleManifest['rules']> {
    return this.object.rules ?? [];
  }
}

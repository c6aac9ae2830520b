import type { RoleManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { createdAtColumn, nameColumn } from './columns.ts';

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

import type { FieldErrors } from '../../api/field-errors.ts';
import { goValue } from '../../api/go-value.ts';
import type { ClusterRoleBindingManifest, PolicyRule, RoleBindingManifest, RoleRef, Subject } from '../../api/generated/models.ts';
import type { Draft, PrintedColumn } from '../../api/kind.ts';
import { checkPathSegment } from '../../api/names.ts';
import type { Stored } from '../../api/object.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { validateDnsSubdomain, validateName } from '../field-checks.ts';

/*
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */

export const rbacGroup = 'rbac.authorization.k8s.io';
type Binding = RoleBindingManifest | ClusterRoleBindingManifest;

export function validateRules(rules: readonly PolicyRule[] | undefined, namespaced: boolean, errors: FieldErrors): void {
  for (const [i, rule] of (rules ?? []).entries()) {
    const path = `rules[${i}]`;
    const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs: urls = [] } = rule;
    if (verbs.length === 0) errors.required(`${path}.verbs`, 'verbs must contain at least one value');
    if (urls.length > 0) {
      if (namespaced) errors.invalid(`${path}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs');
      if (apiGroups.length + resources.length + resourceNames.length > 0) {
        errors.invalid(`${path}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs');
      }
      continue;
    }
    if (apiGroups.length === 0) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
    if (resources.length === 0) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  }
}

function validateRoleRef({ apiGroup, kind, name }: RoleRef, kinds: readonly string[], errors: FieldErrors): void {
  if (apiGroup !== rbacGroup) errors.notSupported('roleRef.apiGroup', apiGroup, [rbacGroup]);
  if (!kinds.includes(kind)) errors.notSupported('roleRef.kind', kind, kinds);
  if (name === '') errors.required('roleRef.name');
  else validateName(checkPathSegment, name, 'roleRef.name', errors);
}

function validateSubject(subject: Subject, namespaced: boolean, path: string, errors: FieldErrors): void {
  const { kind, name, apiGroup = '', namespace = '' } = subject;
  if (name === '') errors.required(`${path}.name`);
  if (kind === 'ServiceAccount') {
    if (name !== '') validateDnsSubdomain(name, `${path}.name`, errors);
    if (apiGroup !== '') errors.notSupported(`${path}.apiGroup`, apiGroup, ['']);
    if (!namespaced && namespace === '') errors.required(`${path}.namespace`);
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== rbacGroup) errors.notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup]);
  } else errors.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']);
}

export function validateBinding(binding: Binding, namespaced: boolean, errors: FieldErrors): void {
  validateRoleRef(binding.roleRef, namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'], errors);
  for (const [i, subject] of (binding.subjects ?? []).entries()) validateSubject(subject, namespaced, `subjects[${i}]`, errors);
}

/** Whom a binding is for may change; what it gives may not: that is another binding. */
export function validateBindingUpdate(binding: Binding, old: Binding, errors: FieldErrors): void {
  if (!deepEqual(binding.roleRef, old.roleRef))
    errors.invalid('roleRef', goValue('rbac.RoleRef', binding.roleRef), 'cannot change roleRef');
}

export function defaultBinding(draft: Draft<Binding>): void {
  if (!Object.isFrozen(draft.roleRef)) draft.roleRef.apiGroup ||= rbacGroup;
  for (const subject of draft.subjects ?? []) {
    if (Object.isFrozen(subject)) continue;
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

function subjectsText(binding: Stored<Binding>, kind: string): string {
  const subjects = (binding.subjects ?? []).filter((subject) => subject.kind === kind);
  return subjects.map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name)).join(', ');
}

export const bindingColumns: readonly PrintedColumn<Stored<Binding>>[] = [
  nameColumn,
  column('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  column('Users', (binding) => subjectsText(binding, 'User'), { wide: true }),
  column('Groups', (binding) => subjectsText(binding, 'Group'), { wide: true }),
  column('ServiceAccounts', (binding) => subjectsText(binding, 'ServiceAccount'), { wide: true }),
];

import type { AdmissionRequest } from '../../api/admission.ts';
import type { Identity } from '../../api/client.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import type { ClusterRoleManifest, PolicyRule, RoleBindingManifest, RoleManifest } from '../../api/generated/models.ts';
import { forbidden, notFound } from '../../api/status-errors.ts';
import { clusterRoleKind } from '../../kinds/cluster-role.ts';
import { rbacGroup } from '../../kinds/rbac/rbac-validation.ts';
import { roleKind } from '../../kinds/role.ts';
import { mastersGroup } from '../auth/access-control.ts';
import type { RbacAuthorizer } from './rbac-authorizer.ts';
import { uncovered } from './rule-match.ts';

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody gives what he has not: roles may hold, and bindings hand out, only what whoever writes them may do himself, unless he has the
 * verb `escalate` (roles) or `bind` (bindings).
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function escalationCheck(rbac: RbacAuthorizer): (request: AdmissionRequest) => void {
  return (request) => {
    const { kind, identity, operation } = request;
    if (kind.group !== rbacGroup || operation === 'DELETE' || identity.groups.includes(mastersGroup)) return;
    if (kind.kind === 'Role' || kind.kind === 'ClusterRole') checkRole(rbac, request);
    else checkBinding(rbac, request);
  };
}

function checkRole(rbac: RbacAuthorizer, request: AdmissionRequest): void {
  const { kind, identity, namespace } = request;
  const { rules = [], metadata, aggregationRule } = request.object as RoleManifest & Pick<ClusterRoleManifest, 'aggregationRule'>;
  const old = request.old as unknown as (RoleManifest & Pick<ClusterRoleManifest, 'aggregationRule'>) | undefined;
  if (old !== undefined && deepEqual(old.rules ?? [], rules) && deepEqual(old.aggregationRule, aggregationRule)) return;
  const name = metadata?.name ?? '';
  const resource = { group: rbacGroup, version: 'v1', resource: kind.plural, subresource: '', namespace, name };
  if (rbac.authorize({ identity, verb: 'escalate', resource, path: '' }).allowed) return;
  const held = rbac.held(identity, namespace).rules;
  if (aggregationRule !== undefined && !deepEqual(old?.aggregationRule, aggregationRule) && uncovered(held, everything).length > 0)
    throw forbidden(kind, name, 'must have cluster-admin privileges to use the aggregationRule');
  requireCovered(request, identity, name, uncovered(held, rules));
}

function checkBinding(rbac: RbacAuthorizer, request: AdmissionRequest): void {
  const { identity, namespace } = request;
  const { roleRef, subjects, metadata } = request.object as RoleBindingManifest;
  const old = request.old as unknown as RoleBindingManifest | undefined;
  if (old !== undefined && deepEqual(old.roleRef, roleRef) && deepEqual(old.subjects ?? [], subjects ?? [])) return;
  const isRole = roleRef.kind === 'Role';
  const resource = {
    group: rbacGroup,
    version: 'v1',
    resource: isRole ? roleKind.plural : clusterRoleKind.plural,
    subresource: '',
    namespace,
    name: roleRef.name,
  };
  if (rbac.authorize({ identity, verb: 'bind', resource, path: '' }).allowed) return;
  const rules = rbac.rulesOf(roleRef, namespace);
  if (rules === undefined) throw notFound(isRole ? roleKind : clusterRoleKind, roleRef.name);
  requireCovered(request, identity, metadata?.name ?? '', uncovered(rbac.held(identity, namespace).rules, rules));
}

function requireCovered({ kind }: AdmissionRequest, identity: Identity, name: string, beyond: readonly PolicyRule[]): void {
  if (beyond.length === 0) return;
  const groups = identity.groups.map((group) => JSON.stringify(group)).join(' ');
  const list = beyond.map(ruleText).join('\n');
  throw forbidden(
    kind,
    name,
    `user ${JSON.stringify(identity.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}

/** As Kubernetes shows a rule: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['ResourceNames', resourceNames],
    ['NonResourceURLs', nonResourceURLs],
    ['Verbs', verbs],
  ];
  return `{${parts.flatMap(([name, list]) => (list === undefined ? [] : [`${name}:[${list.map((each) => JSON.stringify(each)).join(' ')}]`])).join(', ')}}`;
}

import type { Identity } from '../../api/client.ts';
import type { PolicyRule, RoleRef, Subject } from '../../api/generated/models.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { clusterRoleBindingKind } from '../../kinds/cluster-role-binding.ts';
import { clusterRoleKind } from '../../kinds/cluster-role.ts';
import { aggregatedRules } from '../../kinds/rbac/aggregated-rules.ts';
import { roleBindingKind } from '../../kinds/role-binding.ts';
import { roleKind } from '../../kinds/role.ts';
import type { AllowedRule, AuthorizationRequest, Authorizer, Decision } from '../auth/authorizer.ts';
import { allows } from './rule-match.ts';

/** The rules somebody has, and the roles that are bound to him and do not exist. */
export interface HeldRules {
  readonly rules: readonly PolicyRule[];
  readonly missing: readonly string[];
}

/**
 * Roles, ClusterRoles and their bindings decide, as they are in the view at that moment.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class RbacAuthorizer implements Authorizer {
  readonly #view: ViewReader;

  constructor(view: ViewReader) {
    this.#view = view;
  }

  authorize(request: AuthorizationRequest): Decision {
    const { rules, missing } = this.held(request.identity, request.resource?.namespace);
    if (rules.some((rule) => allows(rule, request))) return { allowed: true };
    const texts = missing.map((each) => `${each} not found`);
    if (texts.length === 0) return { allowed: false };
    return { allowed: false, reason: `RBAC: ${texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`}` };
  }

  rulesFor(identity: Identity, namespace: string): readonly AllowedRule[] {
    return this.held(identity, namespace).rules;
  }

  /** All rules that are bound to an identity: everywhere, and in the namespace if one is given. */
  held(identity: Identity, namespace: string | undefined): HeldRules {
    const rules: PolicyRule[] = [];
    const missing: string[] = [];
    const take = (ref: RoleRef, home: string | undefined): void => {
      const found = this.rulesOf(ref, home);
      if (found === undefined) missing.push(`${ref.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(ref.name)}`);
      else rules.push(...found);
    };
    for (const { subjects, roleRef } of this.#view.list(clusterRoleBindingKind))
      if (isAmong(subjects, identity, '')) take(roleRef, undefined);
    if (namespace !== undefined) {
      for (const { subjects, roleRef } of this.#view.list(roleBindingKind, { namespace }))
        if (isAmong(subjects, identity, namespace)) take(roleRef, namespace);
    }
    return { rules, missing };
  }

  /** The rules of a role; undefined if there is no such role. */
  rulesOf({ kind, name }: RoleRef, namespace: string | undefined): readonly PolicyRule[] | undefined {
    if (kind === 'Role') {
      const role = this.#view.get(roleKind, namespace, name);
      return role === undefined ? undefined : (role.rules ?? []);
    }
    const role = this.#view.get(clusterRoleKind, undefined, name);
    return role === undefined ? undefined : (aggregatedRules(role, this.#view.list(clusterRoleKind)) ?? role.rules ?? []);
  }
}

function isAmong(subjects: readonly Subject[] | undefined, { name, groups }: Identity, home: string): boolean {
  return (subjects ?? []).some((subject) => {
    if (subject.kind === 'User') return subject.name === name;
    if (subject.kind === 'Group') return groups.includes(subject.name);
    const namespace = (subject.namespace ?? '') === '' ? home : subject.namespace;
    return subject.kind === 'ServiceAccount' && namespace !== '' && name === `system:serviceaccount:${namespace}:${subject.name}`;
  });
}

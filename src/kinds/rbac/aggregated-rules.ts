import type { ClusterRoleManifest, PolicyRule } from '../../api/generated/models.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import type { Stored } from '../../api/object.ts';

/**
 * The rules of a ClusterRole that gathers them from others: each rule once, in the order of the roles' names. undefined for a role
 * that gathers none. A role does not gather from itself, nor does gathering go on.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export function aggregatedRules(
  role: Stored<ClusterRoleManifest>,
  all: readonly Stored<ClusterRoleManifest>[],
): readonly PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const matchers = (role.aggregationRule.clusterRoleSelectors ?? []).map((selector) => LabelMatcher.of(selector));
  const rules: PolicyRule[] = [];
  for (const matcher of matchers) {
    const picked = all
      .filter((other) => other.metadata.name !== role.metadata.name && matcher.matches(other.metadata.labels))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const other of picked) for (const rule of other.rules ?? []) if (!rules.some((each) => deepEqual(each, rule))) rules.push(rule);
  }
  return rules;
}

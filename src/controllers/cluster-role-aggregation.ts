import { deepEqual } from '../api/deep-equal.ts';
import type { Stored } from '../api/object.ts';
import type { ClusterRoleManifest } from '../api/generated/models.ts';
import { clusterRoleKind } from '../kinds/cluster-role.ts';
import { aggregatedRules } from '../kinds/rbac/aggregated-rules.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Controller } from './controller.ts';

/**
 * Fills in the rules of ClusterRoles that gather them from others by label.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export const clusterRoleAggregation: Controller = {
  name: 'clusterrole-aggregation',
  triggers: [{ kind: clusterRoleKind, keys: (_change, view) => gathering(view).map(({ metadata }) => metadata.name) }],
  reconcile(view, name) {
    const role = view.get(clusterRoleKind, undefined, name);
    const rules = role === undefined ? undefined : aggregatedRules(role, view.list(clusterRoleKind));
    if (role === undefined || rules === undefined || deepEqual(rules, role.rules ?? [])) return { writes: [] };
    return { writes: [{ verb: 'update', kind: clusterRoleKind, object: { ...role, rules } }] };
  },
};

function gathering(view: ViewReader): readonly Stored<ClusterRoleManifest>[] {
  return view.list(clusterRoleKind).filter((role) => role.aggregationRule !== undefined);
}

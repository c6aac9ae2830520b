import type { ClusterRoleBindingManifest, ClusterRoleManifest, PolicyRule } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { Registry } from '../../api/registry.ts';
import { AlreadyExistsError } from '../../errors.ts';
import { clusterRoleBindingKind } from '../../kinds/cluster-role-binding.ts';
import { clusterRoleKind } from '../../kinds/cluster-role.ts';
import { rbacGroup } from '../../kinds/rbac/rbac-validation.ts';

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const aggregateLabel = (to: string): string => `rbac.authorization.k8s.io/aggregate-to-${to}`;

const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
});

const scales = ['deployments/scale', 'replicasets/scale', 'statefulsets/scale'];
const workloads = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];
const statuses = workloads.map((each) => `${each}/status`);

const viewRules: readonly PolicyRule[] = [
  rule(
    [''],
    ['configmaps', 'endpoints', 'persistentvolumeclaims', 'persistentvolumeclaims/status', 'pods', 'replicationcontrollers'],
    read,
  ),
  rule([''], ['replicationcontrollers/scale', 'serviceaccounts', 'services', 'services/status'], read),
  rule([''], ['bindings', 'events', 'limitranges', 'namespaces/status', 'pods/log', 'pods/status'], read),
  rule([''], ['replicationcontrollers/status', 'resourcequotas', 'resourcequotas/status', 'namespaces'], read),
  rule(['discovery.k8s.io'], ['endpointslices'], read),
  rule(['apps'], ['controllerrevisions', ...workloads, ...statuses, ...scales], read),
  rule(['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], read),
  rule(['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], read),
  rule(['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status'], read),
  rule(['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies'], read),
  rule(['metrics.k8s.io'], ['pods', 'nodes'], read),
];

const editRules: readonly PolicyRule[] = [
  rule([''], ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'], read),
  rule([''], ['serviceaccounts'], ['impersonate']),
  rule([''], ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], write),
  rule([''], ['pods/eviction'], ['create']),
  rule([''], ['configmaps', 'events', 'persistentvolumeclaims', 'replicationcontrollers', 'replicationcontrollers/scale'], write),
  rule([''], ['secrets', 'serviceaccounts', 'services', 'services/proxy'], write),
  rule([''], ['serviceaccounts/token'], ['create']),
  rule(['apps'], [...workloads, ...scales, 'deployments/rollback'], write),
  rule(['autoscaling'], ['horizontalpodautoscalers'], write),
  rule(['batch'], ['cronjobs', 'jobs'], write),
  rule(['policy'], ['poddisruptionbudgets'], write),
  rule(['networking.k8s.io'], ['ingresses', 'networkpolicies'], write),
  rule(['coordination.k8s.io'], ['leases'], [...write, ...read]),
];

const adminRules: readonly PolicyRule[] = [
  rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  rule([rbacGroup], ['rolebindings', 'roles'], [...write, ...read]),
];

const discoveryUrls = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];

const role = (name: string, rules: readonly PolicyRule[], more: Readonly<Record<string, string>> = {}): ClusterRoleManifest => ({
  metadata: { name, labels: { ...labels, ...more }, annotations },
  rules,
});

const gathered = (name: string, from: string, more: Readonly<Record<string, string>> = {}): ClusterRoleManifest => ({
  metadata: { name, labels: { ...labels, ...more }, annotations },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(from)]: 'true' } }] },
  rules: [],
});

/** The ClusterRoles every cluster with RBAC has. Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings */
const roles: readonly ClusterRoleManifest[] = [
  role('cluster-admin', [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }]),
  role('system:discovery', [{ nonResourceURLs: discoveryUrls, verbs: ['get'] }]),
  role('system:public-info-viewer', [{ nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] }]),
  role('system:basic-user', [
    rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ]),
  gathered('admin', 'admin'),
  gathered('edit', 'edit', { [aggregateLabel('admin')]: 'true' }),
  gathered('view', 'view', { [aggregateLabel('edit')]: 'true' }),
  role('system:aggregate-to-admin', adminRules, { [aggregateLabel('admin')]: 'true' }),
  // What may be edited and viewed is listed for those who gather it too: gathering does not go on from one to the next.
  role('system:aggregate-to-edit', editRules, { [aggregateLabel('edit')]: 'true', [aggregateLabel('admin')]: 'true' }),
  role('system:aggregate-to-view', viewRules, {
    [aggregateLabel('view')]: 'true',
    [aggregateLabel('edit')]: 'true',
    [aggregateLabel('admin')]: 'true',
  }),
];

const binding = (name: string, group: string): ClusterRoleBindingManifest => ({
  metadata: { name, labels, annotations },
  roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
  subjects: [{ apiGroup: rbacGroup, kind: 'Group', name: group }],
});

const bindings: readonly ClusterRoleBindingManifest[] = [
  binding('cluster-admin', 'system:masters'),
  binding('system:discovery', 'system:authenticated'),
  binding('system:basic-user', 'system:authenticated'),
  binding('system:public-info-viewer', 'system:authenticated'),
];

/** Makes the default ClusterRoles and their bindings that are not there yet; what somebody changed stays as it is. */
export async function makeBootstrapPolicy(registry: Registry): Promise<void> {
  const all = [
    ...roles.map((object) => ({ kind: clusterRoleKind as KindDescriptor, object })),
    ...bindings.map((object) => ({ kind: clusterRoleBindingKind as KindDescriptor, object })),
  ];
  for (const { kind, object } of all) {
    await registry.create(kind, object).catch((error: unknown) => {
      if (!(error instanceof AlreadyExistsError)) throw error;
    });
  }
}

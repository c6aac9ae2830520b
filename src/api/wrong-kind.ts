import { BadRequestError } from '../errors.ts';
import { apiVersionOf, type KindDescriptor } from './kind.ts';

/** Versions that Kubernetes reads and no longer serves, for the kinds that are served in another one. */
const olderVersions: Readonly<Record<string, readonly string[]>> = {
  CSINode: ['storage.k8s.io/v1beta1'],
  ClusterRole: ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'],
  ClusterRoleBinding: ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'],
  ControllerRevision: ['apps/v1beta1', 'apps/v1beta2'],
  CronJob: ['batch/v1beta1'],
  DaemonSet: ['apps/v1beta2', 'extensions/v1beta1'],
  Deployment: ['apps/v1beta1', 'apps/v1beta2', 'extensions/v1beta1'],
  EndpointSlice: ['discovery.k8s.io/v1beta1'],
  Event: ['events.k8s.io/v1beta1', 'events.k8s.io/v1', 'v1'],
  HorizontalPodAutoscaler: ['autoscaling/v1', 'autoscaling/v2', 'autoscaling/v2beta1', 'autoscaling/v2beta2'],
  Ingress: ['networking.k8s.io/v1beta1', 'extensions/v1beta1'],
  IngressClass: ['networking.k8s.io/v1beta1'],
  Lease: ['coordination.k8s.io/v1beta1'],
  NetworkPolicy: ['extensions/v1beta1'],
  PodDisruptionBudget: ['policy/v1beta1', 'policy/v1'],
  PriorityClass: ['scheduling.k8s.io/v1beta1', 'scheduling.k8s.io/v1alpha1'],
  ReplicaSet: ['apps/v1beta2', 'extensions/v1beta1'],
  Role: ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'],
  RoleBinding: ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'],
  RuntimeClass: ['node.k8s.io/v1beta1', 'node.k8s.io/v1alpha1'],
  StatefulSet: ['apps/v1beta1', 'apps/v1beta2'],
  StorageClass: ['storage.k8s.io/v1beta1'],
};

const isOlder = (kind: string, apiVersion: string): boolean =>
  Object.hasOwn(olderVersions, kind) && olderVersions[kind]!.includes(apiVersion);

/** True if the cluster knows a kind of that apiVersion. */
export type KnowsKind = (apiVersion: string, kind: string) => boolean;

const ofEveryVersion: ReadonlySet<string> = new Set(['DeleteOptions', 'ListOptions', 'Status', 'WatchEvent']);

/** What Kubernetes says of an object that came where one of another kind is expected. */
export function wrongKind(expected: KindDescriptor, apiVersion: string, kind: string, knows: KnowsKind): BadRequestError {
  if (kind === expected.kind && isOlder(kind, apiVersion))
    return new BadRequestError(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const known =
    knows(apiVersion, kind) ||
    (kind.endsWith('List') && knows(apiVersion, kind.slice(0, -'List'.length))) ||
    (apiVersion === 'v1' && kind === 'List') ||
    ofEveryVersion.has(kind) ||
    isOlder(kind, apiVersion);
  const why = known
    ? `converting (${version}.${kind}) to (${internalPackage(expected.group)}.${expected.kind}): unknown conversion`
    : noKind(kind, apiVersion);
  return new BadRequestError(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${why}`);
}

/** What Kubernetes says of a kind that it does not know; where it would have to be known is part of its words. */
export function noKind(kind: string, apiVersion: string, scheme = 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30'): string {
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(scheme)}`;
}

/** Go's package for a group: the first part of its name. */
function internalPackage(group: string): string {
  return group === '' ? 'core' : group.split('.')[0]!;
}

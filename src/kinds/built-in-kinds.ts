import type { KindDescriptor } from '../api/kind.ts';
import { clusterRoleBindingKind } from './cluster-role-binding.ts';
import { clusterRoleKind } from './cluster-role.ts';
import { configMapKind } from './config-map.ts';
import { controllerRevisionKind } from './controller-revision.ts';
import { cronJobKind } from './cron-job.ts';
import { csiNodeKind } from './csi-node.ts';
import { customResourceDefinitionKind } from './custom-resource-definition.ts';
import { daemonSetKind } from './daemon-set.ts';
import { deploymentKind } from './deployment.ts';
import { endpointSliceKind } from './endpoint-slice.ts';
import { endpointsKind } from './endpoints.ts';
import { eventKind } from './event.ts';
import { eventsEventKind } from './events-event.ts';
import { horizontalPodAutoscalerKind, horizontalPodAutoscalerV1Kind } from './horizontal-pod-autoscaler.ts';
import { ingressClassKind } from './ingress-class.ts';
import { ingressKind } from './ingress.ts';
import { jobKind } from './job.ts';
import { leaseKind } from './lease.ts';
import { limitRangeKind } from './limit-range.ts';
import { namespaceKind } from './namespace.ts';
import { networkPolicyKind } from './network-policy.ts';
import { nodeKind } from './node.ts';
import { persistentVolumeClaimKind } from './persistent-volume-claim.ts';
import { persistentVolumeKind } from './persistent-volume.ts';
import { podDisruptionBudgetKind, podDisruptionBudgetV1Beta1Kind } from './pod-disruption-budget.ts';
import { podTemplateKind } from './pod-template.ts';
import { podKind } from './pod.ts';
import { priorityClassKind } from './priority-class.ts';
import { replicaSetKind } from './replica-set.ts';
import { replicationControllerKind } from './replication-controller.ts';
import { resourceQuotaKind } from './resource-quota.ts';
import { reviewKinds } from './reviews.ts';
import { roleBindingKind } from './role-binding.ts';
import { roleKind } from './role.ts';
import { runtimeClassKind } from './runtime-class.ts';
import { secretKind } from './secret.ts';
import { serviceAccountKind } from './service-account.ts';
import { serviceKind } from './service.ts';
import { statefulSetKind } from './stateful-set.ts';
import { storageClassKind } from './storage-class.ts';

/** Every kind a cluster knows from the start. The registry is handed this list, and a host may hand it more. */
export const builtInKinds: readonly KindDescriptor[] = [
  namespaceKind,
  nodeKind,
  podKind,
  replicationControllerKind,
  serviceKind,
  endpointsKind,
  eventKind,
  configMapKind,
  secretKind,
  serviceAccountKind,
  limitRangeKind,
  resourceQuotaKind,
  podTemplateKind,
  persistentVolumeKind,
  persistentVolumeClaimKind,
  deploymentKind,
  replicaSetKind,
  daemonSetKind,
  statefulSetKind,
  controllerRevisionKind,
  jobKind,
  cronJobKind,
  storageClassKind,
  csiNodeKind,
  endpointSliceKind,
  leaseKind,
  priorityClassKind,
  runtimeClassKind,
  horizontalPodAutoscalerKind,
  horizontalPodAutoscalerV1Kind,
  podDisruptionBudgetKind,
  podDisruptionBudgetV1Beta1Kind,
  ingressKind,
  ingressClassKind,
  networkPolicyKind,
  roleKind,
  roleBindingKind,
  clusterRoleKind,
  clusterRoleBindingKind,
  eventsEventKind,
  customResourceDefinitionKind,
  ...reviewKinds,
];

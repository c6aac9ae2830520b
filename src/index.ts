// the cluster
export { Cluster } from './cluster.ts';
export type { ClusterEvents } from './cluster-events.ts';
export type { AnyManifest, Applicable, AppliedObject, Exposable, ExposeOptions, RunOptions } from './cluster-api.ts';
export { ClusterSnapshot } from './cluster-snapshot.ts';
export type { ClusterSnapshotParts, SnapshotOptions, SnapshotSource } from './cluster-snapshot.ts';
export type { ForkOptions } from './cluster-fork.ts';
export type { HighAvailabilityOptions } from './cluster-leadership.ts';
export type { ClusterOptions, CreationOptions, NodeOptions } from './cluster-options.ts';

// errors
export {
  AbortedError,
  AlreadyExistsError,
  ApiError,
  BadRequestError,
  ClosedError,
  CompactedError,
  ConfigurationError,
  ConflictError,
  EngineError,
  CoxswainError,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  NotSettlingError,
  ParseError,
  RuntimeError,
  StoreError,
  WaitFailedError,
  WaitTimeoutError,
} from './errors.ts';
export type { CoxswainErrorOptions, FieldCause, ObjectRef, StatusDetails } from './errors.ts';

// env
export type { Clock, Instant, SliceMeter, Timer } from './env/clock.ts';
export { silentLogger } from './env/logger.ts';
export type { LogFields, Logger } from './env/logger.ts';
export { ManualClock } from './env/manual-clock.ts';
export type { Random, SecureRandom } from './env/random.ts';
export { SeededRandom } from './env/seeded-random.ts';
export { SystemClock } from './env/system-clock.ts';

// api
export type { AdmissionRequest, AdmissionStep, Mutation } from './api/admission.ts';
export type { Client, DeleteResult, Identity, ListQuery, Patch, WaitOptions, WatchEvent, WriteOptions } from './api/client.ts';
export { Collection } from './api/collection.ts';
export type { HandleWatch } from './api/collection.ts';
export { Handle } from './api/handle.ts';
export type { Archive, PodStreams, PortForward } from './api/streams.ts';
export type { FieldErrors } from './api/field-errors.ts';
export type { AdmissionContext, Draft, KindDescriptor, PrintedColumn, ScaleSubresource, SelectableField } from './api/kind.ts';
export type { KubeObject, ObjectName, Stored, StoredMeta, StoredObject } from './api/object.ts';
export { Quantity } from './api/quantity.ts';
export type { ViewReader } from './api/view-reader.ts';

// kinds
export { ClusterRole, clusterRoleKind } from './kinds/cluster-role.ts';
export { ClusterRoleBinding, clusterRoleBindingKind } from './kinds/cluster-role-binding.ts';
export { ConfigMap, configMapKind } from './kinds/config-map.ts';
export { ControllerRevision, controllerRevisionKind } from './kinds/controller-revision.ts';
export { CronJob, cronJobKind } from './kinds/cron-job.ts';
export { CustomResourceDefinition, customResourceDefinitionKind } from './kinds/custom-resource-definition.ts';
export { DaemonSet, daemonSetKind } from './kinds/daemon-set.ts';
export { Deployment, deploymentKind } from './kinds/deployment.ts';
export { EndpointSlice, endpointSliceKind } from './kinds/endpoint-slice.ts';
export { Endpoints, endpointsKind } from './kinds/endpoints.ts';
export { Event, eventKind } from './kinds/event.ts';
export { HorizontalPodAutoscaler, horizontalPodAutoscalerKind } from './kinds/horizontal-pod-autoscaler.ts';
export { Ingress, ingressKind } from './kinds/ingress.ts';
export { IngressClass, ingressClassKind } from './kinds/ingress-class.ts';
export { Job, jobKind } from './kinds/job.ts';
export { Lease, leaseKind } from './kinds/lease.ts';
export { LimitRange, limitRangeKind } from './kinds/limit-range.ts';
export { Namespace, namespaceKind } from './kinds/namespace.ts';
export { NetworkPolicy, networkPolicyKind } from './kinds/network-policy.ts';
export { Node, nodeKind } from './kinds/node.ts';
export { PersistentVolume, persistentVolumeKind } from './kinds/persistent-volume.ts';
export { PersistentVolumeClaim, persistentVolumeClaimKind } from './kinds/persistent-volume-claim.ts';
export { Pod, podKind } from './kinds/pod.ts';
export { PodDisruptionBudget, podDisruptionBudgetKind } from './kinds/pod-disruption-budget.ts';
export { PodTemplate, podTemplateKind } from './kinds/pod-template.ts';
export { PriorityClass, priorityClassKind } from './kinds/priority-class.ts';
export { ReplicaSet, replicaSetKind } from './kinds/replica-set.ts';
export { ReplicationController, replicationControllerKind } from './kinds/replication-controller.ts';
export { ResourceQuota, resourceQuotaKind } from './kinds/resource-quota.ts';
export { Role, roleKind } from './kinds/role.ts';
export { RoleBinding, roleBindingKind } from './kinds/role-binding.ts';
export { RuntimeClass, runtimeClassKind } from './kinds/runtime-class.ts';
export { Secret, secretKind } from './kinds/secret.ts';
export { Service, serviceKind } from './kinds/service.ts';
export { ServiceAccount, serviceAccountKind } from './kinds/service-account.ts';
export { StatefulSet, statefulSetKind } from './kinds/stateful-set.ts';
export { CSINode, csiNodeKind } from './kinds/csi-node.ts';
export { StorageClass, storageClassKind } from './kinds/storage-class.ts';
export type { AutoscalerMetric } from './kinds/horizontal-pod-autoscaler/hpa-metrics.ts';
export type { JobWaitOptions } from './kinds/job.ts';
export type { PodWaitOptions } from './kinds/pod.ts';
export type { ServiceEndpoint } from './kinds/service.ts';
export type { DeploymentRollout } from './kinds/workload/deployment-rollout.ts';
export type { PodOwner } from './kinds/workload/pod-owner.ts';
export type { Rollout, RolloutProgress, RolloutRevision, RolloutSubject, RolloutWaitOptions } from './kinds/workload/rollout.ts';
export type {
  Affinity,
  CSINodeDriver,
  CSINodeManifest,
  ClusterRoleBindingManifest,
  ClusterRoleManifest,
  ConfigMapManifest,
  Container,
  ContainerPort,
  ContainerState as ContainerStateField,
  ContainerStatus,
  ControllerRevisionManifest,
  CronJobManifest,
  CronJobSpec,
  CustomResourceDefinitionManifest,
  DaemonSetManifest,
  DaemonSetSpec,
  DeploymentManifest,
  DeploymentSpec,
  Endpoint,
  EndpointSliceManifest,
  EndpointsManifest,
  EnvVar,
  EnvVarSource,
  EventManifest,
  IngressClassManifest,
  IngressManifest,
  JobManifest,
  JobSpec,
  JobStatus,
  JsonValue,
  LabelSelector,
  LeaseManifest,
  Lifecycle,
  LifecycleHandler,
  LimitRangeManifest,
  LoadBalancerIngress,
  NamespaceManifest,
  NetworkPolicyManifest,
  NodeAddress,
  NodeCondition,
  NodeManifest,
  NodeSpec,
  NodeStatus,
  ObjectMeta,
  OwnerReference,
  PersistentVolumeClaimManifest,
  PersistentVolumeManifest,
  PodCondition,
  PodDisruptionBudgetManifest,
  PodManifest,
  PodSecurityContext,
  PodSpec,
  PodStatus,
  PodTemplateManifest,
  PodTemplateSpec,
  PriorityClassManifest,
  Probe,
  ReplicaSetManifest,
  ReplicaSetSpec,
  ReplicationControllerManifest,
  ReplicationControllerSpec,
  ReplicationControllerStatus,
  ResourceQuotaManifest,
  ResourceRequirements,
  RoleBindingManifest,
  RoleManifest,
  RuntimeClassManifest,
  SecretManifest,
  SecurityContext,
  ServiceAccountManifest,
  ServiceManifest,
  ServicePort,
  ServiceSpec,
  ServiceStatus,
  StatefulSetManifest,
  StatefulSetSpec,
  StorageClassManifest,
  Taint,
  Toleration,
  V2HorizontalPodAutoscalerManifest,
  V2HorizontalPodAutoscalerSpec,
  V2MetricSpec,
  V2MetricTarget,
  V2MetricValueStatus,
  Volume,
  VolumeMount,
} from './api/generated/models.ts';

// stores
export { MemoryStore } from './stores/memory-store.ts';
export type { MemoryStoreOptions } from './stores/memory-store.ts';
export type {
  Fence,
  ListOptions,
  Revision,
  Store,
  StoreChange,
  StoredValue,
  StoreEntry,
  StoreList,
  StoreOpenOptions,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from './stores/store.ts';

// controllers
export type { Controller, ObjectChange, Plan, PlannedEvent, PlannedWrite, Trigger } from './controllers/controller.ts';

// scheduler
export { DefaultScheduler } from './scheduler/default-scheduler.ts';
export type { DefaultSchedulerOptions } from './scheduler/default-scheduler.ts';
export { defaultPlugins } from './scheduler/default-plugins.ts';
export type { DefaultPluginArgs } from './scheduler/default-plugins.ts';
export { coscheduling } from './scheduler/plugins/coscheduling.ts';
export type { CoschedulingArgs } from './scheduler/plugins/coscheduling.ts';
export type { NodeInfo } from './scheduler/node-info.ts';
export type { PodInfo } from './scheduler/pod-info.ts';
export type { SchedulerProfile, WeightedPlugin } from './scheduler/profile.ts';
export type {
  AnyPlugin,
  ClusterEvent,
  Diagnosis,
  NodeSet,
  PermitResult,
  PluginContext,
  PostFilterResult,
  PreFilterResult,
  PreScoreResult,
  Reads,
  Refusal,
  SchedulerPlugin,
  WaitingPods,
  WhatIf,
} from './scheduler/plugin.ts';
export type { NodeExplanation, PodExplanation, Scheduler, SchedulingPlan } from './scheduler/scheduler.ts';

// loop
export type { EventLimits } from './loop/event-recorder.ts';
export type { PassReport } from './loop/loop.ts';
export type { Participant, StepReport } from './loop/participant.ts';

// runtimes
export type {
  CallOptions,
  ContainerConfig,
  ContainerState,
  ContainerStats,
  ContainerStatusReport,
  ExecOptions,
  ExecSession,
  HookHandler,
  ImagePull,
  ImageReport,
  LogChunk,
  LogOptions,
  PodAddress,
  PodStats,
  ProbeHandler,
  ProbeResult,
  ResolvedMount,
  Runtime,
  RuntimeCommons,
  RuntimeCondition,
  RuntimeEnv,
  RuntimeInfo,
  SandboxConfig,
  SandboxReport,
  VolumeContent,
  VolumeFile,
} from './runtimes/runtime.ts';

// proxy
export type {
  BackendAddress,
  BackendResolver,
  ListenerProblem,
  ListenerRole,
  ServiceCounters,
  ServiceListener,
  ServiceName,
  ServiceProxy,
  TrafficCounters,
  TrafficMode,
} from './proxy/service-proxy.ts';
export type { BalancingPolicy } from './proxy/balancer.ts';
export type { HoldPolicy } from './proxy/hold-queue.ts';
export type { UserspaceServiceProxyOptions } from './proxy/userspace-options.ts';

// what the public types refer to
export type { DeleteOptions } from './api/client.ts';
export type { PartCheck } from './api/field-errors.ts';
export type { HandleClass } from './api/handle.ts';
export type { KindIndex } from './api/kind-index.ts';
export type { PartSubresource, RowCondition, StorageAlias } from './api/kind.ts';
export type { QuantityFormat } from './api/quantity-format.ts';
export type { Registry } from './api/registry.ts';
export type { ContainerChoice } from './api/streams.ts';
export type { ViewQuery } from './api/view-reader.ts';
export type { View, ViewChange } from './api/view.ts';
export type { DnsOptions, ProxyOptions } from './cluster-options.ts';
export type { TokenRequest, TokenSource } from './kubelet/kubelet-parts.ts';
export type { WriteEvents } from './controllers/controller.ts';
export type { CommandResult } from './kinds/pod/command-result.ts';
export type { PodWaitCondition } from './kinds/pod/pod-wait.ts';
export type { ControllerReport } from './loop/controller-runner.ts';
export type { ComponentFailure } from './loop/loop.ts';
export type { StreamMode } from './proxy/protocol-mode.ts';
export type { HostPorts } from './scheduler/host-ports.ts';
export type { StoredNode } from './scheduler/node-info.ts';
export type { DefaultPreemptionArgs } from './scheduler/plugins/default-preemption.ts';
export type { InterPodAffinityArgs } from './scheduler/plugins/inter-pod-affinity.ts';
export type { NodeAffinityArgs } from './scheduler/plugins/node-affinity.ts';
export type { NodeResourcesBalancedAllocationArgs } from './scheduler/plugins/node-resources-balanced-allocation.ts';
export type { NodeResourcesFitArgs } from './scheduler/plugins/node-resources-fit.ts';
export type { PodTopologySpreadArgs } from './scheduler/plugins/pod-topology-spread.ts';
export type { PodGroup } from './scheduler/pod-group.ts';
export type { StoredPod } from './scheduler/pod-info.ts';
export type { PodShape } from './scheduler/pod-shape.ts';
export type { QueuedPod } from './scheduler/queued-pod.ts';
export type { ResourceTable } from './scheduler/resource-table.ts';
export type { AttachedVolumes } from './scheduler/attached-volumes.ts';
export type { CsiVolume } from './scheduler/csi-volumes.ts';
export type { SchedulerCache } from './scheduler/scheduler-cache.ts';
export type { PlannedNote } from './controllers/controller.ts';
export type { MetricsOptions } from './metrics/metrics-source.ts';
export type { AffinityTerm } from './scheduler/affinity-term.ts';
export type { WeightedTerm } from './scheduler/pod-group.ts';
export type { ColumnAmounts } from './scheduler/resource-table.ts';
export type { HostPort } from './scheduler/host-ports.ts';
export type { Amounts } from './scheduler/pod-resources.ts';
export type { ClassOf, NodesLeft, SparseFilter, SparseScore } from './scheduler/plugin.ts';
export type { QueueState } from './scheduler/queued-pod.ts';
export type { ClaimCensus } from './scheduler/claim-census.ts';
export type { ImageCensus } from './scheduler/image-census.ts';
export type { ChangeLog } from './scheduler/change-log.ts';
export type { FollowedObjects } from './scheduler/followed-objects.ts';
export type { GroupCensus } from './scheduler/group-census.ts';
export type { RelationIndex } from './scheduler/relation-index.ts';
export type { ResourceWeight } from './scheduler/resource-scoring.ts';
export type { ScoringStrategy } from './scheduler/plugins/node-resources-fit.ts';
export type { CheckedWrite, PreparedWrite } from './api/write-preparation.ts';
export { WritePreparation } from './api/write-preparation.ts';
export type { CensusGroup, CensusKind } from './api/census.ts';
export type { IndexKind } from './api/derived-index.ts';
export type { Follow } from './loop/participant.ts';
export type { JobCondition } from './kinds/job.ts';
export type { ExternalMetrics } from './metrics/metrics-source.ts';
export type { RequestSource } from './metrics/metrics-source.ts';
export type { CarriedTerms } from './scheduler/carried-terms.ts';
export type { TopologyDomains } from './scheduler/topology-domains.ts';
export type { NodeClasses } from './scheduler/plugin.ts';
export type { DomainTally } from './scheduler/domain-tally.ts';
export type { ShapePoint } from './scheduler/resource-scoring.ts';
export type { Candidate } from './scheduler/affinity-term.ts';
export type { PodCounter } from './scheduler/pod-counter.ts';
export type { CarriedTerm } from './scheduler/carried-terms.ts';
export type { RequestCounters } from './metrics/metrics-source.ts';
export type { ExternalMetricQuery } from './metrics/metrics-source.ts';
export type { TermRole } from './scheduler/carried-terms.ts';

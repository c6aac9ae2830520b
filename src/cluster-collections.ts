import type { Client } from './api/client.ts';
import { Collection } from './api/collection.ts';
import type { Handle, HandleClass } from './api/handle.ts';
import type { KindDescriptor } from './api/kind.ts';
import type { KubeObject } from './api/object.ts';
import { ClusterEmitter } from './cluster-events.ts';
import { ClusterRole, clusterRoleKind } from './kinds/cluster-role.ts';
import { ClusterRoleBinding, clusterRoleBindingKind } from './kinds/cluster-role-binding.ts';
import { ConfigMap, configMapKind } from './kinds/config-map.ts';
import { ControllerRevision, controllerRevisionKind } from './kinds/controller-revision.ts';
import { CSINode, csiNodeKind } from './kinds/csi-node.ts';
import { CronJob, cronJobKind } from './kinds/cron-job.ts';
import { CustomResourceDefinition, customResourceDefinitionKind } from './kinds/custom-resource-definition.ts';
import { DaemonSet, daemonSetKind } from './kinds/daemon-set.ts';
import { Deployment, deploymentKind } from './kinds/deployment.ts';
import { EndpointSlice, endpointSliceKind } from './kinds/endpoint-slice.ts';
import { Endpoints, endpointsKind } from './kinds/endpoints.ts';
import { Event, eventKind } from './kinds/event.ts';
import { HorizontalPodAutoscaler, horizontalPodAutoscalerKind } from './kinds/horizontal-pod-autoscaler.ts';
import { Ingress, ingressKind } from './kinds/ingress.ts';
import { IngressClass, ingressClassKind } from './kinds/ingress-class.ts';
import { Job, jobKind } from './kinds/job.ts';
import { Lease, leaseKind } from './kinds/lease.ts';
import { LimitRange, limitRangeKind } from './kinds/limit-range.ts';
import { Namespace, namespaceKind } from './kinds/namespace.ts';
import { NetworkPolicy, networkPolicyKind } from './kinds/network-policy.ts';
import { Node, nodeKind } from './kinds/node.ts';
import { PersistentVolume, persistentVolumeKind } from './kinds/persistent-volume.ts';
import { PersistentVolumeClaim, persistentVolumeClaimKind } from './kinds/persistent-volume-claim.ts';
import { Pod, podKind } from './kinds/pod.ts';
import { PodDisruptionBudget, podDisruptionBudgetKind } from './kinds/pod-disruption-budget.ts';
import { PodTemplate, podTemplateKind } from './kinds/pod-template.ts';
import { PriorityClass, priorityClassKind } from './kinds/priority-class.ts';
import { ReplicaSet, replicaSetKind } from './kinds/replica-set.ts';
import { ReplicationController, replicationControllerKind } from './kinds/replication-controller.ts';
import { ResourceQuota, resourceQuotaKind } from './kinds/resource-quota.ts';
import { Role, roleKind } from './kinds/role.ts';
import { RoleBinding, roleBindingKind } from './kinds/role-binding.ts';
import { RuntimeClass, runtimeClassKind } from './kinds/runtime-class.ts';
import { Secret, secretKind } from './kinds/secret.ts';
import { Service, serviceKind } from './kinds/service.ts';
import { ServiceAccount, serviceAccountKind } from './kinds/service-account.ts';
import { StatefulSet, statefulSetKind } from './kinds/stateful-set.ts';
import { StorageClass, storageClassKind } from './kinds/storage-class.ts';

/** The collection of a class of handles. */
type Of<H extends Handle<KubeObject>> = Collection<H['manifest'], H>;

/** The objects of a cluster by kind: `cluster.pods`, `cluster.deployments`. Each collection is made when it is first asked for. */
export abstract class ClusterCollections extends ClusterEmitter {
  abstract readonly client: Client;
  readonly #collections = new Map<unknown, unknown>();

  get pods(): Of<Pod> {
    return this.#of(podKind, Pod);
  }

  get nodes(): Of<Node> {
    return this.#of(nodeKind, Node);
  }

  get services(): Of<Service> {
    return this.#of(serviceKind, Service);
  }

  get replicationControllers(): Of<ReplicationController> {
    return this.#of(replicationControllerKind, ReplicationController);
  }

  get deployments(): Of<Deployment> {
    return this.#of(deploymentKind, Deployment);
  }

  get replicaSets(): Of<ReplicaSet> {
    return this.#of(replicaSetKind, ReplicaSet);
  }

  get statefulSets(): Of<StatefulSet> {
    return this.#of(statefulSetKind, StatefulSet);
  }

  get daemonSets(): Of<DaemonSet> {
    return this.#of(daemonSetKind, DaemonSet);
  }

  get jobs(): Of<Job> {
    return this.#of(jobKind, Job);
  }

  get cronJobs(): Of<CronJob> {
    return this.#of(cronJobKind, CronJob);
  }

  get horizontalPodAutoscalers(): Of<HorizontalPodAutoscaler> {
    return this.#of(horizontalPodAutoscalerKind, HorizontalPodAutoscaler);
  }

  get podDisruptionBudgets(): Of<PodDisruptionBudget> {
    return this.#of(podDisruptionBudgetKind, PodDisruptionBudget);
  }

  get namespaces(): Of<Namespace> {
    return this.#of(namespaceKind, Namespace);
  }

  get configMaps(): Of<ConfigMap> {
    return this.#of(configMapKind, ConfigMap);
  }

  get secrets(): Of<Secret> {
    return this.#of(secretKind, Secret);
  }

  get serviceAccounts(): Of<ServiceAccount> {
    return this.#of(serviceAccountKind, ServiceAccount);
  }

  get endpoints(): Of<Endpoints> {
    return this.#of(endpointsKind, Endpoints);
  }

  get endpointSlices(): Of<EndpointSlice> {
    return this.#of(endpointSliceKind, EndpointSlice);
  }

  get events(): Of<Event> {
    return this.#of(eventKind, Event);
  }

  get leases(): Of<Lease> {
    return this.#of(leaseKind, Lease);
  }

  get priorityClasses(): Of<PriorityClass> {
    return this.#of(priorityClassKind, PriorityClass);
  }

  get persistentVolumes(): Of<PersistentVolume> {
    return this.#of(persistentVolumeKind, PersistentVolume);
  }

  get persistentVolumeClaims(): Of<PersistentVolumeClaim> {
    return this.#of(persistentVolumeClaimKind, PersistentVolumeClaim);
  }

  get storageClasses(): Of<StorageClass> {
    return this.#of(storageClassKind, StorageClass);
  }

  get runtimeClasses(): Of<RuntimeClass> {
    return this.#of(runtimeClassKind, RuntimeClass);
  }

  get csiNodes(): Of<CSINode> {
    return this.#of(csiNodeKind, CSINode);
  }

  get resourceQuotas(): Of<ResourceQuota> {
    return this.#of(resourceQuotaKind, ResourceQuota);
  }

  get limitRanges(): Of<LimitRange> {
    return this.#of(limitRangeKind, LimitRange);
  }

  get ingresses(): Of<Ingress> {
    return this.#of(ingressKind, Ingress);
  }

  get ingressClasses(): Of<IngressClass> {
    return this.#of(ingressClassKind, IngressClass);
  }

  get networkPolicies(): Of<NetworkPolicy> {
    return this.#of(networkPolicyKind, NetworkPolicy);
  }

  get roles(): Of<Role> {
    return this.#of(roleKind, Role);
  }

  get roleBindings(): Of<RoleBinding> {
    return this.#of(roleBindingKind, RoleBinding);
  }

  get clusterRoles(): Of<ClusterRole> {
    return this.#of(clusterRoleKind, ClusterRole);
  }

  get clusterRoleBindings(): Of<ClusterRoleBinding> {
    return this.#of(clusterRoleBindingKind, ClusterRoleBinding);
  }

  get podTemplates(): Of<PodTemplate> {
    return this.#of(podTemplateKind, PodTemplate);
  }

  get controllerRevisions(): Of<ControllerRevision> {
    return this.#of(controllerRevisionKind, ControllerRevision);
  }

  get customResourceDefinitions(): Of<CustomResourceDefinition> {
    return this.#of(customResourceDefinitionKind, CustomResourceDefinition);
  }

  #of<M extends KubeObject, H extends Handle<M>>(kind: KindDescriptor<M>, handle: HandleClass<M, H>): Collection<M, H> {
    let collection = this.#collections.get(kind) as Collection<M, H> | undefined;
    if (collection === undefined) this.#collections.set(kind, (collection = new Collection(kind, handle, this.client)));
    return collection;
  }
}

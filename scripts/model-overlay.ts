/**
 * What the model files do not say about a field, by hand: how lists merge and which strings are quantities. A test compares
 * this table with Kubernetes' OpenAPI data.
 *
 * Notation: `map=<keys>` list of objects with keys, `set`, `atomic` (server-side apply); `merge=<key>` and `strategy=<...>`
 * (strategic merge patch).
 */
export const overlay: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AggregationRule: {
    clusterRoleSelectors: 'atomic',
  },
  CSINodeDriver: {
    topologyKeys: 'atomic',
  },
  CSINodeSpec: {
    drivers: 'map=name merge=name',
  },
  Capabilities: {
    add: 'atomic',
    drop: 'atomic',
  },
  CephFSPersistentVolumeSource: {
    monitors: 'atomic',
  },
  CephFSVolumeSource: {
    monitors: 'atomic',
  },
  ClusterRole: {
    rules: 'atomic',
  },
  ClusterRoleBinding: {
    subjects: 'atomic',
  },
  ConfigMapProjection: {
    items: 'atomic',
  },
  ConfigMapVolumeSource: {
    items: 'atomic',
  },
  Container: {
    args: 'atomic',
    command: 'atomic',
    env: 'map=name merge=name',
    envFrom: 'atomic',
    ports: 'map=containerPort,protocol merge=containerPort',
    resizePolicy: 'atomic',
    restartPolicyRules: 'atomic',
    volumeDevices: 'map=devicePath merge=devicePath',
    volumeMounts: 'map=mountPath merge=mountPath',
  },
  ContainerImage: {
    names: 'atomic',
  },
  ContainerRestartRuleOnExitCodes: {
    values: 'set',
  },
  ContainerStatus: {
    allocatedResourcesStatus: 'map=name merge=name',
    volumeMounts: 'map=mountPath merge=mountPath',
  },
  CronJobStatus: {
    active: 'atomic',
  },
  CustomResourceDefinitionNames: {
    categories: 'atomic',
    shortNames: 'atomic',
  },
  CustomResourceDefinitionSpec: {
    versions: 'atomic',
  },
  CustomResourceDefinitionStatus: {
    conditions: 'map=type',
    storedVersions: 'atomic',
  },
  CustomResourceDefinitionVersion: {
    additionalPrinterColumns: 'atomic',
    selectableFields: 'atomic',
  },
  DaemonSetStatus: {
    conditions: 'map=type merge=type',
  },
  DeleteOptions: {
    dryRun: 'atomic',
  },
  DeploymentSpec: {
    strategy: 'strategy=retainKeys',
  },
  DeploymentStatus: {
    conditions: 'map=type merge=type',
  },
  DownwardAPIProjection: {
    items: 'atomic',
  },
  DownwardAPIVolumeSource: {
    items: 'atomic',
  },
  Endpoint: {
    addresses: 'set',
  },
  EndpointHints: {
    forNodes: 'atomic',
    forZones: 'atomic',
  },
  EndpointSlice: {
    endpoints: 'atomic',
    ports: 'atomic',
  },
  EndpointSubset: {
    addresses: 'atomic',
    notReadyAddresses: 'atomic',
    ports: 'atomic',
  },
  Endpoints: {
    subsets: 'atomic',
  },
  EphemeralContainer: {
    args: 'atomic',
    command: 'atomic',
    env: 'map=name merge=name',
    envFrom: 'atomic',
    ports: 'map=containerPort,protocol merge=containerPort',
    resizePolicy: 'atomic',
    restartPolicyRules: 'atomic',
    volumeDevices: 'map=devicePath merge=devicePath',
    volumeMounts: 'map=mountPath merge=mountPath',
  },
  ExecAction: {
    command: 'atomic',
  },
  FCVolumeSource: {
    targetWWNs: 'atomic',
    wwids: 'atomic',
  },
  FieldSelectorAttributes: {
    requirements: 'atomic',
  },
  FieldSelectorRequirement: {
    values: 'atomic',
  },
  HTTPGetAction: {
    httpHeaders: 'atomic',
  },
  HTTPIngressRuleValue: {
    paths: 'atomic',
  },
  HostAlias: {
    hostnames: 'atomic',
  },
  IPBlock: {
    except: 'atomic',
  },
  ISCSIPersistentVolumeSource: {
    portals: 'atomic',
  },
  ISCSIVolumeSource: {
    portals: 'atomic',
  },
  IngressLoadBalancerIngress: {
    ports: 'atomic',
  },
  IngressLoadBalancerStatus: {
    ingress: 'atomic',
  },
  IngressSpec: {
    rules: 'atomic',
    tls: 'atomic',
  },
  IngressTLS: {
    hosts: 'atomic',
  },
  JSONSchemaProps: {
    allOf: 'atomic',
    anyOf: 'atomic',
    enum: 'atomic',
    oneOf: 'atomic',
    required: 'atomic',
    'x-kubernetes-list-map-keys': 'atomic',
    'x-kubernetes-validations': 'map=rule merge=rule',
  },
  JobStatus: {
    conditions: 'atomic merge=type',
  },
  LabelSelector: {
    matchExpressions: 'atomic',
  },
  LabelSelectorAttributes: {
    requirements: 'atomic',
  },
  LabelSelectorRequirement: {
    values: 'atomic',
  },
  LimitRangeSpec: {
    limits: 'atomic',
  },
  LinuxContainerUser: {
    supplementalGroups: 'atomic',
  },
  LoadBalancerIngress: {
    ports: 'atomic',
  },
  LoadBalancerStatus: {
    ingress: 'atomic',
  },
  NamespaceSpec: {
    finalizers: 'atomic',
  },
  NamespaceStatus: {
    conditions: 'map=type merge=type',
  },
  NetworkPolicyEgressRule: {
    ports: 'atomic',
    to: 'atomic',
  },
  NetworkPolicyIngressRule: {
    from: 'atomic',
    ports: 'atomic',
  },
  NetworkPolicySpec: {
    egress: 'atomic',
    ingress: 'atomic',
    policyTypes: 'atomic',
  },
  NodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: 'atomic',
  },
  NodeSelector: {
    nodeSelectorTerms: 'atomic',
  },
  NodeSelectorRequirement: {
    values: 'atomic',
  },
  NodeSelectorTerm: {
    matchExpressions: 'atomic',
    matchFields: 'atomic',
  },
  NodeSpec: {
    podCIDRs: 'set strategy=merge',
    taints: 'atomic',
  },
  NodeStatus: {
    addresses: 'map=type merge=type',
    conditions: 'map=type merge=type',
    images: 'atomic',
    runtimeHandlers: 'atomic',
    volumesAttached: 'atomic',
    volumesInUse: 'atomic',
  },
  NonResourceRule: {
    nonResourceURLs: 'atomic',
    verbs: 'atomic',
  },
  ObjectMeta: {
    finalizers: 'set strategy=merge',
    managedFields: 'atomic',
    ownerReferences: 'map=uid merge=uid',
  },
  PersistentVolumeClaimSpec: {
    accessModes: 'atomic',
  },
  PersistentVolumeClaimStatus: {
    accessModes: 'atomic',
    conditions: 'map=type merge=type',
  },
  PersistentVolumeSpec: {
    accessModes: 'atomic',
    mountOptions: 'atomic',
  },
  PodAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: 'atomic',
    requiredDuringSchedulingIgnoredDuringExecution: 'atomic',
  },
  PodAffinityTerm: {
    matchLabelKeys: 'atomic',
    mismatchLabelKeys: 'atomic',
    namespaces: 'atomic',
  },
  PodAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: 'atomic',
    requiredDuringSchedulingIgnoredDuringExecution: 'atomic',
  },
  PodDNSConfig: {
    nameservers: 'atomic',
    options: 'atomic',
    searches: 'atomic',
  },
  PodDisruptionBudgetSpec: {
    selector: 'strategy=replace',
  },
  PodDisruptionBudgetStatus: {
    conditions: 'map=type merge=type',
  },
  PodExtendedResourceClaimStatus: {
    requestMappings: 'atomic',
  },
  PodFailurePolicy: {
    rules: 'atomic',
  },
  PodFailurePolicyOnExitCodesRequirement: {
    values: 'set',
  },
  PodFailurePolicyRule: {
    onPodConditions: 'atomic',
  },
  PodSecurityContext: {
    supplementalGroups: 'atomic',
    sysctls: 'atomic',
  },
  PodSpec: {
    containers: 'map=name merge=name',
    ephemeralContainers: 'map=name merge=name',
    hostAliases: 'map=ip merge=ip',
    imagePullSecrets: 'map=name merge=name',
    initContainers: 'map=name merge=name',
    nodeSelector: 'atomic',
    readinessGates: 'atomic',
    resourceClaims: 'map=name merge=name strategy=merge,retainKeys',
    schedulingGates: 'map=name merge=name',
    tolerations: 'atomic',
    topologySpreadConstraints: 'map=topologyKey,whenUnsatisfiable merge=topologyKey',
    volumes: 'map=name merge=name strategy=merge,retainKeys',
  },
  PodStatus: {
    conditions: 'map=type merge=type',
    containerStatuses: 'atomic',
    ephemeralContainerStatuses: 'atomic',
    hostIPs: 'atomic merge=ip',
    initContainerStatuses: 'atomic',
    podIPs: 'map=ip merge=ip',
    resourceClaimStatuses: 'map=name merge=name strategy=merge,retainKeys',
  },
  PolicyRule: {
    apiGroups: 'atomic',
    nonResourceURLs: 'atomic',
    resourceNames: 'atomic',
    resources: 'atomic',
    verbs: 'atomic',
  },
  ProjectedVolumeSource: {
    sources: 'atomic',
  },
  RBDPersistentVolumeSource: {
    monitors: 'atomic',
  },
  RBDVolumeSource: {
    monitors: 'atomic',
  },
  ReplicaSetStatus: {
    conditions: 'map=type merge=type',
  },
  ReplicationControllerSpec: {
    selector: 'atomic',
  },
  ReplicationControllerStatus: {
    conditions: 'map=type merge=type',
  },
  ResourceQuotaSpec: {
    scopes: 'atomic',
  },
  ResourceRequirements: {
    claims: 'map=name',
  },
  ResourceRule: {
    apiGroups: 'atomic',
    resourceNames: 'atomic',
    resources: 'atomic',
    verbs: 'atomic',
  },
  ResourceStatus: {
    resources: 'map=resourceID',
  },
  Role: {
    rules: 'atomic',
  },
  RoleBinding: {
    subjects: 'atomic',
  },
  Scheduling: {
    nodeSelector: 'atomic',
    tolerations: 'atomic',
  },
  ScopeSelector: {
    matchExpressions: 'atomic',
  },
  ScopedResourceSelectorRequirement: {
    values: 'atomic',
  },
  SecretProjection: {
    items: 'atomic',
  },
  SecretVolumeSource: {
    items: 'atomic',
  },
  ServiceAccount: {
    imagePullSecrets: 'atomic',
    secrets: 'map=name merge=name',
  },
  ServiceSpec: {
    clusterIPs: 'atomic',
    externalIPs: 'atomic',
    ipFamilies: 'atomic',
    loadBalancerSourceRanges: 'atomic',
    ports: 'map=port,protocol merge=port',
    selector: 'atomic',
  },
  ServiceStatus: {
    conditions: 'map=type merge=type',
  },
  StatefulSetSpec: {
    volumeClaimTemplates: 'atomic',
  },
  StatefulSetStatus: {
    conditions: 'map=type merge=type',
  },
  StatusDetails: {
    causes: 'atomic',
  },
  StorageClass: {
    allowedTopologies: 'atomic',
    mountOptions: 'atomic',
  },
  SubjectAccessReviewSpec: {
    groups: 'atomic',
  },
  SubjectRulesReviewStatus: {
    nonResourceRules: 'atomic',
    resourceRules: 'atomic',
  },
  SuccessPolicy: {
    rules: 'atomic',
  },
  TokenRequestSpec: {
    audiences: 'atomic',
  },
  TokenReviewSpec: {
    audiences: 'atomic',
  },
  TokenReviewStatus: {
    audiences: 'atomic',
  },
  TopologySelectorLabelRequirement: {
    values: 'atomic',
  },
  TopologySelectorTerm: {
    matchLabelExpressions: 'atomic',
  },
  TopologySpreadConstraint: {
    matchLabelKeys: 'atomic',
  },
  UncountedTerminatedPods: {
    failed: 'set',
    succeeded: 'set',
  },
  UserInfo: {
    groups: 'atomic',
  },
  V2HPAScalingRules: {
    policies: 'atomic',
  },
  V2HorizontalPodAutoscalerSpec: {
    metrics: 'atomic',
  },
  V2HorizontalPodAutoscalerStatus: {
    conditions: 'map=type merge=type',
    currentMetrics: 'atomic',
  },
  WebhookConversion: {
    conversionReviewVersions: 'atomic',
  },
};

/** Models that server-side apply treats as one value wherever they stand. */
export const atomicModels: readonly string[] = [
  'ConfigMapKeySelector',
  'CrossVersionObjectReference',
  'DiscoveryEndpointPort',
  'EndpointAddress',
  'EndpointPort',
  'FileKeySelector',
  'LabelSelector',
  'LocalObjectReference',
  'NodeSelector',
  'NodeSelectorTerm',
  'ObjectFieldSelector',
  'ObjectReference',
  'OwnerReference',
  'ResourceFieldSelector',
  'RoleRef',
  'ScopeSelector',
  'SecretKeySelector',
  'SecretReference',
  'ServiceBackendPort',
  'Subject',
  'TopologySelectorTerm',
  'TypedLocalObjectReference',
];

/** Fields (or maps, or lists) of quantities, which the models call strings. */
export const quantityFields: ReadonlySet<string> = new Set([
  'CSIStorageCapacity.capacity',
  'CSIStorageCapacity.maximumVolumeSize',
  'ContainerStatus.allocatedResources',
  'EmptyDirVolumeSource.sizeLimit',
  'LimitRangeItem.default',
  'LimitRangeItem.defaultRequest',
  'LimitRangeItem.max',
  'LimitRangeItem.maxLimitRequestRatio',
  'LimitRangeItem.min',
  'NodeAllocatableResourceClaimStatus.resources',
  'NodeStatus.allocatable',
  'NodeStatus.capacity',
  'Overhead.podFixed',
  'PersistentVolumeClaimStatus.allocatedResources',
  'PersistentVolumeClaimStatus.capacity',
  'PersistentVolumeSpec.capacity',
  'PodSpec.overhead',
  'PodStatus.allocatedResources',
  'ResourceFieldSelector.divisor',
  'ResourceQuotaSpec.hard',
  'ResourceQuotaStatus.hard',
  'ResourceQuotaStatus.used',
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'V2HPAScalingRules.tolerance',
  'V2MetricTarget.averageValue',
  'V2MetricTarget.value',
  'V2MetricValueStatus.averageValue',
  'V2MetricValueStatus.value',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
]);

/** The runtimes of this package, by the name they go by in a node's `status.nodeInfo.containerRuntimeVersion`. */
export type BuiltInRuntime = 'simulated' | 'in-process' | 'process' | 'docker';

/** A field that is accepted and not honoured. What is not listed here, nor refused by validation, is honoured. */
export interface UnsupportedField {
  /** Model and field: `PodSpec.hostUsers`. */
  readonly field: string;
  readonly runtimes: readonly BuiltInRuntime[] | 'all';
  readonly why: string;
  /** Which values are not honoured, with the model they stand in; every value unless given. */
  readonly when?: (value: unknown, holder: Readonly<Record<string, unknown>>) => boolean;
}

/** Nothing runs in the simulated runtime that could notice; what only a running program would notice is not listed for it. */
const real: readonly BuiltInRuntime[] = ['in-process', 'process', 'docker'];

/** Volumes that need a driver nobody here has: a pod that mounts one waits with a FailedMount Event. */
const foreignVolumes = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'image',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];

const onlyLocal = (value: unknown): boolean => value === 'Local';

const isTrue = (value: unknown): boolean => value === true;

/** Programs of this machine, and functions of this process: what a container's own kernel namespaces would give, they do not have. */
const local: readonly BuiltInRuntime[] = ['in-process', 'process'];

/** One line for each field of a model, for the same reason. */
const lines = (model: string, fields: readonly string[], runtimes: readonly BuiltInRuntime[], why: string): readonly UnsupportedField[] =>
  fields.map((field) => ({ field: `${model}.${field}`, runtimes, why }));

interface Ports {
  readonly ports?: readonly { readonly hostPort?: number }[];
}

/** With hostNetwork a Pod's ports are the host's anyhow. */
const opensHostPorts = (containers: unknown, { hostNetwork }: Readonly<Record<string, unknown>>): boolean =>
  hostNetwork !== true && (containers as readonly Ports[]).some(({ ports }) => ports?.some(({ hostPort }) => (hostPort ?? 0) > 0) === true);

/** What pods without containers' isolation do without. */
const withoutIsolation: readonly UnsupportedField[] = [
  ...['containers', 'initContainers'].map((field) => ({
    field: `PodSpec.${field}`,
    runtimes: local,
    why: 'a hostPort is kept free and not opened: a Service of type NodePort is',
    when: opensHostPorts,
  })),
  { field: 'PodSpec.setHostnameAsFQDN', runtimes: local, why: 'programs have the host name of their machine', when: isTrue },
  ...lines('PodSpec', ['dnsConfig', 'hostAliases'], local, 'programs resolve names as their machine does'),
  {
    field: 'PodSpec.dnsPolicy',
    runtimes: local,
    why: 'programs resolve names as their machine does',
    when: (value) => value === 'None' || value === 'ClusterFirstWithHostNet',
  },
  ...lines(
    'PodSecurityContext',
    [
      'appArmorProfile',
      'seLinuxChangePolicy',
      'seLinuxOptions',
      'seccompProfile',
      'supplementalGroups',
      'supplementalGroupsPolicy',
      'sysctls',
      'windowsOptions',
    ],
    local,
    'nothing isolates a pod from its machine',
  ),
  ...lines(
    'SecurityContext',
    ['appArmorProfile', 'capabilities', 'procMount', 'seLinuxOptions', 'seccompProfile', 'windowsOptions'],
    local,
    'nothing isolates a container from its machine',
  ),
  {
    field: 'SecurityContext.allowPrivilegeEscalation',
    runtimes: local,
    why: 'a program may do what its user may',
    when: (value) => value === false,
  },
  { field: 'SecurityContext.privileged', runtimes: local, why: 'a program may do what its user may, and no more', when: isTrue },
  { field: 'SecurityContext.readOnlyRootFilesystem', runtimes: local, why: "the files are the machine's", when: isTrue },
  { field: 'VolumeMount.readOnly', runtimes: local, why: 'a volume is a folder of the machine: it can be written to', when: isTrue },
  {
    field: 'VolumeMount.mountPropagation',
    runtimes: local,
    why: 'a volume is a folder of the machine: nothing is mounted',
    when: (value) => value !== 'None',
  },
  { field: 'EmptyDirVolumeSource.sizeLimit', runtimes: local, why: 'the size of a folder is not watched' },
  {
    field: 'ResourceRequirements.limits',
    runtimes: ['process'],
    why: 'memory is held to its limit, processors are not',
    when: (value) => typeof value === 'object' && value !== null && 'cpu' in value,
  },
  { field: 'Container.tty', runtimes: local, why: 'a container has no terminal of its own; exec with a terminal has', when: isTrue },
];

/** What a function that shares its process with its host does without, besides. */
const withoutProcess: readonly UnsupportedField[] = [
  ...lines('PodSecurityContext', ['runAsUser', 'runAsGroup'], ['in-process'], 'a function runs as the user of its process'),
  ...lines('SecurityContext', ['runAsUser', 'runAsGroup'], ['in-process'], 'a function runs as the user of its process'),
  ...lines('Container', ['workingDir'], ['in-process'], 'a function has the working directory of its process'),
  {
    field: 'VolumeMount.mountPath',
    runtimes: ['process'],
    why: "the files are the machine's: a program finds its mounts below $COXSWAIN_ROOT",
  },
  {
    field: 'Container.terminationMessagePath',
    runtimes: ['process'],
    why: 'it is below $COXSWAIN_ROOT',
    when: (value) => value !== '/dev/termination-log',
  },
  {
    field: 'Container.terminationMessagePath',
    runtimes: ['in-process'],
    why: 'a function says its last words by what it throws, or in its log',
    when: (value) => value !== '/dev/termination-log',
  },
  { field: 'Container.stdin', runtimes: ['in-process'], why: 'a function has no standard input', when: isTrue },
  ...lines('ResourceRequirements', ['limits'], ['in-process'], 'a function shares the memory and the processors of its process'),
];

/** Every field that is accepted and not honoured: `docs/support.md` is made from this list. */
export const unsupportedFields: readonly UnsupportedField[] = [
  { field: 'PodSpec.hostUsers', runtimes: real, why: 'there are no user namespaces', when: (value) => value === false },
  ...foreignVolumes.map((type) => ({
    field: `Volume.${type}`,
    runtimes: 'all' as const,
    why: 'there is no driver for such volumes: the pod waits with a FailedMount Event',
  })),
  {
    field: 'VolumeProjection.clusterTrustBundle',
    runtimes: 'all',
    why: 'there are no trust bundles: the pod waits with a FailedMount Event',
  },
  { field: 'VolumeProjection.podCertificate', runtimes: 'all', why: 'no certificates are issued: the pod waits with a FailedMount Event' },
  {
    field: 'EnvVarSource.fileKeyRef',
    runtimes: 'all',
    why: 'newer than Kubernetes 1.33: the container waits with CreateContainerConfigError',
  },
  ...withoutIsolation,
  ...withoutProcess,
  { field: 'Container.volumeDevices', runtimes: 'all', why: 'there are no block volumes' },
  {
    field: 'VolumeMount.recursiveReadOnly',
    runtimes: ['docker'],
    why: 'mounts below a read-only mount keep their own mode',
    when: (value) => value === 'Enabled',
  },
  ...lines('PodSecurityContext', ['seLinuxChangePolicy', 'supplementalGroupsPolicy'], ['docker'], 'the engine has no such choice'),
  ...lines('PodSecurityContext', ['windowsOptions'], ['docker'], 'there are no Windows nodes'),
  ...lines('SecurityContext', ['windowsOptions'], ['docker'], 'there are no Windows nodes'),
  ...['PodSpec', 'ServiceAccount'].map((model) => ({
    field: `${model}.automountServiceAccountToken`,
    runtimes: 'all' as const,
    why: 'no token is mounted unasked: a projected volume with serviceAccountToken has one',
    when: isTrue,
  })),
  {
    field: 'EphemeralContainer.targetContainerName',
    runtimes: ['docker'],
    why: 'the container sees its own processes, or with shareProcessNamespace those of the whole Pod',
  },
  { field: 'NodeSpec.configSource', runtimes: 'all', why: 'Kubernetes 1.33 no longer honours it either' },
  { field: 'Endpoint.hints', runtimes: 'all', why: 'one proxy answers for all nodes: no endpoint is nearer than another' },
  { field: 'Container.restartPolicyRules', runtimes: 'all', why: 'newer than Kubernetes 1.33' },
  { field: 'PodSpec.hostnameOverride', runtimes: 'all', why: 'newer than Kubernetes 1.33' },
  { field: 'PodSpec.resourceClaims', runtimes: 'all', why: 'there is no dynamic resource allocation' },
  {
    field: 'ServiceSpec.externalTrafficPolicy',
    runtimes: 'all',
    why: 'one proxy answers for all nodes: Local is carried as Cluster',
    when: onlyLocal,
  },
  {
    field: 'ServiceSpec.internalTrafficPolicy',
    runtimes: 'all',
    why: 'one proxy answers for all nodes: Local is carried as Cluster',
    when: onlyLocal,
  },
  { field: 'ServiceSpec.healthCheckNodePort', runtimes: 'all', why: 'one proxy answers for all nodes: there is nothing to check per node' },
  { field: 'ServiceSpec.trafficDistribution', runtimes: 'all', why: 'one proxy answers for all nodes: no endpoint is nearer than another' },
  { field: 'ServicePort.protocol', runtimes: 'all', why: 'SCTP is not carried', when: (value) => value === 'SCTP' },
];

/** The runtimes of this package, by the name they go by in a node's `status.nodeInfo.containerRuntimeVersion`. */
export type BuiltInRuntime = 'simulated' | 'in-process' | 'process';

/** A field that is accepted and not honoured. What is not listed here, nor refused by validation, is honoured. */
export interface UnsupportedField {
  /** Model and field: `PodSpec.hostUsers`. */
  readonly field: string;
  readonly runtimes: readonly BuiltInRuntime[] | 'all';
  readonly why: string;
  /** Which values are not honoured; every value unless given. */
  readonly when?: (value: unknown) => boolean;
}

/** Nothing runs in the simulated runtime that could notice; what only a running program would notice is not listed for it. */
const real: readonly BuiltInRuntime[] = ['in-process', 'process'];

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
  { field: 'Container.volumeDevices', runtimes: 'all', why: 'there are no block volumes' },
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

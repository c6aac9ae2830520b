/** Steps of the recordings (Kubernetes 1.20.2) that Kubernetes 1.33 answers otherwise, and this API with it; each with the reason. */
export interface KnownDifference {
  readonly area: string;
  /** How the scenario's name begins. */
  readonly scenario: string;
  readonly steps: readonly number[];
  readonly reason: string;
}

const noMirroring = 'seccomp profiles are no longer mirrored into annotations';
const ttl = 'ttlSecondsAfterFinished is honoured, and not dropped';
const oneReason = 'what an init container may not have is Forbidden, and a wrong policy NotSupported';

export const knownDifferences: readonly KnownDifference[] = [
  { area: 'default-pod', scenario: 'container security context', steps: [0, 1], reason: noMirroring },
  { area: 'default-pod', scenario: 'pod security context', steps: [0, 1], reason: noMirroring },
  { area: 'default-apis', scenario: 'jobs: completions and parallelism', steps: [0, 1], reason: ttl },
  { area: 'validation-batch', scenario: 'jobs create 03', steps: [3], reason: ttl },
  { area: 'validation-batch', scenario: 'jobs update 02', steps: [3], reason: ttl },
  {
    area: 'validation-apps',
    scenario: 'daemonsets create 08',
    steps: [1, 2],
    reason: 'maxUnavailable may be 0 where maxSurge is not, else it is Required',
  },
  {
    area: 'validation-core',
    scenario: 'nodes create 03',
    steps: [1],
    reason: 'two podCIDRs of one family are refused',
  },
  {
    area: 'validation-core',
    scenario: 'nodes update 01',
    steps: [0, 1],
    reason: 'what may not change is said once, at its own field',
  },
  { area: 'validation-core', scenario: 'secrets create 04', steps: [0], reason: 'the path of the missing key is spelt out' },
  { area: 'validation-pod', scenario: 'pods create 06', steps: [0, 1, 3], reason: oneReason },
  { area: 'validation-pod', scenario: 'pods create 11', steps: [2], reason: 'a host port that differs is told at hostPort' },
  { area: 'validation-pod', scenario: 'pods create 38', steps: [0, 1], reason: 'paths into hostAliases have an index' },
  {
    area: 'validation-pod',
    scenario: 'pods create 48',
    steps: [0, 2],
    reason: 'procMount is checked, ephemeralContainers are refused',
  },
  { area: 'validation-service', scenario: 'services create 10', steps: [3], reason: 'externalTrafficPolicy has its list of values' },
  { area: 'generation', scenario: 'services', steps: [5], reason: 'only a LoadBalancer has ingress points' },
  { area: 'subresource-status', scenario: 'services: PUT status', steps: [0, 1], reason: 'only a LoadBalancer has ingress points' },
  {
    area: 'subresource-status',
    scenario: 'pods: PUT status',
    steps: [0, 2],
    reason: 'a status without qosClass keeps the one there was',
  },
  {
    area: 'crud-core',
    scenario: 'services: create, get, list, replace',
    steps: [3, 4, 5],
    reason: 'a replacement may leave out clusterIP',
  },
  { area: 'crud-core', scenario: 'services: deletecollection', steps: [1, 2], reason: 'Services have deletecollection' },
];

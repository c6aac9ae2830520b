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
const oldVersions = 'alpha and beta versions that 1.33 has no more, and API aggregation, are not served';
const singular = 'discovery tells singular names, and the verbs and versions of 1.33';
const anyName = 'a variable may have any name of printable ASCII characters without =';
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
  { area: 'validation-core', scenario: 'secrets create 04', steps: [0], reason: 'the path of the missing key is spelt out' },
  { area: 'validation-pod', scenario: 'pods create 06', steps: [0, 1, 3], reason: oneReason },
  { area: 'validation-pod', scenario: 'pods create 11', steps: [2], reason: 'a host port that differs is told at hostPort' },
  { area: 'validation-pod', scenario: 'pods create 38', steps: [0, 1], reason: 'paths into hostAliases have an index' },
  { area: 'validation-pod', scenario: 'pods create 12', steps: [1, 2], reason: anyName },
  { area: 'validation-pod', scenario: 'pods create 16', steps: [1], reason: anyName },
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
  { area: 'deletion', scenario: 'services: finalizers', steps: [0, 2], reason: 'a delete of a Service answers as that of other kinds' },
  { area: 'deletion-grace', scenario: 'pod on a node, grace negative', steps: [0], reason: 'a grace is never negative' },
  { area: 'discovery', scenario: 'api versions and groups', steps: [2, 3, 5], reason: oldVersions },
  { area: 'discovery', scenario: 'resources of /api/v1 1', steps: [0, 3], reason: singular },
  { area: 'discovery', scenario: 'resources of /api/v1 2', steps: [1, 3], reason: singular },
  { area: 'discovery', scenario: 'resources of /api/v1 4', steps: [1, 3], reason: singular },
  { area: 'discovery', scenario: 'resources of /api/v1 5', steps: [0, 1, 2, 3], reason: singular },
  { area: 'discovery', scenario: 'resources of /api/v1 7', steps: [0, 1], reason: singular },
  { area: 'discovery', scenario: 'resources of /api/v1 7', steps: [2], reason: 'ComponentStatus, deprecated since 1.19, is not served' },
  { area: 'discovery', scenario: 'resources of /apis/apps/v1 2', steps: [1, 3], reason: singular },
  { area: 'discovery', scenario: 'resources of /apis/autoscaling/v1 1', steps: [0], reason: singular },
  { area: 'discovery', scenario: 'resources of /apis/policy/v1beta1 1', steps: [0], reason: singular },
  { area: 'discovery', scenario: 'resources of /apis/rbac.authorization.k8s.io/v1 1', steps: [0, 1, 2, 3], reason: singular },
  {
    area: 'errors-auth',
    scenario: 'wrong credentials',
    steps: [1],
    reason: 'there is no anonymous user: without credentials the answer is 401',
  },
  { area: 'errors-not-found', scenario: 'unknown resources', steps: [8], reason: 'the paths that are listed are those of this server' },
  { area: 'list-selectors', scenario: 'services fields', steps: [1, 2], reason: 'Services are selected by spec.type and spec.clusterIP' },
  {
    area: 'patch-strategic',
    scenario: 'deployment {"metadata":{"labels":{"$patch":"replace","a":"b"}}}',
    steps: [0, 1],
    reason: 'a directive where there is nothing to merge with is dropped',
  },
  { area: 'patch-strategic', scenario: 'service {"spec":{"externalIPs"', steps: [0, 1], reason: 'external IPs have externalTrafficPolicy' },
  {
    area: 'subresource-eviction',
    scenario: 'budget refuses',
    steps: [3, 4],
    reason: 'an evicted Pod and its budget have conditions that say so',
  },
  {
    area: 'subresource-eviction',
    scenario: 'pods without budget',
    steps: [3],
    reason: 'an evicted Pod and its budget have conditions that say so',
  },
  {
    area: 'controllers-job',
    scenario: 'runs one pod to completion',
    steps: [0],
    reason: 'Pods carry the finalizer batch.kubernetes.io/job-tracking until they are counted',
  },
];

/** Messages that Kubernetes 1.33 words otherwise than 1.20.2, or that no other server could give; by what was recorded. */
export interface KnownWording {
  readonly recorded: RegExp;
  readonly reason: string;
}

export const knownWordings: readonly KnownWording[] = [
  {
    recorded: /error found in #10 byte of/,
    reason: 'values of a wrong type: another JSON library words it, without the text around the place',
  },
  {
    recorded: /pod updates may not change fields other than/,
    reason: 'changed fields of a Pod: more fields may change, and the difference is told field by field',
  },
  { recorded: /does not match the ResourceVersion in record/, reason: 'the revision of the recorded server is in the message' },
  { recorded: /failed to create typed patch object:/, reason: 'what an apply refuses is told with the object it is for' },
  { recorded: /but got \{<pointer>/, reason: 'addresses in memory are not told: the names of the kinds are' },
  { recorded: /failed quota: q: must specify/, reason: 'which containers lack what the quota asks for is told' },
  { recorded: /(loopback|link-local|link-local multicast) range \([\d./]+\)/, reason: 'special addresses of IPv6 are told as well' },
  { recorded: /must be valid (CIDR|IP address)|must be a list of IP ranges/, reason: 'addresses and ranges: the examples of 1.33' },
  { recorded: /(must be equal to|must be less than or equal to) \S+ limit($|\]|, )/, reason: 'the limit that is exceeded is told' },
  { recorded: /must contain at least one letter or number/, reason: 'port names need a letter' },
  { recorded: /must be 'File' or 'FallbackToLogsOnError'|ExternalTrafficPolicy must be empty/, reason: 'what is supported is listed' },
  { recorded: /ExternalTrafficPolicy can only be set|HealthCheckNodePort can only be set/, reason: 'Services: the words of 1.33' },
  { recorded: /must match `hostPort` when/, reason: 'a host port that differs is told at hostPort' },
  { recorded: /must not be set for init containers/, reason: 'what an init container may not have is Forbidden' },
  { recorded: /core\.SecurityContext\{|runtime\.Unknown\{/, reason: 'values that Go would show as addresses or bytes are shown as JSON' },
  { recorded: /updates to statefulset spec for fields other than/, reason: 'more fields of a StatefulSet may change' },
  { recorded: /RollingUpdateStatefulSetStrategy\{Partition:1\}/, reason: 'update strategies have a field more' },
  { recorded: /IntVal:0, StrVal:"(0%)?"\}: cannot be 0/, reason: 'maxUnavailable may be 0 where maxSurge is not, else it is Required' },
  { recorded: /"controller-uid":"<uid>"/, reason: 'labels of Jobs have a domain as well' },
  { recorded: /spec\.hostAliases\.|data\[%s\]/, reason: 'paths are spelt out' },
  { recorded: /^<\d+ characters/, reason: 'long values of structs, which have more fields now, are shown as JSON' },
  { recorded: /int64Amount\{value:\d+, scale:-[12]\}/, reason: 'amounts are shown as they are stored: 1500m, not 1.5' },
  { recorded: /Invalid value: map\[string\]string\{\}/, reason: 'labels that are empty are none' },
  {
    recorded: /is invalid: patch: Invalid value: "\{|^Invalid value: "\{\\/,
    reason: 'fields of a patched object are in the order they were given in',
  },
  { recorded: /yaml: line 2: did not find/, reason: 'the YAML library says it in its own words' },
];

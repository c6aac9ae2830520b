import type { ContainerImage, NodeCondition, NodeManifest, NodeStatus, Quantity, Taint } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { Quantity as Amount } from '../api/quantity.ts';
import { formatTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import type { ImageReport, RuntimeInfo } from '../runtimes/runtime.ts';

/** What the host says of a node. */
export interface NodeDescription {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Quantities over those the runtime reports. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Quantities kept back from pods: allocatable is capacity less these. */
  readonly reserved?: Readonly<Record<string, string>>;
}

/** The version of Kubernetes this kubelet behaves as. */
export const kubeletVersion = 'v1.33.0';

const imagesMax = 50;

/** What the node offers in all. */
export const capacityOf = (node: NodeDescription, info: RuntimeInfo): Readonly<Record<string, Quantity>> => ({
  ...info.capacity,
  ...node.capacity,
});

/** What of it pods may have. */
export function allocatableOf(node: NodeDescription, info: RuntimeInfo): Readonly<Record<string, Quantity>> {
  const capacity = capacityOf(node, info);
  if (node.reserved === undefined) return capacity;
  const allocatable: Record<string, Quantity> = { ...capacity };
  for (const [resource, kept] of Object.entries(node.reserved)) {
    const all = capacity[resource];
    if (all === undefined) continue;
    const left = Amount.parse(all).sub(Amount.parse(kept));
    allocatable[resource] = left.isNegative ? '0' : left.toString();
  }
  return allocatable;
}

/**
 * The Node object a kubelet registers.
 * Source: https://kubernetes.io/docs/concepts/architecture/nodes/
 */
export function nodeManifest(node: NodeDescription, info: RuntimeInfo): NodeManifest {
  const { operatingSystem: os, architecture: arch, podCidr } = info;
  const labels = {
    'beta.kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': os,
    'kubernetes.io/arch': arch,
    'kubernetes.io/hostname': node.name,
    'kubernetes.io/os': os,
    ...node.labels,
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels, ...(node.annotations === undefined ? undefined : { annotations: node.annotations }) },
    spec: {
      ...(podCidr === undefined ? undefined : { podCIDR: podCidr, podCIDRs: [podCidr] }),
      ...(node.taints === undefined || node.taints.length === 0 ? undefined : { taints: node.taints }),
    },
  };
}

export interface NodeHealth {
  /** Why the runtime cannot be used; undefined if it can. */
  readonly runtimeError: string | undefined;
}

export interface NodeStatusInput {
  readonly node: NodeDescription;
  readonly info: RuntimeInfo;
  readonly health: NodeHealth;
  readonly images: readonly ImageReport[];
  /** The status so far: conditions of others are kept, times of transition too. */
  readonly old: NodeStatus | undefined;
  readonly now: Instant;
}

/** The node's status: capacity, addresses, conditions with their heartbeat. */
export function nodeStatus({ node, info, health, images, old, now }: NodeStatusInput): NodeStatus {
  const { runtimeHandlers = [] } = info;
  return {
    ...old,
    addresses: [
      { type: 'InternalIP', address: info.hostAddress },
      { type: 'Hostname', address: node.name },
    ],
    allocatable: allocatableOf(node, info),
    capacity: capacityOf(node, info),
    conditions: conditionsOf(info, health, old?.conditions ?? [], formatTime(now)),
    images: imagesOf(images),
    ...(runtimeHandlers.length === 0 ? {} : { runtimeHandlers: ['', ...runtimeHandlers].map((name) => ({ name })) }),
    nodeInfo: {
      architecture: info.architecture,
      bootID: '',
      containerRuntimeVersion: `${info.name}://${info.version}`,
      kernelVersion: info.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: node.name,
      operatingSystem: info.operatingSystem,
      osImage: info.osImage,
      systemUUID: node.name,
    },
  };
}

type Verdict = readonly [type: string, status: string, reason: string, message: string];

function conditionsOf(
  { conditions = [] }: RuntimeInfo,
  { runtimeError }: NodeHealth,
  old: readonly NodeCondition[],
  now: string,
): readonly NodeCondition[] {
  const verdicts: readonly Verdict[] = [
    ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    runtimeError === undefined
      ? ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']
      : ['Ready', 'False', 'KubeletNotReady', `container runtime is down: ${runtimeError}`],
    ...conditions.map(({ type, status, reason, message }): Verdict => [type, status, reason, message]),
  ];
  const others = old.filter(({ type }) => !verdicts.some(([own]) => own === type));
  return [...others, ...verdicts.map((verdict) => condition(verdict, old, now))];
}

function condition([type, status, reason, message]: Verdict, old: readonly NodeCondition[], now: string): NodeCondition {
  const before = old.find((each) => each.type === type);
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
}

/** The largest images, as many as a kubelet lists. */
function imagesOf(images: readonly ImageReport[]): readonly ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .slice(0, imagesMax)
    .map(({ names, sizeBytes }) => ({ names, sizeBytes }));
}

export const isNodeReady = (node: Stored<NodeManifest>): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

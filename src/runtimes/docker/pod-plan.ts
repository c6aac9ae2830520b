import type { Container, PodSpec } from '../../api/generated/models.ts';
import type { SandboxConfig } from '../runtime.ts';

/** A port the pod's address has to lead out of the engine's network. */
export interface PlannedPort {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Undefined: any free port of the engine's machine. */
  readonly hostPort: number | undefined;
  readonly hostIp: string | undefined;
}

/** What of a pod the engine has to know for as long as the pod lives: written into a label, so that the next host finds it. */
export interface PodPlan {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly attempt: number;
  readonly createdAtMs: number;
  /** The pod's address; undefined in the network of its machine. */
  readonly ip: string | undefined;
  /** True if a container of its own keeps the pod's namespaces. */
  readonly sandboxed: boolean;
  readonly hostname: string;
  readonly dns: SandboxConfig['dns'];
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly sharesProcesses: boolean;
  /** `name:address`. */
  readonly extraHosts: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  readonly ports: readonly PlannedPort[];
  /** The engine's runtime for all containers of the pod; undefined for its usual one. */
  readonly runtime?: string;
}

const containersOf = (spec: PodSpec): readonly Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/**
 * Whether a pod has to have a container that keeps its namespaces. A pod of one container has nobody to share them with, and its
 * address is fixed: it does without, which saves the third of its start.
 */
function needsSandbox(spec: PodSpec): boolean {
  return containersOf(spec).length !== 1 || (spec.ephemeralContainers?.length ?? 0) > 0 || spec.shareProcessNamespace === true;
}

/** The ports to be led out: those with a hostPort, and all if pods cannot be reached by address. */
function plannedPorts(spec: PodSpec, publishAll: boolean, publishAt: string): readonly PlannedPort[] {
  if (spec.hostNetwork === true) return [];
  const all = containersOf(spec).flatMap((container) => container.ports ?? []);
  return all.flatMap(({ containerPort, protocol = 'TCP', hostPort, hostIP }): readonly PlannedPort[] => {
    const fixed = (hostPort ?? 0) > 0;
    if (!fixed && !publishAll) return [];
    const hostIp = hostIP === undefined || hostIP === '' ? undefined : hostIP;
    return [
      {
        port: containerPort,
        protocol: protocol as PlannedPort['protocol'],
        hostPort: fixed ? hostPort : undefined,
        hostIp: fixed ? hostIp : publishAt,
      },
    ];
  });
}

export interface PodPlanInput {
  readonly config: SandboxConfig;
  readonly ip: string | undefined;
  readonly createdAtMs: number;
  /** `always`: also where a pod could do without. */
  readonly sandbox: 'auto' | 'always';
  readonly publishAll: boolean;
  /** The address at which ports are published that ask for none. */
  readonly publishAt: string;
}

export function podPlan({ config, ip, createdAtMs, sandbox, publishAll, publishAt }: PodPlanInput): PodPlan {
  const { pod, attempt, hostname, dns, runtimeHandler = '' } = config;
  const spec = pod.spec ?? { containers: [] };
  const { securityContext } = spec;
  const groups = [
    ...(securityContext?.supplementalGroups ?? []),
    ...(securityContext?.fsGroup === undefined ? [] : [securityContext.fsGroup]),
  ];
  return {
    uid: pod.metadata.uid,
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? '',
    attempt,
    createdAtMs,
    ip,
    sandboxed: sandbox === 'always' || needsSandbox(spec),
    hostname,
    dns,
    hostNetwork: spec.hostNetwork === true,
    hostPid: spec.hostPID === true,
    hostIpc: spec.hostIPC === true,
    sharesProcesses: spec.shareProcessNamespace === true,
    extraHosts: (spec.hostAliases ?? []).flatMap((alias) => (alias.hostnames ?? []).map((name) => `${name}:${alias.ip}`)),
    sysctls: Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    groups: [...new Set(groups.map(String))],
    ports: plannedPorts(spec, publishAll, publishAt),
    ...(runtimeHandler === '' ? {} : { runtime: runtimeHandler }),
  };
}

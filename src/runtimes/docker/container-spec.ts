import type { ContainerConfig, ResolvedMount } from '../runtime.ts';
import type { Labels } from './docker-labels.ts';
import type { PlannedPort, PodPlan } from './pod-plan.ts';
import type { ResourceSpec } from './resource-spec.ts';
import type { SecuritySpec } from './security-spec.ts';

/** Where a mount's contents are: a path of the engine's machine, or one of the engine's volumes. */
export interface MountSource {
  readonly type: 'bind' | 'volume';
  readonly source: string;
  /** Within a volume. */
  readonly subPath: string;
}

/** Whose network a container has. */
export type NetworkPlace =
  { readonly type: 'pod'; readonly network: string } | { readonly type: 'host' } | { readonly type: 'joined'; readonly container: string };

/** What a container is made of; everything has been looked up. */
export interface ContainerParts {
  readonly plan: PodPlan;
  readonly config: ContainerConfig;
  readonly labels: Labels;
  readonly network: NetworkPlace;
  /** The container that keeps the pod's namespaces; undefined if there is none. */
  readonly sandbox: string | undefined;
  readonly mounts: readonly { readonly resolved: ResolvedMount; readonly at: MountSource }[];
  /** A file of the engine's machine that takes the termination message; undefined if there can be none. */
  readonly messageFile: string | undefined;
  readonly resources: ResourceSpec;
  readonly security: SecuritySpec;
}

type Body = Readonly<Record<string, unknown>>;

/** A log grows to 10 MiB five times, as a kubelet has it by default. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } };
const propagations: Readonly<Record<string, string>> = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' };

/** The engine's words for a new container of a pod. */
export function containerBody(parts: ContainerParts): Body {
  const { plan, config, labels, sandbox, resources, security, network } = parts;
  const { container } = config;
  const outer = network.type === 'joined' ? { body: {}, host: {} } : namespaceOwner(plan, network);
  return {
    Image: config.image,
    Labels: labels,
    Env: config.env.map(({ name, value }) => `${name}=${value}`),
    ...(config.command === undefined ? {} : { Entrypoint: config.command }),
    ...(config.args === undefined ? {} : { Cmd: config.args }),
    ...(config.workingDir === undefined ? {} : { WorkingDir: config.workingDir }),
    ...(container.stdin === true ? { OpenStdin: true, AttachStdin: true, StdinOnce: container.stdinOnce === true } : {}),
    ...(container.tty === true ? { Tty: true } : {}),
    ...(security.User === undefined ? {} : { User: security.User }),
    ...(container.lifecycle?.stopSignal === undefined ? {} : { StopSignal: container.lifecycle.stopSignal }),
    // The kubelet probes: the image's own check would only cost.
    Healthcheck: { Test: ['NONE'] },
    ...outer.body,
    HostConfig: {
      ...outer.host,
      ...(network.type === 'joined' ? { NetworkMode: `container:${network.container}` } : {}),
      ...sharedNamespaces(plan, sandbox),
      ...runtimeOf(plan),
      LogConfig: logConfig,
      RestartPolicy: { Name: 'no' },
      ...(plan.groups.length === 0 ? {} : { GroupAdd: plan.groups }),
      Mounts: mountsOf(parts),
      ...resources,
      ...security.host,
    },
  };
}

/** The engine's words for the container that keeps a pod's namespaces. */
export function sandboxBody(plan: PodPlan, image: string, labels: Labels, network: NetworkPlace): Body {
  const { body, host } = namespaceOwner(plan, network);
  return {
    Image: image,
    Labels: labels,
    ...body,
    HostConfig: {
      ...host,
      ...(plan.hostPid ? { PidMode: 'host' } : {}),
      IpcMode: plan.hostIpc ? 'host' : 'shareable',
      ...runtimeOf(plan),
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
      CpuShares: 2,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
    },
  };
}

/** Name, names and network: of the one container of a pod that does not join another's. */
function namespaceOwner(plan: PodPlan, network: NetworkPlace): { readonly body: Body; readonly host: Body } {
  const { hostname, dns, extraHosts, sysctls, ports, ip } = plan;
  const host = {
    NetworkMode: network.type === 'pod' ? network.network : 'host',
    ...(dns === undefined || dns.nameservers.length === 0 ? {} : { Dns: dns.nameservers }),
    ...(dns === undefined || dns.searches.length === 0 ? {} : { DnsSearch: dns.searches }),
    ...(dns === undefined || dns.options.length === 0 ? {} : { DnsOptions: dns.options }),
    ...(extraHosts.length === 0 ? {} : { ExtraHosts: extraHosts }),
    ...(Object.keys(sysctls).length === 0 ? {} : { Sysctls: sysctls }),
    ...(ports.length === 0 ? {} : { PortBindings: portBindings(ports) }),
  };
  if (network.type !== 'pod') return { body: { Hostname: hostname }, host };
  const endpoint = ip === undefined ? {} : { IPAMConfig: { IPv4Address: ip } };
  const body = {
    Hostname: hostname,
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    NetworkingConfig: { EndpointsConfig: { [network.network]: endpoint } },
  };
  return { body, host };
}

const runtimeOf = ({ runtime }: PodPlan): Body => (runtime === undefined ? {} : { Runtime: runtime });

function sharedNamespaces(plan: PodPlan, sandbox: string | undefined): Body {
  const pid = plan.hostPid ? 'host' : plan.sharesProcesses && sandbox !== undefined ? `container:${sandbox}` : undefined;
  const ipc = plan.hostIpc ? 'host' : sandbox === undefined ? undefined : `container:${sandbox}`;
  return { ...(pid === undefined ? {} : { PidMode: pid }), ...(ipc === undefined ? {} : { IpcMode: ipc }) };
}

/** As the engine names a port: `8080/tcp`. */
const portKey = ({ port, protocol }: Pick<PlannedPort, 'port' | 'protocol'>): string => `${port}/${protocol.toLowerCase()}`;

function portBindings(ports: readonly PlannedPort[]): Body {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    (bindings[portKey(port)] ??= []).push({
      HostIp: port.hostIp ?? '',
      HostPort: port.hostPort === undefined ? '' : String(port.hostPort),
    });
  }
  return bindings;
}

function mountsOf({ mounts, messageFile, config }: ContainerParts): readonly Body[] {
  const own = mounts.map(({ resolved, at }) => {
    const { mount, readOnly } = resolved;
    const common = { Target: mount.mountPath, Source: at.source, ReadOnly: readOnly };
    if (at.type === 'bind') {
      return { ...common, Type: 'bind', BindOptions: { Propagation: propagations[mount.mountPropagation ?? 'None'] } };
    }
    return { ...common, Type: 'volume', VolumeOptions: { NoCopy: true, ...(at.subPath === '' ? {} : { Subpath: at.subPath }) } };
  });
  if (messageFile === undefined) return own;
  return [...own, { Type: 'bind', Source: messageFile, Target: messagePathOf(config), ReadOnly: false }];
}

/** Where a container writes what it has to say about its end. */
const messagePathOf = ({ container }: ContainerConfig): string => container.terminationMessagePath ?? '/dev/termination-log';

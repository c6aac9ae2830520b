import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Client } from './api/client.ts';
import type { PodManifest } from './api/generated/models.ts';
import type { ObjectName, Stored } from './api/object.ts';
import { notFound } from './api/status-errors.ts';
import type {
  Archive,
  CallOptions,
  ContainerChoice,
  ExecOptions,
  ExecSession,
  LogChunk,
  LogOptions,
  PodStreams,
  PortForward,
} from './api/streams.ts';
import type { View } from './api/view.ts';
import type { ClusterOptions, NodeOptions } from './cluster-options.ts';
import { checkNodeOptions } from './cluster-options-check.ts';
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SystemSecureRandom } from './env/system-secure-random.ts';
import { AbortedError, BadRequestError, ClosedError, ConfigurationError } from './errors.ts';
import { KubeletCommons } from './kubelet/kubelet-commons.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { LocalVolumes } from './kubelet/local-volumes.ts';
import type { TokenSource } from './kubelet/kubelet-parts.ts';
import { podKind } from './kinds/pod.ts';
import { serviceKind } from './kinds/service.ts';
import type { ParticipantGroup } from './loop/participant-group.ts';
import { UsageMeter } from './metrics/usage-meter.ts';
import type { PodAddress, PodStats, Runtime } from './runtimes/runtime.ts';
import { SharedObjects } from './runtimes/shared-objects.ts';
import { forwardPort } from './proxy/port-forwarder.ts';
import type { ListenerProblem, ServiceProxy } from './proxy/service-proxy.ts';

export interface ClusterNodesParts {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly view: View;
  readonly client: () => Client;
  readonly participants: ParticipantGroup;
  /** Issues the tokens that projected volumes ask for. */
  readonly tokens: TokenSource;
  readonly options: ClusterOptions;
}

/** Below the state folder: what outlives the nodes. */
const volumesFolder = 'volumes';

/** How long a Pod's end waits for what is in flight to it, inside its grace period. */
const drainMs = 10_000;

/** The nodes that run in this process, their service proxy, and what leads into their Pods. */
export class ClusterNodes implements PodStreams {
  readonly #parts: ClusterNodesParts;
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #commons = new KubeletCommons();
  readonly #runtimeCommons = new SharedObjects();
  readonly #secureRandom = new SystemSecureRandom();
  readonly #forwards = new Set<PortForward>();
  #stateDir: string | undefined;
  #disposed = false;
  readonly #runtimes = new Map<string, Runtime>();
  #proxy: ServiceProxy | undefined;
  #localVolumes: LocalVolumes | undefined;
  readonly #meter: UsageMeter;

  constructor(parts: ClusterNodesParts) {
    this.#parts = parts;
    this.#meter = new UsageMeter({ view: parts.view, clock: parts.clock, stats: () => this.stats() });
  }

  /** The proxy of this process, once there is a node that needs one. */
  get proxy(): ServiceProxy | undefined {
    return this.#proxy;
  }

  get carriesServices(): boolean {
    return this.#proxy !== undefined;
  }

  get names(): readonly string[] {
    return [...this.#kubelets.keys()];
  }

  /** Opens the node's runtime and starts its kubelet. Rejects with `ConfigurationError` for what cannot work together. */
  async add(node: NodeOptions, signal?: AbortSignal): Promise<void> {
    const { clock, options, view, logger, random, clusterId } = this.#parts;
    checkNodeOptions(node);
    if (this.#kubelets.has(node.name)) throw new ConfigurationError(`a node ${JSON.stringify(node.name)} is in this cluster already`);
    if (clock.virtual && !node.runtime.virtual) {
      throw new ConfigurationError(
        `the runtime ${node.runtime.name} does real work, which a ManualClock cannot time: use the system clock, or a SimulatedRuntime`,
      );
    }
    const onHostDeath = options.onHostDeath ?? 'kill';
    if (onHostDeath === 'keep' && options.store?.durable !== true) {
      throw new ConfigurationError(
        "onHostDeath: 'keep' needs a store that survives the process: nobody would know the pods that were kept",
      );
    }
    const withProxy = await this.#startProxy(node);
    const stateFolder = (): string => this.#stateFolder();
    const kubelet = await Kubelet.open({
      node,
      runtime: node.runtime,
      env: {
        clock,
        logger,
        random: random.fork(`runtime/${node.name}`),
        secureRandom: this.#secureRandom,
        clusterId,
        nodeName: node.name,
        commons: this.#runtimeCommons,
        onHostDeath,
        // Made when a runtime first asks: most of a test's nodes put nothing there.
        get stateDir() {
          return join(stateFolder(), node.name);
        },
        ...this.#volumesDir(node.name),
        ...(node.podCidr === undefined ? {} : { podCidr: node.podCidr }),
      },
      client: this.#parts.client(),
      tokens: this.#parts.tokens,
      view,
      commons: this.#commons,
      drainMs: withProxy ? drainMs : 0,
      ...clusterDnsOf(options),
      ...(options.tokens === undefined ? {} : { tokens: options.tokens }),
      ...(options.nodeHealth?.leaseRenewMs === undefined ? {} : { leaseRenewMs: options.nodeHealth.leaseRenewMs }),
    });
    if (this.#disposed || signal?.aborted === true) {
      // Nobody waits for it any more.
      await kubelet.close();
      throw this.#disposed ? new ClosedError('the cluster') : new AbortedError(`adding node ${node.name}`, signal?.reason);
    }
    this.#kubelets.set(node.name, kubelet);
    this.#runtimes.set(node.name, node.runtime);
    this.#parts.participants.add(kubelet);
    this.#lookAfterVolumes();
  }

  /** Ends a node's Pods and its kubelet, as a machine that is switched off. Its Node object stays, and falls silent. */
  async powerOff(name: string): Promise<void> {
    const kubelet = this.#kubelets.get(name);
    if (kubelet === undefined)
      throw new ConfigurationError(`no node ${JSON.stringify(name)} runs in this process; there are ${this.names.join(', ') || 'none'}`);
    this.#kubelets.delete(name);
    this.#runtimes.delete(name);
    await this.#parts.participants.remove(kubelet);
  }

  /** What the Pods of this process use, for whoever looks at it now and then. */
  usage(): ReturnType<UsageMeter['read']> {
    return this.#meter.read();
  }

  /** What the Pods of this process have used. */
  async stats(): Promise<readonly PodStats[]> {
    return (await Promise.all([...this.#kubelets.values()].map((kubelet) => kubelet.stats()))).flat();
  }

  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined {
    return this.#kubeletOf(podUid)?.podAddress(podUid, port, protocol);
  }

  /** That of the pod's node, if it is one of this process. */
  #kubeletOf(podUid: string): Kubelet | undefined {
    const pod = this.#parts.view.byUid(podUid) as Stored<PodManifest> | undefined;
    return this.#kubelets.get(pod?.spec?.nodeName ?? '');
  }

  logs(at: ObjectName, options: LogOptions & ContainerChoice & { readonly previous?: boolean } = {}): AsyncIterable<LogChunk> {
    const { container, ...rest } = options;
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.logs({ podUid, ...(container === undefined ? {} : { container }) }, rest);
  }

  async exec(at: ObjectName, options: ExecOptions & ContainerChoice): Promise<ExecSession> {
    const { container, ...rest } = options;
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.exec({ podUid, ...(container === undefined ? {} : { container }) }, rest);
  }

  async attach(at: ObjectName, options: Omit<ExecOptions, 'command'> & ContainerChoice): Promise<ExecSession> {
    const { container, ...rest } = options;
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.attach({ podUid, ...(container === undefined ? {} : { container }) }, rest);
  }

  async copyFrom(at: ObjectName, path: string, options: CallOptions & ContainerChoice = {}): Promise<AsyncIterable<Uint8Array>> {
    const { container, ...rest } = options;
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.copyFrom({ podUid, ...(container === undefined ? {} : { container }) }, path, rest);
  }

  async copyTo(at: ObjectName, folder: string, archive: Archive, options: CallOptions & ContainerChoice = {}): Promise<void> {
    const { container, ...rest } = options;
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.copyTo({ podUid, ...(container === undefined ? {} : { container }) }, folder, archive, rest);
  }

  async portForward(at: ObjectName, port: number, options?: CallOptions): Promise<Duplex> {
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.portForward(podUid, port, options);
  }

  /** Every connection is led to the Pod; the port closes with the cluster at the latest. */
  async forwardPort(at: ObjectName, port: number, options?: { readonly localPort?: number; readonly host?: string }): Promise<PortForward> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new BadRequestError(`port forward: expected a port of the pod from 1 to 65535, found ${port}`);
    this.#find(at);
    const forward = await forwardPort(() => this.portForward(at, port), options);
    this.#forwards.add(forward);
    return forward;
  }

  serviceAddress(at: ObjectName, port?: string | number): { readonly host: string; readonly port: number } | undefined {
    const service = this.#parts.view.get(serviceKind, at.namespace, at.name);
    if (service === undefined) throw notFound(serviceKind, at.name);
    const listeners = (this.#proxy?.listeners() ?? []).filter(
      (each) =>
        each.service.namespace === at.namespace &&
        each.service.name === at.name &&
        (port === undefined || each.portName === port || each.port === port),
    );
    const best = listeners.find((each) => each.localPort === each.port) ?? listeners[0];
    return best === undefined ? undefined : { host: best.address, port: best.localPort };
  }

  /** What the nodes leave behind goes with them; the participants themselves are closed by the loop. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const forward of this.#forwards) await forward.close();
    if (this.#stateDir === undefined || (this.#parts.options.onHostDeath ?? 'kill') !== 'kill') return;
    const kept = this.#keepsVolumes ? [volumesFolder] : [];
    if (kept.length === 0) return rmSync(this.#stateDir, { recursive: true, force: true });
    for (const entry of existsSync(this.#stateDir) ? readdirSync(this.#stateDir) : [])
      if (!kept.includes(entry)) rmSync(join(this.#stateDir, entry), { recursive: true, force: true });
  }

  /** What is in persistent volumes lives as long as the objects that speak of them. */
  get #keepsVolumes(): boolean {
    return this.#parts.options.store?.durable === true && this.#parts.options.stateDir !== undefined;
  }

  #volumesDir(nodeName: string): { readonly volumesDir?: string } {
    return this.#keepsVolumes ? { volumesDir: join(this.#stateFolder(), volumesFolder, nodeName) } : {};
  }

  #lookAfterVolumes(): void {
    if (this.#localVolumes !== undefined) return;
    const { client, clock, logger, participants } = this.#parts;
    this.#localVolumes = new LocalVolumes({ client, clock, logger, runtimeOf: (name) => this.#runtimes.get(name) });
    participants.add(this.#localVolumes);
  }

  #find(at: ObjectName): { readonly kubelet: Kubelet; readonly podUid: string } {
    const pod = this.#parts.view.get(podKind, at.namespace, at.name);
    if (pod === undefined) throw notFound(podKind, at.name);
    const node = pod.spec?.nodeName ?? '';
    if (node === '') throw new BadRequestError(`pod ${at.name} does not have a host assigned`);
    const kubelet = this.#kubelets.get(node);
    if (kubelet === undefined) throw new BadRequestError(`pod ${at.name} runs on node ${node}, which is not in this process`);
    return { kubelet, podUid: pod.metadata.uid };
  }

  /** Real Pods get a real proxy; simulated ones have no traffic. */
  async #startProxy(node: NodeOptions): Promise<boolean> {
    const { options, clock, logger, random, view, participants } = this.#parts;
    if (options.proxy === 'none' || clock.virtual || node.runtime.simulated === true) return this.#proxy !== undefined;
    if (this.#proxy !== undefined) return true;
    const { UserspaceServiceProxy } = await import('./proxy/userspace-service-proxy.ts');
    this.#proxy ??= new UserspaceServiceProxy({
      ...options.proxy,
      externalAddresses: [...(options.proxy?.externalAddresses ?? []), ...(options.loadBalancerAddresses ?? [])],
      clock,
      logger,
      random,
      resolve: (podUid, ip, port, protocol) => {
        const kubelet = this.#kubeletOf(podUid);
        // What a runtime of ours cannot reach is not there: at its bare address a connection might wait for ever.
        return kubelet === undefined ? { host: ip, port } : kubelet.podAddress(podUid, port, protocol);
      },
      markDrained: (podUid, atMs) => view.sideTable<number>('drained').set(podUid, atMs),
      forgetDrained: (podUid) => view.sideTable<number>('drained').delete(podUid),
      onProblem: (problem) => this.#tellOf(problem),
    });
    participants.add(this.#proxy);
    return true;
  }

  /** An address of a Service that does not answer is an Event of the Service. */
  #tellOf({ service: { namespace, name }, role, message }: ListenerProblem): void {
    const uid = this.#parts.view.get(serviceKind, namespace, name)?.metadata.uid;
    if (uid === undefined) return;
    const regarding = { apiVersion: 'v1', kind: 'Service', namespace, name, uid };
    this.#parts.client().event(regarding, 'Warning', 'FailedToListen', `${role}: ${message}`, { component: 'service-proxy' });
  }

  #stateFolder(): string {
    return (this.#stateDir ??= this.#parts.options.stateDir ?? mkdtempSync(join(tmpdir(), 'coxswain-')));
  }
}

/** What Pods are told of the cluster's name server: resolvers know no other port than 53. */
function clusterDnsOf({ dns }: ClusterOptions): { readonly clusterDns?: readonly string[]; readonly clusterDomain?: string } {
  if (dns === undefined) return {};
  const { address = '127.0.0.1', port, zone, podNameservers = port === 53 ? [address] : [] } = dns;
  return { clusterDns: podNameservers, ...(zone === undefined ? {} : { clusterDomain: zone }) };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Client } from './api/client.ts';
import type { PodManifest } from './api/generated/models.ts';
import type { ObjectName, Stored } from './api/object.ts';
import { notFound } from './api/status-errors.ts';
import type {
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
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SystemSecureRandom } from './env/system-secure-random.ts';
import { BadRequestError, ConfigurationError } from './errors.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { podKind } from './kinds/pod.ts';
import { serviceKind } from './kinds/service.ts';
import type { ParticipantGroup } from './loop/participant-group.ts';
import type { PodAddress, PodStats } from './runtimes/runtime.ts';
import { forwardPort } from './proxy/port-forwarder.ts';
import type { ServiceProxy } from './proxy/service-proxy.ts';

export interface ClusterNodesParts {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly view: View;
  readonly client: () => Client;
  readonly participants: ParticipantGroup;
  readonly options: ClusterOptions;
}

/** How long a Pod's end waits for what is in flight to it, inside its grace period. */
const drainMs = 10_000;

/** The nodes that run in this process, their service proxy, and what leads into their Pods. */
export class ClusterNodes implements PodStreams {
  readonly #parts: ClusterNodesParts;
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #secureRandom = new SystemSecureRandom();
  readonly #forwards = new Set<PortForward>();
  #stateDir: string | undefined;
  #proxy: ServiceProxy | undefined;

  constructor(parts: ClusterNodesParts) {
    this.#parts = parts;
  }

  /** The proxy of this process, once there is a node that needs one. */
  get proxy(): ServiceProxy | undefined {
    return this.#proxy;
  }

  get names(): readonly string[] {
    return [...this.#kubelets.keys()];
  }

  /** Opens the node's runtime and starts its kubelet. Rejects with `ConfigurationError` for what cannot work together. */
  async add(node: NodeOptions): Promise<void> {
    const { clock, options, view, logger, random, clusterId } = this.#parts;
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
        onHostDeath,
        stateDir: join(this.#stateFolder(), node.name),
        ...(node.podCidr === undefined ? {} : { podCidr: node.podCidr }),
      },
      client: this.#parts.client(),
      view,
      drainMs: withProxy ? drainMs : 0,
      ...(options.nodeHealth?.leaseRenewMs === undefined ? {} : { leaseRenewMs: options.nodeHealth.leaseRenewMs }),
    });
    this.#kubelets.set(node.name, kubelet);
    this.#parts.participants.add(kubelet);
  }

  /** Ends a node's Pods and its kubelet, as a machine that is switched off. Its Node object stays, and falls silent. */
  async powerOff(name: string): Promise<void> {
    const kubelet = this.#kubelets.get(name);
    if (kubelet === undefined)
      throw new ConfigurationError(`no node ${JSON.stringify(name)} runs in this process; there are ${this.names.join(', ') || 'none'}`);
    this.#kubelets.delete(name);
    await this.#parts.participants.remove(kubelet);
  }

  /** What the Pods of this process use. */
  async stats(): Promise<readonly PodStats[]> {
    return (await Promise.all([...this.#kubelets.values()].map((kubelet) => kubelet.stats()))).flat();
  }

  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined {
    const pod = this.#parts.view.byUid(podUid) as Stored<PodManifest> | undefined;
    return this.#kubelets.get(pod?.spec?.nodeName ?? '')?.podAddress(podUid, port, protocol);
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

  async portForward(at: ObjectName, port: number, options?: CallOptions): Promise<Duplex> {
    const { kubelet, podUid } = this.#find(at);
    return kubelet.streams.portForward(podUid, port, options);
  }

  /** Every connection is led to the Pod; the port closes with the cluster at the latest. */
  async forwardPort(at: ObjectName, port: number, options?: { readonly localPort?: number; readonly host?: string }): Promise<PortForward> {
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
    for (const forward of this.#forwards) await forward.close();
    if (this.#stateDir !== undefined && (this.#parts.options.onHostDeath ?? 'kill') === 'kill')
      rmSync(this.#stateDir, { recursive: true, force: true });
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
      clock,
      logger,
      random,
      resolve: (podUid, ip, port, protocol) => this.podAddress(podUid, port, protocol) ?? { host: ip, port },
      markDrained: (podUid, atMs) => view.sideTable<number>('drained').set(podUid, atMs),
    });
    participants.add(this.#proxy);
    return true;
  }

  #stateFolder(): string {
    return (this.#stateDir ??= this.#parts.options.stateDir ?? mkdtempSync(join(tmpdir(), 'coxswain-')));
  }
}

import type { Duplex } from 'node:stream';
import { SystemClock } from '../env/system-clock.ts';
import { ClosedError, ConfigurationError } from '../errors.ts';
import { withDeadline } from '../env/call-deadline.ts';
import { ContainerAccess } from './docker/container-access.ts';
import type { DockerContainer } from './docker/docker-container.ts';
import { checkDockerRuntimeOptions } from './docker/docker-options-check.ts';
import { openDockerNode } from './docker/docker-node-opening.ts';
import type { OpenDockerNode } from './docker/docker-node-opening.ts';
import type { DockerPod } from './docker/docker-pod.ts';
import type { DockerRuntimeOptions } from './docker/docker-runtime-options.ts';
import type { Engine } from './docker/engine.ts';
import { findEngine } from './docker/engine-discovery.ts';
import type { EngineCandidate, EngineSearch } from './docker/engine-discovery.ts';
import { insist } from './docker/insist.ts';
import { removeEngineVolume } from './docker/local-volumes.ts';
import { nodeCapacity } from './docker/node-capacity.ts';
import { podNetworkCondition } from './docker/pod-network-condition.ts';
import { readLog } from './docker/log-stream.ts';
import { RegistryCredentials } from './docker/registry-credentials.ts';
import { execHook, execProbe } from './probes/exec-probe.ts';
import { networkHook, networkProbe } from './probes/network-probe.ts';
import type { ProbeTarget } from './probes/probe-target.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';

const callTimeoutMs = 120_000;
const healthTimeoutMs = 5000;
/** More than are started at a time: what is made next is ready when its turn comes. */
const callsAtATime = 24;

/** An open runtime. */
interface Opened extends OpenDockerNode {
  readonly engine: Engine;
  readonly access: ContainerAccess;
}

/**
 * Pods are containers of a Docker engine, on this machine or another. The containers of a pod share its network (and what else they
 * ask for); a pod keeps its address when its containers restart. Nothing is touched that does not carry this cluster's labels.
 *
 * @example
 * const runtime = new DockerRuntime({ neverPull: true });
 */
export class DockerRuntime implements contract.Runtime {
  readonly name = 'docker';
  readonly virtual = false;
  readonly #options: DockerRuntimeOptions;
  readonly #listeners = new Set<(podUid: string) => void>();
  #opened: Opened | undefined;
  #search: readonly EngineCandidate[] = [];

  /** @throws ConfigurationError if there is no such option, or its value cannot be meant. */
  constructor(options: DockerRuntimeOptions = {}) {
    checkDockerRuntimeOptions(options);
    this.#options = options;
  }

  /** Whether an engine answers where these options (or the environment) lead. Never rejects, starts nothing. */
  static async isAvailable(search: EngineSearch = {}, options: contract.CallOptions = { timeoutMs: 5000 }): Promise<boolean> {
    try {
      const { engine } = await findEngine(search, new SystemClock(), options);
      engine.close();
      return true;
    } catch {
      return false;
    }
  }

  /** Where an engine was looked for when the runtime was opened: which was taken, and why the others were not. */
  get search(): readonly EngineCandidate[] {
    return this.#search;
  }

  async open(env: contract.RuntimeEnv): Promise<contract.RuntimeInfo> {
    const o = this.#options;
    const openFor = this.#opened?.node.env.nodeName;
    if (openFor !== undefined) {
      throw new ConfigurationError(
        `this DockerRuntime is open already, for node "${openFor}": give node "${env.nodeName}" one of its own (new DockerRuntime()), also on the same engine`,
      );
    }
    const { engine, taken, passedOver } = await findEngine(o, env.clock);
    this.#search = [taken, ...passedOver];
    env.logger.info({ node: env.nodeName, source: taken.source, host: taken.host, api: engine.apiVersion }, 'a Docker engine was found');
    try {
      const opened = await openDockerNode(env, {
        engine,
        options: {
          sandbox: o.sandbox ?? 'auto',
          reach: o.reach ?? 'auto',
          sandboxImage: o.sandboxImage,
          podPidsLimit: o.podPidsLimit,
          storageLimits: o.storageLimits ?? false,
          seccompFolder: o.seccompFolder ?? '/var/lib/kubelet/seccomp',
        },
        images: { neverPull: o.neverPull ?? false, platform: o.platform, silenceMs: o.pullSilenceMs ?? 120_000 },
        imageGarbage: o.imageGarbage ?? {},
        credentials: new RegistryCredentials(env.logger, o.env ?? process.env, o.configFolder),
        sharesFiles: o.sharesFiles,
        hostRules: o.hostRules ?? true,
        takeOver: o.takeOver ?? false,
        serviceCidr: o.serviceCidr,
        overlay: o.overlay ?? true,
        relay: o.relay ?? 'auto',
      });
      this.#opened = { ...opened, engine, access: new ContainerAccess(opened.node) };
      opened.node.book.pods.onEvent((podUid) => this.#listeners.forEach((listener) => listener(podUid)));
      return await this.#info(opened);
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  healthy(options?: contract.CallOptions): Promise<void> {
    return this.#call('healthy', { timeoutMs: healthTimeoutMs, ...options }, async ({ engine, node }, signal) => {
      try {
        await engine.json('ping', { method: 'GET', path: '/_ping' }, { signal, timeoutMs: healthTimeoutMs });
      } catch (cause) {
        throw failure.unavailable(`the Docker engine of node "${node.env.nodeName}"`, cause);
      }
    });
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listSandboxes(options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    return this.#call('listSandboxes', options, async ({ node }, signal) => {
      // What this look finds no later one does, and one container that cannot be looked at makes it fail for all.
      const tell = (podUid: string): void => node.watch.changed(podUid);
      await insist(node.clock, signal, () => node.book.refresh(undefined, { signal }, tell));
      return node.book.pods.all().map((pod) => pod.report());
    });
  }

  inspectPod(podUid: string, options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    return this.#call('inspectPod', options, async ({ node }, signal) => {
      if (!node.book.isKnown(podUid)) await insist(node.clock, signal, () => node.book.refresh(podUid, { signal }));
      return node.book.pods.ofPod(podUid).map((pod) => pod.report());
    });
  }

  runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    return this.#call('runSandbox', options, async ({ sandboxes }, signal) => (await sandboxes.ensure(config, signal)).report());
  }

  stopSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('stopSandbox', options, async ({ node, sandboxes }, signal) => {
      const pod = node.book.pods.get(sandboxId);
      if (pod !== undefined) await sandboxes.stop(pod, signal);
    });
  }

  removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeSandbox', options, async ({ node, sandboxes }, signal) => {
      const pod = node.book.pods.get(sandboxId);
      if (pod !== undefined) await sandboxes.remove(pod, signal);
    });
  }

  prepareVolume(sandboxId: string, volumeName: string, content: contract.VolumeContent, options?: contract.CallOptions): Promise<void> {
    return this.#call('prepareVolume', options, ({ node }, signal) =>
      node.book.pods.require(sandboxId).volumes.prepare(volumeName, content, signal),
    );
  }

  removeVolume(name: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeVolume', options, ({ node }, signal) => removeEngineVolume(node.engine, node.env.clusterId, name, signal));
  }

  imageStatus(image: string, options?: contract.CallOptions): Promise<contract.ImageReport | undefined> {
    return this.#call('imageStatus', options, ({ node }, signal) => insist(node.clock, signal, () => node.images.status(image, signal)));
  }

  pullImage(pull: contract.ImagePull, options?: contract.CallOptions): Promise<string> {
    const { pullTimeoutMs = 600_000 } = this.#options;
    return this.#call('pullImage', { timeoutMs: pullTimeoutMs, ...options }, ({ node }, signal) => node.images.pull(pull, signal));
  }

  listImages(options?: contract.CallOptions): Promise<readonly contract.ImageReport[]> {
    return this.#call('listImages', options, ({ node }, signal) => node.images.list(signal));
  }

  removeImage(image: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeImage', options, ({ node }, signal) => node.images.remove(image, signal));
  }

  createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    return this.#call('createContainer', options, ({ node, containers }, signal) =>
      containers.create(node.book.pods.require(sandboxId), config, signal),
    );
  }

  startContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('startContainer', options, async ({ node, containers }, signal) => {
      const { sandbox, container } = node.book.pods.requireContainer(id);
      await containers.start(container, sandbox, signal);
    });
  }

  stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    return this.#call('stopContainer', { timeoutMs: graceMs + callTimeoutMs, ...options }, async ({ node, containers }, signal) => {
      const found = node.book.pods.find(id);
      if (found !== undefined) await containers.stop(found.container, graceMs, signal);
    });
  }

  removeContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeContainer', options, async ({ node, containers }, signal) => {
      const found = node.book.pods.find(id);
      if (found !== undefined) await containers.remove(found.sandbox, found.container, signal);
    });
  }

  probe(
    id: string,
    podIp: string,
    handler: contract.ProbeHandler,
    timeoutMs: number,
    options?: contract.CallOptions,
  ): Promise<contract.ProbeResult> {
    return this.#call('probe', options, async (opened, signal) => {
      const { sandbox, container } = opened.node.book.pods.requireContainer(id);
      if (!container.running) return { outcome: 'failure', message: 'container is not running' };
      const result = await networkProbe(handler, this.#target(opened, sandbox, container, podIp), timeoutMs, signal);
      if (result !== undefined) return result;
      const command = handler.exec?.command ?? [];
      return execProbe(await opened.access.exec(container, { command, signal }), command, opened.node.clock, timeoutMs);
    });
  }

  runHook(id: string, podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    return this.#call('runHook', options, async (opened, signal) => {
      const { sandbox, container } = opened.node.book.pods.requireContainer(id);
      const timeoutMs = options?.timeoutMs ?? callTimeoutMs;
      if (await networkHook(handler, this.#target(opened, sandbox, container, podIp), timeoutMs, signal)) return;
      const command = handler.exec?.command ?? [];
      await execHook(await opened.access.exec(container, { command, signal }), command, opened.node.clock, timeoutMs);
    });
  }

  async *logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    const { node, engine } = this.#open();
    yield* readLog(engine, node.clock, node.book.pods.requireContainer(id).container, options);
  }

  async exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    const { node, access } = this.#open();
    const { container } = node.book.pods.requireContainer(id);
    // Whether it runs is asked of the engine: events may be late.
    const hadEnded = container.ended;
    await node.book.look(container, options);
    if (container.ended && !hadEnded) node.watch.changed(container.podUid);
    return access.exec(container, options);
  }

  async attach(id: string, options: Omit<contract.ExecOptions, 'command'>): Promise<contract.ExecSession> {
    const { node, access } = this.#open();
    const { container } = node.book.pods.requireContainer(id);
    return access.attach(container, options, async () => {
      await node.watch.until(
        container.podUid,
        async () => (await node.book.look(container)) === undefined || container.ended,
        new AbortController().signal,
      );
      return container.state.state === 'exited' ? container.state.exitCode : 137;
    });
  }

  async copyFrom(id: string, path: string, options: contract.CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { node, access } = this.#open();
    return access.copyFrom(node.book.pods.requireContainer(id).container, path, options);
  }

  async copyTo(id: string, folder: string, archive: contract.Archive, options: contract.CallOptions = {}): Promise<void> {
    const { node, access } = this.#open();
    await access.copyTo(node.book.pods.requireContainer(id).container, folder, archive, options);
  }

  portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    return this.#call('portForward', options, ({ node, access }, signal) =>
      access.forward(node.book.pods.require(sandboxId), port, signal),
    );
  }

  stats(options?: contract.CallOptions): Promise<readonly contract.PodStats[]> {
    return this.#call('stats', options, ({ access }, signal) => access.stats(signal));
  }

  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): contract.PodAddress | undefined {
    const pod = this.#opened?.node.book.pods.ofPod(podUid).findLast((each) => each.ready);
    return pod === undefined ? undefined : this.#opened?.access.reachOrTell(pod, port, protocol);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#listeners.clear();
    await opened?.close();
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new ClosedError('the docker runtime');
    return this.#opened;
  }

  async #call<T>(
    name: string,
    options: contract.CallOptions | undefined,
    work: (opened: Opened, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const opened = this.#open();
    return withDeadline(opened.node.clock, name, callTimeoutMs, options, (signal) => work(opened, signal));
  }

  #target({ node, access }: Opened, pod: DockerPod, container: DockerContainer, podIp: string): ProbeTarget {
    return {
      clock: node.clock,
      podIp,
      container: { name: container.name, ports: container.ports },
      reach: (port) => access.require(pod, port),
    };
  }

  async #info({ node, reach }: OpenDockerNode): Promise<contract.RuntimeInfo> {
    const { info } = node;
    const architecture = info.Architecture ?? '';
    return {
      name: this.name,
      version: info.ServerVersion ?? 'unknown',
      capacity: { ...(await nodeCapacity(node)), ...this.#options.capacity },
      operatingSystem: info.OSType ?? 'linux',
      architecture: architecture === 'x86_64' ? 'amd64' : architecture === 'aarch64' ? 'arm64' : architecture,
      kernelVersion: info.KernelVersion ?? '',
      osImage: info.OperatingSystem ?? '',
      hostAddress: node.hostAddress,
      podCidr: node.shared === undefined ? node.network.range.cidr : undefined,
      concurrency: callsAtATime,
      runtimeHandlers: Object.keys(info.Runtimes ?? {}),
      // While it is open, a relay may go down and up.
      get conditions() {
        return [podNetworkCondition(reach)];
      },
    };
  }
}

import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { arch, availableParallelism, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ClosedError, RuntimeError } from '../errors.ts';
import { withDeadline } from '../env/call-deadline.ts';
import { containerId, sandboxId as sandboxIdOf } from './container-id.ts';
import { imageIdOf, InProcessContainer } from './in-process/in-process-container.ts';
import type { InProcessImage, InProcessMain } from './in-process/in-process-image.ts';
import { openNetwork } from './network/open-network.ts';
import type { PodAttachment, PodNetwork } from './network/pod-network.ts';
import { podPorts } from './network/pod-ports.ts';
import { execHook, execProbe } from './probes/exec-probe.ts';
import { networkHook, networkProbe } from './probes/network-probe.ts';
import type { ProbeTarget } from './probes/probe-target.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';
import { Sandbox, SandboxBook } from './sandbox-book.ts';
import { persistentFolder, removePersistent } from './volumes/persistent-folder.ts';
import { VolumeFolders } from './volumes/volume-folders.ts';

export interface InProcessRuntimeOptions {
  /** The images of this node: a function, or a function with commands for `exec`. */
  readonly images: Readonly<Record<string, InProcessMain | InProcessImage>>;
  /** `auto` (default): an address for each pod where the machine has them, else mapped ports; `mapped`: always mapped ports. */
  readonly addresses?: 'auto' | 'mapped';
  /** The machine's processors and memory, and 110 pods, unless given. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** How much output of a container is kept, in bytes; 1 MiB unless given. */
  readonly logBytesMax?: number;
}

/** A pod with its place in the network and its folders. */
interface Pod extends Sandbox<InProcessContainer> {
  readonly attachment: PodAttachment;
  readonly volumes: VolumeFolders;
}

const callTimeoutMs = 120_000;

/**
 * Pods are functions of this process: they start in microseconds, can be stepped through in a debugger, and listen on real sockets. What
 * a function does is not isolated from its host: one that blocks the event loop blocks the cluster, and one that does not return when it
 * is killed goes on unseen. With a `ManualClock`, functions that take their time from `ctx.clock` run in virtual time.
 *
 * @example
 * import { createServer } from 'node:http';
 *
 * const runtime = new InProcessRuntime({
 *   images: {
 *     'web:1': async (ctx) => {
 *       await ctx.listen(createServer((_request, response) => response.end('hello')), 8080);
 *       await ctx.stopped;
 *     },
 *   },
 * });
 */
export class InProcessRuntime implements contract.Runtime {
  readonly name = 'in-process';
  readonly virtual = true;
  readonly #options: InProcessRuntimeOptions;
  readonly #book = new SandboxBook<InProcessContainer, Pod>();
  readonly #pulled = new Set<string>();
  #opened: { readonly env: contract.RuntimeEnv; readonly network: PodNetwork } | undefined;

  constructor(options: InProcessRuntimeOptions) {
    this.#options = options;
  }

  async open(env: contract.RuntimeEnv): Promise<contract.RuntimeInfo> {
    const network = await openNetwork(`${env.clusterId}/${env.nodeName}`, this.#options.addresses ?? 'auto', env.podCidr);
    this.#opened = { env, network };
    const capacity = this.#options.capacity ?? {
      cpu: String(availableParallelism()),
      memory: String(totalmem()),
      pods: '110',
      'ephemeral-storage': '10Gi',
    };
    return {
      name: this.name,
      version: '1',
      capacity,
      operatingSystem: platform(),
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      kernelVersion: release(),
      osImage: `Node.js ${process.version}`,
      hostAddress: network.hostAddress,
      podCidr: network.cidr,
    };
  }

  async healthy(): Promise<void> {
    this.#open();
  }

  onEvent(listener: (podUid: string) => void): () => void {
    return this.#book.onEvent(listener);
  }

  async listSandboxes(): Promise<readonly contract.SandboxReport[]> {
    this.#open();
    return this.#book.all().map((sandbox) => sandbox.report());
  }

  async inspectPod(podUid: string): Promise<readonly contract.SandboxReport[]> {
    this.#open();
    return this.#book.ofPod(podUid).map((sandbox) => sandbox.report());
  }

  runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    return this.#call('runSandbox', options, async ({ env, network }) => {
      const { metadata, spec } = config.pod;
      const id = sandboxIdOf(metadata.uid, config.attempt);
      const existing = this.#book.get(id);
      if (existing !== undefined) return existing.report();
      const attachment = await network.attach({ podUid: id, hostNetwork: spec?.hostNetwork === true, ports: podPorts(spec) });
      const made = this.#book.get(id);
      if (made !== undefined) return made.report();
      const pod = { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '' };
      const volumes = new VolumeFolders(join(env.stateDir, 'pods', id), persistentFolder(env), undefined);
      const record = new Sandbox<InProcessContainer>(pod, config.attempt, env.clock.now(), [attachment.ip]);
      const sandbox: Pod = Object.assign(record, { attachment, volumes });
      this.#book.add(sandbox);
      this.#book.emit(sandbox.podUid);
      return sandbox.report();
    });
  }

  stopSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('stopSandbox', options, async () => {
      const sandbox = this.#book.get(sandboxId);
      if (sandbox !== undefined) await this.#stop(sandbox);
    });
  }

  removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeSandbox', options, async () => {
      const sandbox = this.#book.get(sandboxId);
      if (sandbox !== undefined) await this.#remove(sandbox);
    });
  }

  prepareVolume(sandboxId: string, volumeName: string, content: contract.VolumeContent, options?: contract.CallOptions): Promise<void> {
    return this.#call('prepareVolume', options, () => this.#book.require(sandboxId).volumes.prepare(volumeName, content));
  }

  removeVolume(name: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeVolume', options, ({ env }) => removePersistent(env, name));
  }

  async imageStatus(image: string): Promise<contract.ImageReport | undefined> {
    this.#open();
    return this.#pulled.has(image) ? { id: imageIdOf(image), names: [image], sizeBytes: 0 } : undefined;
  }

  async pullImage({ image }: contract.ImagePull): Promise<string> {
    this.#open();
    if (this.#image(image) === undefined) throw failure.imageNotFound(image, 'no function was given for it in the images of this runtime');
    this.#pulled.add(image);
    return imageIdOf(image);
  }

  async listImages(): Promise<readonly contract.ImageReport[]> {
    this.#open();
    return [...this.#pulled].map((image) => ({ id: imageIdOf(image), names: [image], sizeBytes: 0 }));
  }

  async removeImage(image: string): Promise<void> {
    this.#open();
    this.#pulled.delete(image);
  }

  createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    return this.#call('createContainer', options, async ({ env }) => {
      const sandbox = this.#book.require(sandboxId);
      const id = containerId(sandboxId, config.container.name, config.attempt);
      const image = this.#image(config.image);
      if (sandbox.containers.has(id)) return id;
      if (image === undefined || !sandbox.ready) {
        const why = sandbox.ready ? `image "${config.image}" is not there` : 'its sandbox has stopped';
        throw new RuntimeError('RUNTIME_CREATE_FAILED', `container "${config.container.name}" of pod "${sandbox.podName}": ${why}`);
      }
      const { attachment, volumes } = sandbox;
      const copies = join(env.stateDir, 'pods', sandboxId, '..copies', id);
      const mounts = await Promise.all(
        config.mounts.map(async (mount) => ({ mountPath: mount.mount.mountPath, folder: await volumes.locate(mount, copies) })),
      );
      mounts.sort((a, b) => b.mountPath.length - a.mountPath.length);
      const { clock, random, nodeName } = env;
      const onChange = (): void => this.#book.emit(sandbox.podUid);
      const logBytesMax = this.#options.logBytesMax ?? 1024 * 1024;
      const made = new InProcessContainer({
        id,
        sandbox,
        config,
        image,
        attachment,
        mounts,
        nodeName,
        clock,
        random,
        logBytesMax,
        onChange,
      });
      if (!sandbox.containers.has(id)) sandbox.containers.set(id, made);
      onChange();
      return id;
    });
  }

  async startContainer(id: string): Promise<void> {
    this.#find(id).container.start();
  }

  stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    const timeoutMs = graceMs + callTimeoutMs;
    return this.#call('stopContainer', { timeoutMs, ...options }, async () => this.#book.find(id)?.container.stop(graceMs));
  }

  async removeContainer(id: string): Promise<void> {
    this.#open();
    const found = this.#book.find(id);
    if (found === undefined) return;
    if (found.container.running) throw failure.stillRunning(id);
    found.sandbox.containers.delete(id);
  }

  probe(
    id: string,
    podIp: string,
    handler: contract.ProbeHandler,
    timeoutMs: number,
    options?: contract.CallOptions,
  ): Promise<contract.ProbeResult> {
    return this.#call('probe', options, async ({ env }, signal) => {
      const { sandbox, container } = this.#find(id);
      const command = handler.exec?.command ?? [];
      if (!container.running) return { outcome: 'failure', message: 'container is not running' };
      const result = await networkProbe(handler, this.#target(sandbox, container, podIp), timeoutMs, signal);
      return result ?? execProbe(container.exec({ command }), command, env.clock, timeoutMs);
    });
  }

  runHook(id: string, podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    return this.#call('runHook', options, async ({ env }, signal) => {
      const { sandbox, container } = this.#find(id);
      const timeoutMs = options?.timeoutMs ?? callTimeoutMs;
      if (await networkHook(handler, this.#target(sandbox, container, podIp), timeoutMs, signal)) return;
      const command = handler.exec?.command ?? [];
      await execHook(container.exec({ command }), command, env.clock, timeoutMs);
    });
  }

  async *logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    yield* this.#find(id).container.log.read(options);
  }

  async exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    return this.#find(id).container.exec(options);
  }

  async attach(id: string): Promise<contract.ExecSession> {
    this.#find(id);
    throw failure.unsupported(this.name, 'attach', 'a function has no standard input; follow its log instead');
  }

  portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    return this.#call('portForward', options, () => {
      const address = this.#book.require(sandboxId).attachment.reach(port, 'TCP');
      return new Promise<Duplex>((resolve, reject) => {
        const socket = connect(address, () => resolve(socket));
        socket.once('error', (cause) => reject(failure.portRefused(sandboxId, port, cause)));
      });
    });
  }

  async stats(): Promise<readonly contract.PodStats[]> {
    const { env } = this.#open();
    const atMs = env.clock.now();
    return this.#book
      .all()
      .filter((sandbox) => sandbox.ready)
      .map(({ podUid, containers }) => ({
        podUid,
        atMs,
        containers: [...containers.values()]
          .filter((container) => container.running)
          .map((container) => ({ containerName: container.config.container.name, ...container.stats(atMs) })),
      }));
  }

  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): contract.PodAddress | undefined {
    const sandbox = this.#book.ofPod(podUid).findLast((each) => each.ready);
    return sandbox?.attachment.reach(port, protocol);
  }

  /** Ends every pod whatever `onHostDeath` says: functions cannot outlive their process. */
  async close(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return;
    this.#opened = undefined;
    for (const sandbox of this.#book.all()) await this.#remove(sandbox, opened.network);
    this.#book.clear();
    await opened.network.close();
    if (opened.env.onHostDeath === 'kill') await rm(opened.env.stateDir, { recursive: true, force: true });
  }

  #open(): { readonly env: contract.RuntimeEnv; readonly network: PodNetwork } {
    if (this.#opened === undefined) throw new ClosedError('the in-process runtime');
    return this.#opened;
  }

  async #call<T>(
    name: string,
    options: contract.CallOptions | undefined,
    work: (opened: { readonly env: contract.RuntimeEnv; readonly network: PodNetwork }, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const opened = this.#open();
    return withDeadline(opened.env.clock, name, callTimeoutMs, options, (signal) => work(opened, signal));
  }

  #find(id: string): { readonly sandbox: Pod; readonly container: InProcessContainer } {
    this.#open();
    return this.#book.requireContainer(id);
  }

  #image(image: string): InProcessImage | undefined {
    const found = this.#options.images[image];
    return typeof found === 'function' ? { main: found } : found;
  }

  #target(sandbox: Pod, container: InProcessContainer, podIp: string): ProbeTarget {
    const { attachment } = sandbox;
    const { clock } = this.#open().env;
    return { clock, container: container.config.container, podIp, reach: (port) => attachment.reach(port, 'TCP') };
  }

  async #stop(sandbox: Pod, network = this.#open().network): Promise<void> {
    if (!sandbox.ready) return;
    sandbox.ready = false;
    for (const container of sandbox.containers.values()) container.kill();
    await network.detach(sandbox.id);
    sandbox.ips = [];
    this.#book.emit(sandbox.podUid);
  }

  async #remove(sandbox: Pod, network = this.#open().network): Promise<void> {
    await this.#stop(sandbox, network);
    await sandbox.volumes.remove();
    this.#book.remove(sandbox);
    this.#book.emit(sandbox.podUid);
  }
}

import { connect } from 'node:net';
import { arch, availableParallelism, platform, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { ClosedError, RuntimeError } from '../errors.ts';
import { withDeadline } from '../env/call-deadline.ts';
import { containerId, sandboxId as sandboxIdOf } from './container-id.ts';
import { execHook, execProbe } from './probes/exec-probe.ts';
import { networkHook, networkProbe } from './probes/network-probe.ts';
import type { ProbeTarget } from './probes/probe-target.ts';
import type { OpenProcessNode } from './process/open-process-node.ts';
import { imageIdOf } from './process/process-container.ts';
import type { ProcessContainer } from './process/process-container.ts';
import type { ProcessImage } from './process/process-image.ts';
import { isExecutable } from './process/process-image.ts';
import { openProcessNode } from './process/process-node-opening.ts';
import type { ProcessPod } from './process/process-pod.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';

export interface ProcessRuntimeOptions {
  /** The images of this node: programs of this machine. */
  readonly images?: Readonly<Record<string, ProcessImage>>;
  /** Also take an image's name for the path of a program (`/usr/bin/redis-server`, `./server.js`); false unless given. */
  readonly pathImages?: boolean;
  /**
   * `auto` (default): a loopback address for each pod on Linux, mapped ports elsewhere. `mapped`: always mapped ports. `namespace`: a
   * network namespace for each pod, so that programs that listen on every address run side by side; needs Linux, root and `ip`.
   */
  readonly network?: 'auto' | 'mapped' | 'namespace';
  /**
   * `auto` (default): control groups where the kernel and this user's rights allow them. They hold containers to their memory limits
   * and make their figures exact; without them memory is looked at four times a second. `off`: never.
   */
  readonly controlGroups?: 'auto' | 'off';
  /** Names of further variables of the host's environment that containers get; by default only PATH, HOME, USER, LANG, LC_ALL, TZ, TMPDIR. */
  readonly inheritEnv?: readonly string[];
  /** The machine's processors and memory, and 110 pods, unless given. */
  readonly capacity?: Readonly<Record<string, string>>;
}

const callTimeoutMs = 120_000;

/**
 * Pods are processes of this machine. Each container is a session of its own; whatever it starts is found again, stopped and measured
 * with it, daemons that fork twice included. Nothing is isolated but what the options say: the files are the machine's.
 *
 * @example
 * const runtime = new ProcessRuntime({ images: { 'web:1': { command: ['node', 'server.js'] } } });
 */
export class ProcessRuntime implements contract.Runtime {
  readonly name = 'process';
  readonly virtual = false;
  readonly #options: ProcessRuntimeOptions;
  readonly #pulled = new Set<string>();
  readonly #listeners = new Set<(podUid: string) => void>();
  #opened: OpenProcessNode | undefined;

  constructor(options: ProcessRuntimeOptions = {}) {
    this.#options = options;
  }

  async open(env: contract.RuntimeEnv): Promise<contract.RuntimeInfo> {
    const { network = 'auto', controlGroups = 'auto', inheritEnv = [] } = this.#options;
    const onEvent = (podUid: string): void => {
      for (const listener of this.#listeners) listener(podUid);
    };
    const node = await openProcessNode(env, { network, controlGroups, inheritEnv, onEvent });
    this.#opened = node;
    const capacity = this.#options.capacity ?? {
      cpu: String(availableParallelism()),
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      pods: '110',
      'ephemeral-storage': `${await node.freeBytes()}`,
    };
    return {
      name: this.name,
      version: '1',
      capacity,
      operatingSystem: platform(),
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      kernelVersion: release(),
      osImage: `Node.js ${process.version}`,
      hostAddress: node.network.hostAddress,
      podCidr: node.network.cidr,
    };
  }

  healthy(options?: contract.CallOptions): Promise<void> {
    return this.#call('healthy', options, (node) => node.check());
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async listSandboxes(): Promise<readonly contract.SandboxReport[]> {
    return this.#open()
      .book.all()
      .map((pod) => pod.report());
  }

  async inspectPod(podUid: string): Promise<readonly contract.SandboxReport[]> {
    return this.#open()
      .book.ofPod(podUid)
      .map((pod) => pod.report());
  }

  runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    return this.#call('runSandbox', options, async (node) => {
      const id = sandboxIdOf(config.pod.metadata.uid, config.attempt);
      return (await node.ensurePod(id, config)).report();
    });
  }

  stopSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('stopSandbox', options, async (node) => {
      const pod = node.book.get(sandboxId);
      if (pod !== undefined) await node.stopPod(pod);
    });
  }

  removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeSandbox', options, async (node) => {
      const pod = node.book.get(sandboxId);
      if (pod !== undefined) await node.removePod(pod);
    });
  }

  prepareVolume(sandboxId: string, volumeName: string, content: contract.VolumeContent, options?: contract.CallOptions): Promise<void> {
    return this.#call('prepareVolume', options, (node) => node.prepareVolume(node.book.require(sandboxId), volumeName, content));
  }

  removeVolume(name: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeVolume', options, (node) => node.removeVolume(name));
  }

  async imageStatus(image: string): Promise<contract.ImageReport | undefined> {
    this.#open();
    return this.#pulled.has(image) ? imageReport(image) : undefined;
  }

  async pullImage({ image }: contract.ImagePull): Promise<string> {
    this.#open();
    if ((await this.#image(image)) === undefined) {
      const hint = this.#options.pathImages === true ? 'nor is it the path of a program' : 'and pathImages is off';
      throw failure.imageNotFound(image, `no command was given for it in the images of this runtime, ${hint}`);
    }
    this.#pulled.add(image);
    return imageIdOf(image);
  }

  async listImages(): Promise<readonly contract.ImageReport[]> {
    this.#open();
    return [...this.#pulled].map(imageReport);
  }

  async removeImage(image: string): Promise<void> {
    this.#open();
    this.#pulled.delete(image);
  }

  createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    return this.#call('createContainer', options, async (node) => {
      const pod = node.book.require(sandboxId);
      const id = containerId(sandboxId, config.container.name, config.attempt);
      if (pod.containers.has(id)) return id;
      const image = await this.#image(config.image);
      if (image === undefined || !pod.ready) {
        const why = pod.ready ? `image "${config.image}" is not there` : 'its sandbox has stopped';
        throw new RuntimeError('RUNTIME_CREATE_FAILED', `container "${config.container.name}" of pod "${pod.podName}": ${why}`);
      }
      await node.makeContainer(pod, config, image);
      return id;
    });
  }

  startContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('startContainer', options, async (node) => {
      const { sandbox: pod, container } = node.book.requireContainer(id);
      if (!pod.ready) throw new RuntimeError('RUNTIME_START_FAILED', `container "${id}" cannot be started: its sandbox has stopped`);
      await container.start();
      node.inspector.wake();
    });
  }

  stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    const timeoutMs = graceMs + callTimeoutMs;
    return this.#call('stopContainer', { timeoutMs, ...options }, async (node) => node.book.find(id)?.container.stop(graceMs));
  }

  removeContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#call('removeContainer', options, async (node) => {
      const found = node.book.find(id);
      if (found === undefined) return;
      if (found.container.running) throw failure.stillRunning(id);
      await node.removeContainer(found.sandbox, found.container);
    });
  }

  probe(
    id: string,
    podIp: string,
    handler: contract.ProbeHandler,
    timeoutMs: number,
    options?: contract.CallOptions,
  ): Promise<contract.ProbeResult> {
    return this.#call('probe', options, async (node, signal) => {
      const { sandbox, container } = node.book.requireContainer(id);
      if (!container.running) return { outcome: 'failure', message: 'container is not running' };
      const result = await networkProbe(handler, targetOf(node, sandbox, container, podIp), timeoutMs, signal);
      if (result !== undefined) return result;
      const command = handler.exec?.command ?? [];
      return execProbe(await container.exec({ command }), command, node.node.clock, timeoutMs);
    });
  }

  runHook(id: string, podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    return this.#call('runHook', options, async (node, signal) => {
      const { sandbox, container } = node.book.requireContainer(id);
      const timeoutMs = options?.timeoutMs ?? callTimeoutMs;
      if (await networkHook(handler, targetOf(node, sandbox, container, podIp), timeoutMs, signal)) return;
      const command = handler.exec?.command ?? [];
      await execHook(await container.exec({ command }), command, node.node.clock, timeoutMs);
    });
  }

  async *logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    yield* this.#open().book.requireContainer(id).container.log.read(options);
  }

  async exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    return this.#open().book.requireContainer(id).container.exec(options);
  }

  async attach(id: string, options: Omit<contract.ExecOptions, 'command'>): Promise<contract.ExecSession> {
    return this.#open().book.requireContainer(id).container.attach(options);
  }

  portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    return this.#call('portForward', options, (node) => {
      const address = node.book.require(sandboxId).attachment.reach(port, 'TCP');
      return new Promise<Duplex>((resolve, reject) => {
        const socket = connect(address, () => resolve(socket));
        socket.once('error', (cause) => reject(failure.portRefused(sandboxId, port, cause)));
      });
    });
  }

  stats(options?: contract.CallOptions): Promise<readonly contract.PodStats[]> {
    return this.#call('stats', options, (node) => node.inspector.stats(node.node.clock.now()));
  }

  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): contract.PodAddress | undefined {
    const pod = this.#opened?.book.ofPod(podUid).findLast((each) => each.ready);
    return pod?.attachment.reach(port, protocol);
  }

  async close(): Promise<void> {
    const node = this.#opened;
    this.#opened = undefined;
    await node?.close();
    this.#listeners.clear();
  }

  #open(): OpenProcessNode {
    if (this.#opened === undefined) throw new ClosedError('the process runtime');
    return this.#opened;
  }

  async #call<T>(
    name: string,
    options: contract.CallOptions | undefined,
    work: (node: OpenProcessNode, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const node = this.#open();
    return withDeadline(node.node.clock, name, callTimeoutMs, options, (signal) => work(node, signal));
  }

  async #image(name: string): Promise<ProcessImage | undefined> {
    const known = this.#options.images?.[name];
    if (known !== undefined || this.#options.pathImages !== true || !name.includes('/')) return known;
    return (await isExecutable(resolve(name))) ? { command: resolve(name) } : undefined;
  }
}

function imageReport(image: string): contract.ImageReport {
  return { id: imageIdOf(image), names: [image], sizeBytes: 0 };
}

function targetOf(node: OpenProcessNode, pod: ProcessPod, container: ProcessContainer, podIp: string): ProbeTarget {
  return { clock: node.node.clock, container: container.config.container, podIp, reach: (port) => pod.attachment.reach(port, 'TCP') };
}

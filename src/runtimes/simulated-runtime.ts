import { deadlineExceeded } from '../env/call-deadline.ts';
import type { Duplex } from 'node:stream';
import type { PodManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { hash32 } from '../env/seeded-random.ts';
import { RuntimeError } from '../errors.ts';
import { AddressRange } from './address-range.ts';
import { containerId } from './container-id.ts';
import { FinishedExecSession } from './finished-exec-session.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';
import { exitOf, killed, outOfMemory } from './simulated/simulated-exit.ts';
import { SimulatedFaults } from './simulated/simulated-faults.ts';
import type { FaultTarget, SimulatedFault } from './simulated/simulated-faults.ts';
import { callTimeoutMs, SimulatedGate } from './simulated/simulated-gate.ts';
import { drawDuration } from './simulated/simulated-image.ts';
import type { SimulatedDuration, SimulatedImage } from './simulated/simulated-image.ts';
import { SimulatedImages } from './simulated/simulated-images.ts';
import { simulatedLogs } from './simulated/simulated-logs.ts';
import { SimulatedMachine } from './simulated/simulated-machine.ts';
import { SimulatedContainer } from './simulated/simulated-container.ts';
import { sandboxOf } from './simulated/simulated-pods.ts';
import { SimulatedSandbox } from './simulated/simulated-sandbox.ts';
import { SimulatedWaits } from './simulated/simulated-waits.ts';

/** How long things take on simulated nodes, where the image does not say. Drawn from the cluster's seed. */
export interface SimulatedDurations {
  /** 2 to 10 ms. */
  readonly pullMs?: SimulatedDuration;
  /** 1 to 3 ms. */
  readonly sandboxMs?: SimulatedDuration;
  /** 1 to 3 ms. */
  readonly startMs?: SimulatedDuration;
  /** 1 to 5 ms. */
  readonly stopMs?: SimulatedDuration;
}

export interface SimulatedRuntimeOptions {
  /** What containers of an image do, by its name as manifests write it. */
  readonly images?: Readonly<Record<string, SimulatedImage>>;
  /** An image that is not listed: `run` (default; it runs for ever) or `refuse` (`RUNTIME_IMAGE_NOT_FOUND`). */
  readonly unknownImages?: 'run' | 'refuse';
  readonly durations?: SimulatedDurations;
  /** What goes wrong. Hand the same `SimulatedFaults` to every node to script a whole cluster. */
  readonly faults?: SimulatedFaults | readonly SimulatedFault[];
  /** 8 cpu, 32Gi memory, 110 pods, 100Gi ephemeral-storage unless given. */
  readonly capacity?: Readonly<Record<string, string>>;
}

const defaultCapacity = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
const defaultDurations: Required<SimulatedDurations> = { pullMs: [2, 10], sandboxMs: [1, 3], startMs: [1, 3], stopMs: [1, 5] };

/**
 * A node that exists in the clock's time only: pods start, answer probes, use CPU, fail and end as scripted, and cost a few hundred
 * bytes each. No socket, file or process is opened. Everything follows from the cluster's seed and the script.
 *
 * @example
 * const runtime = new SimulatedRuntime({ images: { 'web:1': { startMs: [10, 50], readyAfterMs: 200 } } });
 */
export class SimulatedRuntime implements contract.Runtime {
  readonly name = 'simulated';
  readonly virtual = true;
  readonly simulated = true;
  /** The faults of this node; add to them at any time. */
  readonly faults: SimulatedFaults;
  readonly #capacity: Readonly<Record<string, string>>;
  readonly #durations: Required<SimulatedDurations>;
  readonly #images: SimulatedImages;
  readonly #gate: SimulatedGate;
  readonly #machine: SimulatedMachine;
  readonly #listeners = new Set<(podUid: string) => void>();
  #assumed: Stored<PodManifest>[] = [];

  constructor(options: SimulatedRuntimeOptions = {}) {
    const { images = {}, unknownImages = 'run', faults, durations, capacity = defaultCapacity } = options;
    this.faults = faults instanceof SimulatedFaults ? faults : new SimulatedFaults(faults);
    this.#capacity = capacity;
    this.#durations = durations === undefined ? defaultDurations : { ...defaultDurations, ...durations };
    this.#images = new SimulatedImages(images, unknownImages, this.#durations.pullMs);
    this.#gate = new SimulatedGate(this.faults);
    this.#machine = new SimulatedMachine((podUid) => this.#emit(podUid));
  }

  // --- The script: what a test does to the node ---

  /** Ends a running container at once, as `kill -9` or the kernel's out-of-memory killer would. False if it does not run. */
  crash(
    podUid: string,
    containerName: string,
    exit: { readonly exitCode?: number; readonly reason?: 'Error' | 'OOMKilled' } = {},
  ): boolean {
    const sandbox = this.#machine.newest(podUid);
    const container = sandbox?.containers.find((each) => each.name === containerName && each.running);
    if (sandbox === undefined || container === undefined) return false;
    this.#machine.end(sandbox, container, exitOf(exit.exitCode, exit.reason));
    return true;
  }

  /**
   * Takes it, when the node is opened, that these Pods run there already, as their status says: with its containers, addresses, restart
   * counts and times. To be called before the node is added; `cluster.fork()` does. A Pod of which no container was made is left alone.
   */
  assume(pods: readonly Stored<PodManifest>[]): void {
    this.#assumed = [...pods];
  }

  /** Cuts the node off: no call is answered, the pods run on. */
  disconnect(): void {
    this.#gate.reachable = false;
  }

  reconnect(): void {
    this.#gate.reachable = true;
  }

  /** Pulls the plug: every pod is dead, no call is answered. */
  powerOff(): void {
    for (const sandbox of this.#machine.sandboxes()) this.#machine.stop(sandbox);
    this.#gate.powered = false;
  }

  powerOn(): void {
    this.#gate.powered = true;
  }

  // --- The contract ---

  open(env: contract.RuntimeEnv): Promise<contract.RuntimeInfo> {
    const range = new AddressRange(env.podCidr ?? guessedRange(env.nodeName));
    const waits = new SimulatedWaits(env.clock, `simulated node ${env.nodeName}`);
    const random = env.random.fork(`simulated-runtime/${env.nodeName}`);
    const { clock, nodeName } = env;
    const node = { clock, random, nodeName, range, waits, keep: env.onHostDeath === 'keep' };
    this.#gate.open(node);
    this.#machine.open(node);
    const assumed = this.#assumed.splice(0);
    for (const { status } of assumed) range.reserve(status?.podIP ?? '');
    for (const pod of assumed) this.#begin(pod, range);
    return Promise.resolve({
      name: this.name,
      version: '1',
      capacity: this.#capacity,
      operatingSystem: 'linux',
      architecture: 'amd64',
      kernelVersion: 'simulated',
      osImage: 'simulated',
      hostAddress: range.gateway,
      podCidr: range.cidr,
    });
  }

  async healthy(options?: contract.CallOptions): Promise<void> {
    await this.#gate.pass('healthy', {}, 0, options);
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async listSandboxes(options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    await this.#gate.pass('list', {}, 0, options);
    return [...this.#machine.sandboxes()].map((sandbox) => this.#report(sandbox));
  }

  async inspectPod(podUid: string, options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    await this.#gate.pass('list', { pod: this.#machine.newest(podUid)?.podName }, 0, options);
    return this.#machine.sandboxesOf(podUid).map((sandbox) => this.#report(sandbox));
  }

  async runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    const { metadata, spec } = config.pod;
    await this.#gate.pass('runSandbox', { pod: metadata.name }, this.#durations.sandboxMs, options);
    const { range, clock } = this.#gate.node;
    const existing = this.#machine.sandboxesOf(metadata.uid).find((sandbox) => sandbox.attempt === config.attempt);
    if (existing !== undefined) return this.#report(existing);
    const hostNetwork = spec?.hostNetwork === true;
    const slot = hostNetwork ? -1 : range.take();
    const pod = { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '', hostNetwork };
    if (slot === undefined) throw failure.addressesExhausted(range.cidr, { kind: 'Pod', ...pod });
    const sandbox = new SimulatedSandbox(pod, config.attempt, clock.now(), slot);
    this.#machine.add(sandbox);
    return this.#report(sandbox);
  }

  async stopSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    await this.#gate.pass('stopSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox !== undefined) this.#machine.stop(sandbox);
  }

  async removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    await this.#gate.pass('removeSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox !== undefined) this.#machine.remove(sandbox);
  }

  /** Volumes have no contents here: this only checks that the sandbox is there. */
  async prepareVolume(
    sandboxId: string,
    _volumeName: string,
    _content: contract.VolumeContent,
    options?: contract.CallOptions,
  ): Promise<void> {
    await this.#gate.pass('prepareVolume', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    if (this.#machine.sandbox(sandboxId) === undefined) throw failure.unknownSandbox(sandboxId);
  }

  async imageStatus(image: string, options?: contract.CallOptions): Promise<contract.ImageReport | undefined> {
    await this.#gate.pass('list', { image }, 0, options);
    return this.#images.status(image);
  }

  async pullImage(pull: contract.ImagePull, options?: contract.CallOptions): Promise<string> {
    return this.#images.pull(pull, this.#gate, options);
  }

  async listImages(options?: contract.CallOptions): Promise<readonly contract.ImageReport[]> {
    await this.#gate.pass('list', {}, 0, options);
    return this.#images.list();
  }

  async removeImage(image: string, options?: contract.CallOptions): Promise<void> {
    await this.#gate.pass('list', { image }, 0, options);
    this.#images.remove(image);
  }

  async createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    const { name } = config.container;
    const { image, attempt } = config;
    await this.#gate.pass(
      'createContainer',
      { pod: this.#machine.sandbox(sandboxId)?.podName, container: name, image, attempt },
      0,
      options,
    );
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox === undefined) throw failure.unknownSandbox(sandboxId);
    const id = containerId(sandboxId, name, attempt);
    if (this.#machine.container(id) !== undefined) return id;
    const pulled = this.#images.pulled(image);
    if (pulled === undefined || !sandbox.ready) {
      const why = sandbox.ready ? `image "${image}" is not on the node` : 'its sandbox has stopped';
      throw new RuntimeError('RUNTIME_CREATE_FAILED', `container "${name}" of pod "${sandbox.podName}" cannot be made: ${why}`, {
        retryable: true,
      });
    }
    // An array that grew by push() or a spread has room for many more.
    sandbox.containers = sandbox.containers.concat(new SimulatedContainer(name, attempt, pulled));
    return id;
  }

  async startContainer(id: string, options?: contract.CallOptions): Promise<void> {
    const before = this.#find(id);
    await this.#gate.pass('startContainer', targetOf(before), before.container.behaviour.startMs ?? this.#durations.startMs, options);
    const { sandbox, container } = this.#find(id);
    if (container.running) return;
    if (container.exit !== undefined || !sandbox.ready) {
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${id}" cannot be started: it or its sandbox has ended`);
    }
    const { clock } = this.#gate.node;
    container.startedAtMs = clock.now();
    this.#foreseeEnd(sandbox, container);
    this.#emit(sandbox.podUid);
  }

  async stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    const found = this.#machine.container(id);
    await this.#gate.pass('stopContainer', found === undefined ? {} : targetOf(found), 0, options);
    if (found === undefined || !found.container.running) return;
    const { clock, random, waits } = this.#gate.node;
    const { sandbox, container } = found;
    const { stopMs = this.#durations.stopMs, stopExitCode = 143 } = container.behaviour;
    const ownMs = stopMs === 'never' ? Infinity : drawDuration(stopMs, random);
    const exit = ownMs > graceMs || graceMs === 0 ? killed : exitOf(stopExitCode);
    this.#machine.endAt(sandbox, container, clock.now() + Math.min(ownMs, graceMs), exit);
    const timeoutMs = options?.timeoutMs ?? graceMs + callTimeoutMs;
    await waits.wait(timeoutMs, options?.signal, container);
    if (container.running) throw deadlineExceeded('stopContainer', timeoutMs);
  }

  async removeContainer(id: string, options?: contract.CallOptions): Promise<void> {
    const found = this.#machine.container(id);
    await this.#gate.pass('removeContainer', found === undefined ? {} : targetOf(found), 0, options);
    if (found === undefined) return;
    if (found.container.running) throw failure.stillRunning(id);
    found.sandbox.containers = found.sandbox.containers.filter((container) => container !== found.container);
  }

  async probe(
    id: string,
    _podIp: string,
    handler: contract.ProbeHandler,
    timeoutMs: number,
    options?: contract.CallOptions,
  ): Promise<contract.ProbeResult> {
    const { sandbox, container } = this.#find(id);
    const effect = await this.#gate.pass('probe', targetOf({ sandbox, container }), 0, { timeoutMs, ...options });
    if (effect?.type === 'probe-failure') return { outcome: 'failure', message: effect.message ?? 'scripted probe failure' };
    if (!container.running) return { outcome: 'failure', message: 'container is not running' };
    const context = this.#machine.context(sandbox, container);
    const scripted = container.behaviour.probe?.(handler, context);
    if (scripted !== undefined) return scripted;
    const ran = handler.exec === undefined ? undefined : container.behaviour.exec?.(handler.exec.command ?? [], context);
    if (ran !== undefined)
      return { outcome: ran.exitCode === 0 ? 'success' : 'failure', message: `${ran.stdout ?? ''}${ran.stderr ?? ''}` };
    const ready = this.#gate.node.clock.now() >= container.startedAtMs + (container.behaviour.readyAfterMs ?? 0);
    return ready ? { outcome: 'success', message: '' } : { outcome: 'failure', message: `not ready: ${describe(handler)}` };
  }

  async runHook(id: string, _podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    const { sandbox, container } = this.#find(id);
    const sleepMs = (handler.sleep?.seconds ?? 0) * 1000;
    await this.#gate.pass('hook', targetOf({ sandbox, container }), sleepMs, options);
    const context = this.#machine.context(sandbox, container);
    const ran = handler.exec === undefined ? undefined : container.behaviour.exec?.(handler.exec.command ?? [], context);
    const failed = ran === undefined || ran.exitCode === 0 ? undefined : `command exited with ${ran.exitCode}: ${ran.stderr ?? ''}`;
    const why = container.behaviour.hook?.(handler, context) ?? failed;
    if (why !== undefined) throw new RuntimeError('RUNTIME_HOOK_FAILED', why);
  }

  async *logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    const { sandbox, container } = this.#find(id);
    const { clock, waits } = this.#gate.node;
    yield* simulatedLogs(container, () => this.#machine.context(sandbox, container), options, clock, waits);
  }

  async exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    const { sandbox, container } = this.#find(id);
    await this.#gate.pass('exec', targetOf({ sandbox, container }), 0, options);
    if (!container.running) throw failure.notRunning(id, container.state().state);
    const result = container.behaviour.exec?.(options.command, this.#machine.context(sandbox, container)) ?? {
      exitCode: 127,
      stderr: `${options.command[0] ?? ''}: the simulated image "${container.image.name}" has no exec script\n`,
    };
    return new FinishedExecSession(result, options);
  }

  attach(id: string): Promise<contract.ExecSession> {
    this.#find(id);
    return Promise.reject(failure.unsupported(this.name, 'attach', 'a simulated container has no streams; read its logs'));
  }

  async portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    await this.#gate.pass('exec', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox === undefined) throw failure.unknownSandbox(sandboxId);
    for (const container of sandbox.containers) {
      const stream = container.running ? container.behaviour.connect?.(port, this.#machine.context(sandbox, container)) : undefined;
      if (stream !== undefined) return stream;
    }
    throw new RuntimeError(
      'RUNTIME_PORT_REFUSED',
      `port ${port} of pod "${sandbox.podName}" refused the connection: no image script answers it`,
    );
  }

  async stats(options?: contract.CallOptions): Promise<readonly contract.PodStats[]> {
    await this.#gate.pass('stats', {}, 0, options);
    return this.#machine.stats(this.#gate.node.clock.now());
  }

  /** Simulated pods cannot be reached by real sockets. */
  podAddress(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    const node = this.#gate.close();
    if (node?.keep === false) for (const sandbox of this.#machine.sandboxes()) this.#machine.remove(sandbox);
    this.#machine.close();
    this.#listeners.clear();
    return Promise.resolve();
  }

  #find(id: string): Found {
    this.#gate.requireOpen();
    const found = this.#machine.container(id);
    if (found === undefined) throw failure.unknownContainer(id);
    return found;
  }

  #report(sandbox: SimulatedSandbox): contract.SandboxReport {
    const { range } = this.#gate.node;
    const own = sandbox.addressSlot < 0 ? undefined : range.address(sandbox.addressSlot);
    return sandbox.report(sandbox.hostNetwork && sandbox.ready ? range.gateway : own);
  }

  #begin(pod: Stored<PodManifest>, range: AddressRange): void {
    const sandbox = sandboxOf(pod, range.slotOf(pod.status?.podIP ?? '') ?? -1, this.#images);
    if (sandbox === undefined) return;
    if (sandbox.addressSlot < 0 && !sandbox.hostNetwork) sandbox.addressSlot = range.take() ?? -1;
    this.#machine.add(sandbox);
    for (const container of sandbox.containers) if (container.running) this.#foreseeEnd(sandbox, container);
  }

  /** Sets the earliest of the ends that image and faults have in store for a container that just started. */
  #foreseeEnd(sandbox: SimulatedSandbox, container: SimulatedContainer): void {
    const { random, nodeName } = this.#gate.node;
    const { behaviour, startedAtMs } = container;
    const { runsForMs, oomAfterMs, exitCode = 0, terminationMessage } = behaviour;
    const fault = this.faults.hit('run', { ...targetOf({ sandbox, container }), node: nodeName }, random);
    if (oomAfterMs !== undefined) this.#machine.endAt(sandbox, container, startedAtMs + drawDuration(oomAfterMs, random), outOfMemory);
    if (fault?.type === 'crash') {
      this.#machine.endAt(sandbox, container, startedAtMs + (fault.afterMs ?? 0), exitOf(fault.exitCode, fault.reason));
    }
    if (runsForMs === undefined) return;
    const code = typeof exitCode === 'number' ? exitCode : exitCode(this.#machine.context(sandbox, container));
    const exit = { ...exitOf(code), message: terminationMessage ?? '' };
    this.#machine.endAt(sandbox, container, startedAtMs + drawDuration(runsForMs, random), exit);
  }

  #emit(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}

interface Found {
  readonly sandbox: SimulatedSandbox;
  readonly container: SimulatedContainer;
}

const targetOf = ({ sandbox, container }: Found): Omit<FaultTarget, 'node'> => ({
  pod: sandbox.podName,
  container: container.name,
  image: container.image.name,
  attempt: container.attempt,
});

/** For a node that was given no range: one of 65,536, which is enough for a node that stands alone. */
const guessedRange = (nodeName: string): string => {
  const hash = hash32(nodeName);
  return `10.${(hash >>> 8) & 255}.${hash & 255}.0/24`;
};

const describe = (handler: contract.ProbeHandler): string =>
  handler.httpGet !== undefined
    ? 'HTTP probe'
    : handler.tcpSocket !== undefined
      ? 'TCP probe'
      : handler.grpc !== undefined
        ? 'gRPC probe'
        : 'exec probe';

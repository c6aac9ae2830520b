import type { Duplex } from 'node:stream';
import type { Clock } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { hash32 } from '../env/seeded-random.ts';
import { ClosedError, RuntimeError } from '../errors.ts';
import { AddressRange } from './address-range.ts';
import { FinishedExecSession } from './finished-exec-session.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';
import { drawDuration } from './simulated/simulated-image.ts';
import type { SimulatedDuration, SimulatedImage } from './simulated/simulated-image.ts';
import { SimulatedFaults } from './simulated/simulated-faults.ts';
import type { FaultEffect, FaultPoint, FaultTarget, SimulatedFault } from './simulated/simulated-faults.ts';
import { simulatedLogs } from './simulated/simulated-logs.ts';
import { killed, outOfMemory, SimulatedMachine } from './simulated/simulated-machine.ts';
import { containerId, SimulatedContainer, SimulatedSandbox } from './simulated/simulated-pod.ts';
import type { SimulatedExit } from './simulated/simulated-pod.ts';
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
const defaultImage: SimulatedImage = {};
/** As the kubelet's runtime-request-timeout. */
const callTimeoutMs = 120_000;
const pullTimeoutMs = 900_000;

interface Opened {
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  readonly range: AddressRange;
  readonly waits: SimulatedWaits;
  readonly keep: boolean;
}

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
  /** The faults of this node; add to them at any time. */
  readonly faults: SimulatedFaults;
  readonly #options: SimulatedRuntimeOptions;
  readonly #durations: Required<SimulatedDurations>;
  readonly #machine = new SimulatedMachine();
  readonly #pulled = new Set<string>();
  readonly #listeners = new Set<(podUid: string) => void>();
  #opened: Opened | undefined;
  #reachable = true;
  #powered = true;

  constructor(options: SimulatedRuntimeOptions = {}) {
    this.#options = options;
    this.#durations = options.durations === undefined ? defaultDurations : { ...defaultDurations, ...options.durations };
    this.faults = options.faults instanceof SimulatedFaults ? options.faults : new SimulatedFaults(options.faults);
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

  /** Cuts the node off: no call is answered, the pods run on. */
  disconnect(): void {
    this.#reachable = false;
  }

  reconnect(): void {
    this.#reachable = true;
  }

  /** Pulls the plug: every pod is dead, no call is answered. */
  powerOff(): void {
    for (const sandbox of this.#machine.sandboxes()) this.#machine.stop(sandbox);
    this.#powered = false;
  }

  powerOn(): void {
    this.#powered = true;
  }

  // --- The contract ---

  open(env: contract.RuntimeEnv): Promise<contract.RuntimeInfo> {
    const range = new AddressRange(env.podCidr ?? guessedRange(env.nodeName));
    const waits = new SimulatedWaits(env.clock, `simulated node ${env.nodeName}`);
    const random = env.random.fork(`simulated-runtime/${env.nodeName}`);
    const { clock, nodeName } = env;
    this.#opened = { clock, random, nodeName, range, waits, keep: env.onHostDeath === 'keep' };
    this.#machine.open({ clock, random, nodeName, range, waits, onEvent: (podUid) => this.#emit(podUid) });
    return Promise.resolve({
      name: this.name,
      version: '1',
      capacity: this.#options.capacity ?? defaultCapacity,
      operatingSystem: 'linux',
      architecture: 'amd64',
      kernelVersion: 'simulated',
      osImage: 'simulated',
      hostAddress: range.gateway,
      podCidr: range.cidr,
    });
  }

  async healthy(options?: contract.CallOptions): Promise<void> {
    await this.#call('healthy', {}, 0, options);
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async listSandboxes(options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    await this.#call('list', {}, 0, options);
    return [...this.#machine.sandboxes()].map((sandbox) => this.#report(sandbox));
  }

  async inspectPod(podUid: string, options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    await this.#call('list', { pod: this.#machine.newest(podUid)?.podName }, 0, options);
    return this.#machine.sandboxesOf(podUid).map((sandbox) => this.#report(sandbox));
  }

  async runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    const { metadata, spec } = config.pod;
    await this.#call('runSandbox', { pod: metadata.name }, this.#durations.sandboxMs, options);
    const { range, clock } = this.#open();
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
    await this.#call('stopSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox !== undefined) this.#machine.stop(sandbox);
  }

  async removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    await this.#call('removeSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
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
    await this.#call('prepareVolume', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    if (this.#machine.sandbox(sandboxId) === undefined) throw failure.unknownSandbox(sandboxId);
  }

  async imageStatus(image: string, options?: contract.CallOptions): Promise<contract.ImageReport | undefined> {
    await this.#call('list', { image }, 0, options);
    return this.#pulled.has(image) ? this.#imageReport(image) : undefined;
  }

  async pullImage(pull: contract.ImagePull, options?: contract.CallOptions): Promise<string> {
    const { image } = pull;
    const known = this.#behaviour(image);
    await this.#call('pullImage', { image }, known?.pullMs ?? this.#durations.pullMs, { timeoutMs: pullTimeoutMs, ...options });
    if (known === undefined || known.exists === false) throw failure.imageNotFound(image, 'no simulated image of this name was given');
    this.#pulled.add(image);
    return imageId(image);
  }

  async listImages(options?: contract.CallOptions): Promise<readonly contract.ImageReport[]> {
    await this.#call('list', {}, 0, options);
    return [...this.#pulled].map((image) => this.#imageReport(image));
  }

  async removeImage(image: string, options?: contract.CallOptions): Promise<void> {
    await this.#call('list', { image }, 0, options);
    this.#pulled.delete(image);
  }

  async createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    const { name } = config.container;
    const { image, attempt } = config;
    await this.#call('createContainer', { pod: this.#machine.sandbox(sandboxId)?.podName, container: name, image, attempt }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox === undefined) throw failure.unknownSandbox(sandboxId);
    const id = containerId(sandboxId, name, attempt);
    if (this.#machine.container(id) !== undefined) return id;
    const behaviour = this.#pulled.has(image) ? this.#behaviour(image) : undefined;
    if (behaviour === undefined || !sandbox.ready) {
      const why = sandbox.ready ? `image "${image}" is not on the node` : 'its sandbox has stopped';
      throw new RuntimeError('RUNTIME_CREATE_FAILED', `container "${name}" of pod "${sandbox.podName}" cannot be made: ${why}`, {
        retryable: true,
      });
    }
    sandbox.containers.push(new SimulatedContainer(name, attempt, image, behaviour));
    return id;
  }

  async startContainer(id: string, options?: contract.CallOptions): Promise<void> {
    const before = this.#find(id);
    await this.#call('startContainer', targetOf(before), before.container.behaviour.startMs ?? this.#durations.startMs, options);
    const { sandbox, container } = this.#find(id);
    if (container.running) return;
    if (container.exit !== undefined || !sandbox.ready) {
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${id}" cannot be started: it or its sandbox has ended`);
    }
    const { clock } = this.#open();
    container.startedAtMs = clock.now();
    this.#foreseeEnd(sandbox, container);
    this.#emit(sandbox.podUid);
  }

  async stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    const found = this.#machine.container(id);
    await this.#call('stopContainer', found === undefined ? {} : targetOf(found), 0, options);
    if (found === undefined || !found.container.running) return;
    const { clock, random, waits } = this.#open();
    const { sandbox, container } = found;
    const { stopMs = this.#durations.stopMs, stopExitCode = 143 } = container.behaviour;
    const ownMs = stopMs === 'never' ? Infinity : drawDuration(stopMs, random);
    const exit = ownMs > graceMs || graceMs === 0 ? killed : exitOf(stopExitCode);
    this.#machine.endAt(sandbox, container, clock.now() + Math.min(ownMs, graceMs), exit);
    const timeoutMs = options?.timeoutMs ?? graceMs + callTimeoutMs;
    await waits.wait(timeoutMs, options?.signal, container);
    if (container.running) throw failure.deadlineExceeded('stopContainer', timeoutMs);
  }

  async removeContainer(id: string, options?: contract.CallOptions): Promise<void> {
    const found = this.#machine.container(id);
    await this.#call('removeContainer', found === undefined ? {} : targetOf(found), 0, options);
    if (found === undefined) return;
    if (found.container.running)
      throw new RuntimeError('RUNTIME_CONTAINER_RUNNING', `container "${id}" still runs: stop it before removing it`);
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
    const effect = await this.#call('probe', targetOf({ sandbox, container }), 0, { timeoutMs, ...options });
    if (effect?.type === 'probe-failure') return { outcome: 'failure', message: effect.message ?? 'scripted probe failure' };
    if (!container.running) return { outcome: 'failure', message: 'container is not running' };
    const scripted = container.behaviour.probe?.(handler, this.#machine.context(sandbox, container));
    if (scripted !== undefined) return scripted;
    const ready = this.#open().clock.now() >= container.startedAtMs + (container.behaviour.readyAfterMs ?? 0);
    return ready ? { outcome: 'success', message: '' } : { outcome: 'failure', message: `not ready: ${describe(handler)}` };
  }

  async runHook(id: string, _podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    const { sandbox, container } = this.#find(id);
    const sleepMs = (handler.sleep?.seconds ?? 0) * 1000;
    await this.#call('hook', targetOf({ sandbox, container }), sleepMs, options);
    const why = container.behaviour.hook?.(handler, this.#machine.context(sandbox, container));
    if (why !== undefined) throw new RuntimeError('RUNTIME_HOOK_FAILED', why);
  }

  async *logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    const { sandbox, container } = this.#find(id);
    const { clock, waits } = this.#open();
    yield* simulatedLogs(container, () => this.#machine.context(sandbox, container), options, clock, waits);
  }

  async exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    const { sandbox, container } = this.#find(id);
    await this.#call('exec', targetOf({ sandbox, container }), 0, options);
    if (!container.running) throw failure.notRunning(id, container.state().state);
    const result = container.behaviour.exec?.(options.command, this.#machine.context(sandbox, container)) ?? {
      exitCode: 127,
      stderr: `${options.command[0] ?? ''}: the simulated image "${container.image}" has no exec script\n`,
    };
    return new FinishedExecSession(result, options);
  }

  attach(id: string): Promise<contract.ExecSession> {
    this.#find(id);
    return Promise.reject(failure.unsupported(this.name, 'attach', 'a simulated container has no streams; read its logs'));
  }

  async portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    await this.#call('exec', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
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
    await this.#call('stats', {}, 0, options);
    return this.#machine.stats(this.#open().clock.now());
  }

  /** Simulated pods cannot be reached by real sockets. */
  podAddress(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return Promise.resolve();
    if (!opened.keep) for (const sandbox of [...this.#machine.sandboxes()]) this.#machine.remove(sandbox);
    this.#machine.close();
    this.#opened = undefined;
    this.#listeners.clear();
    opened.waits.close();
    return Promise.resolve();
  }

  // --- Inside ---

  #open(): Opened {
    if (this.#opened === undefined) throw new ClosedError('the simulated runtime');
    return this.#opened;
  }

  /** What every call goes through: is the node there, does a fault hit, how long does it take, is that within the deadline. */
  async #call(at: FaultPoint, about: Omit<FaultTarget, 'node'>, duration: SimulatedDuration, options: contract.CallOptions = {}) {
    const { random, nodeName, waits } = this.#open();
    const timeoutMs = options.timeoutMs ?? callTimeoutMs;
    this.#requireReachable(nodeName);
    const effect = this.faults.hit(at, { ...about, node: nodeName }, random);
    const ownMs = drawDuration(duration, random) + (effect?.type === 'delay' ? effect.ms : 0);
    const ms = effect?.type === 'hang' ? Infinity : ownMs;
    if (ms > 0 || options.signal?.aborted === true) await waits.wait(Math.min(ms, timeoutMs), options.signal);
    if (ms > timeoutMs) throw failure.deadlineExceeded(at, timeoutMs);
    this.#requireReachable(nodeName);
    if (effect?.type === 'fail') throw scriptedFailure(at, effect);
    return effect;
  }

  #requireReachable(nodeName: string): void {
    if (!this.#reachable || !this.#powered) throw failure.unavailable(`simulated node ${nodeName}`);
  }

  #find(id: string): Found {
    this.#open();
    const found = this.#machine.container(id);
    if (found === undefined) throw failure.unknownContainer(id);
    return found;
  }

  #behaviour(image: string): SimulatedImage | undefined {
    return this.#options.images?.[image] ?? (this.#options.unknownImages === 'refuse' ? undefined : defaultImage);
  }

  #imageReport(image: string): contract.ImageReport {
    return { id: imageId(image), names: [image], sizeBytes: this.#behaviour(image)?.sizeBytes ?? 0 };
  }

  #report(sandbox: SimulatedSandbox): contract.SandboxReport {
    const { range } = this.#open();
    const own = sandbox.addressSlot < 0 ? undefined : range.address(sandbox.addressSlot);
    return sandbox.report(sandbox.hostNetwork && sandbox.ready ? range.gateway : own);
  }

  /** Sets the earliest of the ends that image and faults have in store for a container that just started. */
  #foreseeEnd(sandbox: SimulatedSandbox, container: SimulatedContainer): void {
    const { random, nodeName } = this.#open();
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
  image: container.image,
  attempt: container.attempt,
});

const imageId = (image: string): string => `sim://${image}`;

/** For a node that was given no range: one of 65,536, which is enough for a node that stands alone. */
const guessedRange = (nodeName: string): string => {
  const hash = hash32(nodeName);
  return `10.${(hash >>> 8) & 255}.${hash & 255}.0/24`;
};

const exitOf = (exitCode = 1, reason?: 'Error' | 'OOMKilled'): SimulatedExit => {
  if (reason === 'OOMKilled') return outOfMemory;
  if (exitCode === 137) return killed;
  return { exitCode, signal: undefined, reason: exitCode === 0 ? 'Completed' : 'Error', message: '' };
};

const failureCodes: Partial<Record<FaultPoint, string>> = {
  pullImage: 'RUNTIME_REGISTRY_UNAVAILABLE',
  createContainer: 'RUNTIME_CREATE_FAILED',
  startContainer: 'RUNTIME_START_FAILED',
  hook: 'RUNTIME_HOOK_FAILED',
};

const scriptedFailure = (at: FaultPoint, effect: Extract<FaultEffect, { type: 'fail' }>): RuntimeError =>
  new RuntimeError(effect.code ?? failureCodes[at] ?? 'RUNTIME_UNAVAILABLE', effect.message ?? `scripted fault at ${at}`, {
    retryable: effect.retryable ?? true,
  });

const describe = (handler: contract.ProbeHandler): string =>
  handler.httpGet !== undefined
    ? 'HTTP probe'
    : handler.tcpSocket !== undefined
      ? 'TCP probe'
      : handler.grpc !== undefined
        ? 'gRPC probe'
        : 'exec probe';

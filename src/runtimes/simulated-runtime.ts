import type { Duplex } from 'node:stream';
import type { PodManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { hash32 } from '../env/seeded-random.ts';
import { AddressRange } from './address-range.ts';
import * as failure from './runtime-failure.ts';
import type * as contract from './runtime.ts';
import { SimulatedAnswers } from './simulated/simulated-answers.ts';
import { exitOf } from './simulated/simulated-exit.ts';
import { SimulatedFaults } from './simulated/simulated-faults.ts';
import { SimulatedGate } from './simulated/simulated-gate.ts';
import { SimulatedImages } from './simulated/simulated-images.ts';
import { SimulatedLives } from './simulated/simulated-lives.ts';
import { findContainer } from './simulated/simulated-lookup.ts';
import { SimulatedMachine } from './simulated/simulated-machine.ts';
import { defaultCapacity, defaultDurations, type SimulatedRuntimeOptions } from './simulated/simulated-runtime-options.ts';
import { SimulatedSandboxes } from './simulated/simulated-sandboxes.ts';
import { SimulatedWaits } from './simulated/simulated-waits.ts';

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
  readonly #runtimeHandlers: readonly string[] | undefined;
  readonly #images: SimulatedImages;
  readonly #gate: SimulatedGate;
  readonly #machine: SimulatedMachine;
  readonly #sandboxes: SimulatedSandboxes;
  readonly #lives: SimulatedLives;
  readonly #answers: SimulatedAnswers;
  readonly #listeners = new Set<(podUid: string) => void>();
  #assumed: Stored<PodManifest>[] = [];

  constructor(options: SimulatedRuntimeOptions = {}) {
    const { images = {}, unknownImages = 'run', faults, capacity = defaultCapacity } = options;
    this.faults = faults instanceof SimulatedFaults ? faults : new SimulatedFaults(faults);
    this.#capacity = capacity;
    this.#runtimeHandlers = options.runtimeHandlers;
    const durations = options.durations === undefined ? defaultDurations : { ...defaultDurations, ...options.durations };
    this.#images = new SimulatedImages(images, unknownImages, durations.pullMs);
    this.#gate = new SimulatedGate(this.faults);
    this.#machine = new SimulatedMachine((podUid) => this.#emit(podUid));
    this.#sandboxes = new SimulatedSandboxes(this.#gate, this.#machine, this.#images, durations.sandboxMs);
    this.#lives = new SimulatedLives(this.#gate, this.#machine, this.#images, durations);
    this.#answers = new SimulatedAnswers(this.#gate, this.#machine);
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
    for (const pod of assumed) this.#assume(pod, range);
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
      ...(this.#runtimeHandlers === undefined ? {} : { runtimeHandlers: this.#runtimeHandlers }),
    });
  }

  async healthy(options?: contract.CallOptions): Promise<void> {
    await this.#gate.pass('healthy', {}, 0, options);
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listSandboxes(options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    return this.#sandboxes.list(options);
  }

  inspectPod(podUid: string, options?: contract.CallOptions): Promise<readonly contract.SandboxReport[]> {
    return this.#sandboxes.inspect(podUid, options);
  }

  runSandbox(config: contract.SandboxConfig, options?: contract.CallOptions): Promise<contract.SandboxReport> {
    return this.#sandboxes.run(config, options);
  }

  stopSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#sandboxes.stop(sandboxId, options);
  }

  removeSandbox(sandboxId: string, options?: contract.CallOptions): Promise<void> {
    return this.#sandboxes.remove(sandboxId, options);
  }

  /** Volumes have no contents here: this only checks that the sandbox is there. */
  prepareVolume(sandboxId: string, _volumeName: string, _content: contract.VolumeContent, options?: contract.CallOptions): Promise<void> {
    return this.#sandboxes.prepareVolume(sandboxId, options);
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

  createContainer(sandboxId: string, config: contract.ContainerConfig, options?: contract.CallOptions): Promise<string> {
    return this.#lives.create(sandboxId, config, options);
  }

  startContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#lives.start(id, options);
  }

  stopContainer(id: string, graceMs: number, options?: contract.CallOptions): Promise<void> {
    return this.#lives.stop(id, graceMs, options);
  }

  removeContainer(id: string, options?: contract.CallOptions): Promise<void> {
    return this.#lives.remove(id, options);
  }

  probe(
    id: string,
    _podIp: string,
    handler: contract.ProbeHandler,
    timeoutMs: number,
    options?: contract.CallOptions,
  ): Promise<contract.ProbeResult> {
    return this.#answers.probe(id, handler, timeoutMs, options);
  }

  runHook(id: string, _podIp: string, handler: contract.HookHandler, options?: contract.CallOptions): Promise<void> {
    return this.#answers.hook(id, handler, options);
  }

  logs(id: string, options: contract.LogOptions): AsyncGenerator<contract.LogChunk, void, undefined> {
    return this.#answers.logs(id, options);
  }

  exec(id: string, options: contract.ExecOptions): Promise<contract.ExecSession> {
    return this.#answers.exec(id, options);
  }

  attach(id: string): Promise<contract.ExecSession> {
    findContainer(this.#gate, this.#machine, id);
    return Promise.reject(failure.unsupported(this.name, 'attach', 'a simulated container has no streams; read its logs'));
  }

  portForward(sandboxId: string, port: number, options?: contract.CallOptions): Promise<Duplex> {
    return this.#answers.portForward(sandboxId, port, options);
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

  #assume(pod: Stored<PodManifest>, range: AddressRange): void {
    const sandbox = this.#sandboxes.assume(pod, range);
    if (sandbox === undefined) return;
    for (const container of sandbox.containers) if (container.running) this.#lives.foreseeEnd({ sandbox, container });
  }

  #emit(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}

/** For a node that was given no range: one of 65,536, which is enough for a node that stands alone. */
const guessedRange = (nodeName: string): string => {
  const hash = hash32(nodeName);
  return `10.${(hash >>> 8) & 255}.${hash & 255}.0/24`;
};

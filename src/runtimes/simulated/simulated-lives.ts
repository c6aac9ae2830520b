import { deadlineExceeded } from '../../env/call-deadline.ts';
import { RuntimeError } from '../../errors.ts';
import { containerId } from '../container-id.ts';
import { stillRunning, unknownSandbox } from '../runtime-failure.ts';
import type { CallOptions, ContainerConfig } from '../runtime.ts';
import { SimulatedContainer } from './simulated-container.ts';
import { exitOf, killed, outOfMemory } from './simulated-exit.ts';
import { callTimeoutMs, type SimulatedGate } from './simulated-gate.ts';
import { drawDuration } from './simulated-image.ts';
import type { SimulatedImages } from './simulated-images.ts';
import { findContainer, targetOf, type FoundContainer } from './simulated-lookup.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import type { SimulatedDurations } from './simulated-runtime-options.ts';

/** The lives of the containers of one simulated node: they are made, started, end as image and faults say, are stopped and removed. */
export class SimulatedLives {
  readonly #gate: SimulatedGate;
  readonly #machine: SimulatedMachine;
  readonly #images: SimulatedImages;
  readonly #durations: Required<SimulatedDurations>;

  constructor(gate: SimulatedGate, machine: SimulatedMachine, images: SimulatedImages, durations: Required<SimulatedDurations>) {
    this.#gate = gate;
    this.#machine = machine;
    this.#images = images;
    this.#durations = durations;
  }

  /** Repeated with the same name and attempt it gives the same container. */
  async create(sandboxId: string, config: ContainerConfig, options?: CallOptions): Promise<string> {
    const { name } = config.container;
    const { image, attempt } = config;
    await this.#gate.pass(
      'createContainer',
      { pod: this.#machine.sandbox(sandboxId)?.podName, container: name, image, attempt },
      0,
      options,
    );
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox === undefined) throw unknownSandbox(sandboxId);
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

  async start(id: string, options?: CallOptions): Promise<void> {
    const before = findContainer(this.#gate, this.#machine, id);
    await this.#gate.pass('startContainer', targetOf(before), before.container.behaviour.startMs ?? this.#durations.startMs, options);
    const { sandbox, container } = findContainer(this.#gate, this.#machine, id);
    if (container.running) return;
    if (container.exit !== undefined || !sandbox.ready) {
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${id}" cannot be started: it or its sandbox has ended`);
    }
    const { clock } = this.#gate.node;
    container.startedAtMs = clock.now();
    this.foreseeEnd({ sandbox, container });
    this.#machine.changed(sandbox);
  }

  /** Resolves when it has ended: by itself, or killed after the grace period. */
  async stop(id: string, graceMs: number, options?: CallOptions): Promise<void> {
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

  async remove(id: string, options?: CallOptions): Promise<void> {
    const found = this.#machine.container(id);
    await this.#gate.pass('removeContainer', found === undefined ? {} : targetOf(found), 0, options);
    if (found === undefined) return;
    if (found.container.running) throw stillRunning(id);
    found.sandbox.containers = found.sandbox.containers.filter((container) => container !== found.container);
  }

  /** Sets the earliest of the ends that image and faults have in store for a container that just started. */
  foreseeEnd(found: FoundContainer): void {
    const { faults, node } = this.#gate;
    const { random, nodeName } = node;
    const { sandbox, container } = found;
    const { behaviour, startedAtMs } = container;
    const { runsForMs, oomAfterMs, exitCode = 0, terminationMessage } = behaviour;
    const fault = faults.hit('run', { ...targetOf(found), node: nodeName }, random);
    if (oomAfterMs !== undefined) this.#machine.endAt(sandbox, container, startedAtMs + drawDuration(oomAfterMs, random), outOfMemory);
    if (fault?.type === 'crash') {
      this.#machine.endAt(sandbox, container, startedAtMs + (fault.afterMs ?? 0), exitOf(fault.exitCode, fault.reason));
    }
    if (runsForMs === undefined) return;
    const code = typeof exitCode === 'number' ? exitCode : exitCode(this.#machine.context(sandbox, container));
    const exit = { ...exitOf(code), message: terminationMessage ?? '' };
    this.#machine.endAt(sandbox, container, startedAtMs + drawDuration(runsForMs, random), exit);
  }
}

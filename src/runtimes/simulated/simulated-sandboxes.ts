import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import type { AddressRange } from '../address-range.ts';
import { addressesExhausted, unknownSandbox } from '../runtime-failure.ts';
import type { CallOptions, SandboxConfig, SandboxReport } from '../runtime.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { SimulatedDuration } from './simulated-image.ts';
import type { SimulatedImages } from './simulated-images.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import { sandboxOf } from './simulated-pods.ts';
import { SimulatedSandbox } from './simulated-sandbox.ts';

/** The sandboxes of one simulated node, as the kubelet asks for them. */
export class SimulatedSandboxes {
  readonly #gate: SimulatedGate;
  readonly #machine: SimulatedMachine;
  readonly #images: SimulatedImages;
  readonly #startMs: SimulatedDuration;

  constructor(gate: SimulatedGate, machine: SimulatedMachine, images: SimulatedImages, startMs: SimulatedDuration) {
    this.#gate = gate;
    this.#machine = machine;
    this.#images = images;
    this.#startMs = startMs;
  }

  async list(options?: CallOptions): Promise<readonly SandboxReport[]> {
    await this.#gate.pass('list', {}, 0, options);
    return [...this.#machine.sandboxes()].map((sandbox) => this.#report(sandbox));
  }

  /** Oldest attempt first. */
  async inspect(podUid: string, options?: CallOptions): Promise<readonly SandboxReport[]> {
    await this.#gate.pass('list', { pod: this.#machine.newest(podUid)?.podName }, 0, options);
    return this.#machine.sandboxesOf(podUid).map((sandbox) => this.#report(sandbox));
  }

  /** Repeated for the same pod and attempt it gives the same sandbox. */
  async run(config: SandboxConfig, options?: CallOptions): Promise<SandboxReport> {
    const { metadata, spec } = config.pod;
    await this.#gate.pass('runSandbox', { pod: metadata.name }, this.#startMs, options);
    const { range, clock } = this.#gate.node;
    const existing = this.#machine.sandboxesOf(metadata.uid).find((sandbox) => sandbox.attempt === config.attempt);
    if (existing !== undefined) return this.#report(existing);
    const hostNetwork = spec?.hostNetwork === true;
    const slot = hostNetwork ? -1 : range.take();
    const pod = { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '', hostNetwork };
    if (slot === undefined) throw addressesExhausted(range.cidr, { kind: 'Pod', ...pod });
    const sandbox = new SimulatedSandbox(pod, config.attempt, clock.now(), slot);
    this.#machine.add(sandbox);
    return this.#report(sandbox);
  }

  async stop(sandboxId: string, options?: CallOptions): Promise<void> {
    await this.#gate.pass('stopSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox !== undefined) this.#machine.stop(sandbox);
  }

  async remove(sandboxId: string, options?: CallOptions): Promise<void> {
    await this.#gate.pass('removeSandbox', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox !== undefined) this.#machine.remove(sandbox);
  }

  /** Volumes have no contents here: this only checks that the sandbox is there. */
  async prepareVolume(sandboxId: string, options?: CallOptions): Promise<void> {
    await this.#gate.pass('prepareVolume', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    if (this.#machine.sandbox(sandboxId) === undefined) throw unknownSandbox(sandboxId);
  }

  /** Takes it that a Pod runs here already, as its status says; undefined if no container was made of it. */
  assume(pod: Stored<PodManifest>, range: AddressRange): SimulatedSandbox | undefined {
    const sandbox = sandboxOf(pod, range.slotOf(pod.status?.podIP ?? '') ?? -1, this.#images);
    if (sandbox === undefined) return undefined;
    if (sandbox.addressSlot < 0 && !sandbox.hostNetwork) sandbox.addressSlot = range.take() ?? -1;
    this.#machine.add(sandbox);
    return sandbox;
  }

  #report(sandbox: SimulatedSandbox): SandboxReport {
    const { range } = this.#gate.node;
    const own = sandbox.addressSlot < 0 ? undefined : range.address(sandbox.addressSlot);
    return sandbox.report(sandbox.hostNetwork && sandbox.ready ? range.gateway : own);
  }
}

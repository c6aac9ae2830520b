import type { Clock } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import { ClosedError, RuntimeError } from '../../errors.ts';
import type { AddressRange } from '../address-range.ts';
import { deadlineExceeded } from '../../env/call-deadline.ts';
import { registryUnavailable, unavailable } from '../runtime-failure.ts';
import type { CallOptions } from '../runtime.ts';
import type { FaultEffect, FaultPoint, FaultTarget, SimulatedFaults } from './simulated-faults.ts';
import { drawDuration } from './simulated-image.ts';
import type { SimulatedDuration } from './simulated-image.ts';
import type { SimulatedWaits } from './simulated-waits.ts';

/** As the kubelet's runtime-request-timeout. */
export const callTimeoutMs = 120_000;

/** What a simulated node has while it is open. */
export interface OpenNode {
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  readonly range: AddressRange;
  readonly waits: SimulatedWaits;
  readonly keep: boolean;
}

const failureCodes: Partial<Record<FaultPoint, string>> = {
  createContainer: 'RUNTIME_CREATE_FAILED',
  startContainer: 'RUNTIME_START_FAILED',
  hook: 'RUNTIME_HOOK_FAILED',
};

/** What every call goes through: is the node there, does a fault hit, how long does it take, is that within the deadline. */
export class SimulatedGate {
  readonly faults: SimulatedFaults;
  /** False: no call is answered, because the node is cut off or has no power. */
  reachable = true;
  powered = true;
  #node: OpenNode | undefined;

  constructor(faults: SimulatedFaults) {
    this.faults = faults;
  }

  /** @throws ClosedError unless the node is open. */
  get node(): OpenNode {
    if (this.#node === undefined) throw new ClosedError('the simulated runtime');
    return this.#node;
  }

  /** @throws ClosedError unless the node is open. */
  requireOpen(): void {
    void this.node;
  }

  open(node: OpenNode): void {
    this.#node = node;
  }

  /** Rejects what is in flight; returns what was open. */
  close(): OpenNode | undefined {
    const node = this.#node;
    this.#node = undefined;
    node?.waits.close();
    return node;
  }

  /**
   * Resolves when the call has taken its time, with the effect of the fault that hit it, if any; undefined at once if neither time nor
   * fault is in its way, as with most calls. Throws or rejects where the call fails.
   */
  pass(
    at: FaultPoint,
    about: Omit<FaultTarget, 'node'>,
    duration: SimulatedDuration,
    options: CallOptions = {},
  ): Promise<FaultEffect | undefined> | undefined {
    const { random, nodeName } = this.node;
    this.#requireReachable(nodeName);
    const effect = this.faults.any ? this.faults.hit(at, { ...about, node: nodeName }, random) : undefined;
    const ms = drawDuration(duration, random);
    if (effect === undefined && ms === 0 && options.signal?.aborted !== true) return undefined;
    return this.#takeTime(at, effect, ms, options);
  }

  async #takeTime(
    at: FaultPoint,
    effect: FaultEffect | undefined,
    drawnMs: number,
    { timeoutMs = callTimeoutMs, signal }: CallOptions,
  ): Promise<FaultEffect | undefined> {
    const { nodeName, waits } = this.node;
    const ms = effect?.type === 'hang' ? Infinity : drawnMs + (effect?.type === 'delay' ? effect.ms : 0);
    if (ms > 0 || signal?.aborted === true) await waits.wait(Math.min(ms, timeoutMs), signal);
    if (ms > timeoutMs) throw deadlineExceeded(at, timeoutMs);
    this.#requireReachable(nodeName);
    if (effect?.type !== 'fail') return effect;
    const message = effect.message ?? `scripted fault at ${at}`;
    if (at === 'pullImage' && effect.code === undefined) throw registryUnavailable(message);
    throw new RuntimeError(effect.code ?? failureCodes[at] ?? 'RUNTIME_UNAVAILABLE', message, { retryable: effect.retryable ?? true });
  }

  #requireReachable(nodeName: string): void {
    if (!this.reachable || !this.powered) throw unavailable(`simulated node ${nodeName}`);
  }
}

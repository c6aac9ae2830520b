import type { Instant } from '../../env/clock.ts';
import { containerId, parseId } from '../container-id.ts';
import type { PodStats } from '../runtime.ts';
import type { SimulatedContext } from './simulated-image.ts';
import type { SimulatedExit } from './simulated-exit.ts';
import { killed } from './simulated-exit.ts';
import type { OpenNode } from './simulated-gate.ts';
import type { SimulatedContainer } from './simulated-container.ts';
import type { SimulatedSandbox } from './simulated-sandbox.ts';

/** The pods of one simulated node and how they change: synchronous, and nothing but state. */
export class SimulatedMachine {
  /** By pod uid, the newest sandbox of each; older ones hang behind it. */
  readonly #sandboxes = new Map<string, SimulatedSandbox>();
  /** CPU used so far, for those whose use is a function of time. */
  readonly #cpu = new WeakMap<SimulatedContainer, { atMs: Instant; nanoseconds: number }>();
  readonly #onEvent: (podUid: string) => void;
  #env: OpenNode | undefined;

  /** @param onEvent Called with the uid of a pod that changed. */
  constructor(onEvent: (podUid: string) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes up the clock: what was to end while nobody looked ends now. */
  open(env: OpenNode): void {
    this.#env = env;
    for (const sandbox of this.sandboxes()) {
      if (sandbox.addressSlot >= 0) env.range.reserve(env.range.address(sandbox.addressSlot));
      for (const container of sandbox.containers) {
        if (container.ending !== undefined) this.endAt(sandbox, container, container.ending.atMs, container.ending.exit, true);
      }
    }
  }

  /** Lets go of the clock; the pods stay as they are. */
  close(): void {
    for (const sandbox of this.sandboxes()) {
      for (const { ending } of sandbox.containers) {
        ending?.timer?.cancel();
        if (ending !== undefined) ending.timer = undefined;
      }
    }
    this.#env = undefined;
  }

  /** Every sandbox, oldest attempt of a pod first. */
  *sandboxes(): Generator<SimulatedSandbox> {
    for (const podUid of this.#sandboxes.keys()) yield* this.sandboxesOf(podUid);
  }

  sandboxesOf(podUid: string): readonly SimulatedSandbox[] {
    const found: SimulatedSandbox[] = [];
    for (let at = this.#sandboxes.get(podUid); at !== undefined; at = at.previous) found.unshift(at);
    return found;
  }

  newest(podUid: string): SimulatedSandbox | undefined {
    return this.#sandboxes.get(podUid);
  }

  add(sandbox: SimulatedSandbox): void {
    sandbox.previous = this.#sandboxes.get(sandbox.podUid);
    this.#sandboxes.set(sandbox.podUid, sandbox);
    this.changed(sandbox);
  }

  sandbox(id: string): SimulatedSandbox | undefined {
    const { podUid, sandboxAttempt } = parseId(id);
    return this.#attempt(podUid, sandboxAttempt);
  }

  container(id: string): { readonly sandbox: SimulatedSandbox; readonly container: SimulatedContainer } | undefined {
    const { podUid, sandboxAttempt, name, attempt } = parseId(id);
    const sandbox = this.#attempt(podUid, sandboxAttempt);
    const container = sandbox?.containers.find((each) => each.name === name && each.attempt === attempt);
    return sandbox === undefined || container === undefined ? undefined : { sandbox, container };
  }

  /** Ends a container at an instant, unless it ends before by another cause. */
  endAt(sandbox: SimulatedSandbox, container: SimulatedContainer, atMs: Instant, exit: SimulatedExit, evenIfLater = false): void {
    const env = this.#env;
    if (env === undefined || container.exit !== undefined) return;
    if (container.ending !== undefined && container.ending.atMs <= atMs && !evenIfLater) return;
    container.ending?.timer?.cancel();
    container.ending = { atMs, exit, timer: env.clock.schedule(atMs, () => this.end(sandbox, container, exit)) };
  }

  /** Ends a container now. */
  end(sandbox: SimulatedSandbox, container: SimulatedContainer, exit: SimulatedExit): void {
    if (container.exit !== undefined) return;
    container.ending?.timer?.cancel();
    container.ending = undefined;
    container.exit = exit;
    container.finishedAtMs = this.#env?.clock.now() ?? container.startedAtMs;
    this.#env?.waits.wake(container);
    this.changed(sandbox);
  }

  /** Kills what runs in a sandbox and frees its address. */
  stop(sandbox: SimulatedSandbox): void {
    if (!sandbox.ready) return;
    for (const container of sandbox.containers) if (container.running) this.end(sandbox, container, killed);
    sandbox.ready = false;
    if (sandbox.addressSlot >= 0) this.#env?.range.release(sandbox.addressSlot);
    sandbox.addressSlot = -1;
    this.changed(sandbox);
  }

  remove(sandbox: SimulatedSandbox): void {
    this.stop(sandbox);
    const rest = this.sandboxesOf(sandbox.podUid).filter((other) => other !== sandbox);
    let previous: SimulatedSandbox | undefined;
    for (const other of rest) {
      other.previous = previous;
      previous = other;
    }
    if (previous === undefined) this.#sandboxes.delete(sandbox.podUid);
    else this.#sandboxes.set(sandbox.podUid, previous);
    this.changed(sandbox);
  }

  context(sandbox: SimulatedSandbox, container: SimulatedContainer): SimulatedContext {
    const env = this.#env;
    if (env === undefined) throw new Error('a simulated machine was asked for a context while closed');
    return {
      nodeName: env.nodeName,
      podNamespace: sandbox.podNamespace,
      podName: sandbox.podName,
      podUid: sandbox.podUid,
      containerName: container.name,
      attempt: container.attempt,
      startedAtMs: container.startedAtMs,
      nowMs: env.clock.now(),
      get random() {
        return env.random.fork(containerId(sandbox.id, container.name, container.attempt));
      },
    };
  }

  stats(nowMs: Instant): readonly PodStats[] {
    const stats: PodStats[] = [];
    for (const sandbox of this.#sandboxes.values()) {
      if (!sandbox.ready) continue;
      const containers = sandbox.containers
        .filter((container) => container.running)
        .map((container) => {
          const { memoryBytes = 0 } = container.behaviour;
          return {
            containerName: container.name,
            cpuNanoseconds: this.#cpuNanoseconds(sandbox, container, nowMs),
            memoryWorkingSetBytes: typeof memoryBytes === 'number' ? memoryBytes : memoryBytes(this.context(sandbox, container)),
          };
        });
      stats.push({ podUid: sandbox.podUid, atMs: nowMs, containers });
    }
    return stats;
  }

  /** A constant use is exact; one that varies is taken as it is now for the time since it was last asked for. */
  #cpuNanoseconds(sandbox: SimulatedSandbox, container: SimulatedContainer, nowMs: Instant): number {
    const { cpuCores = 0 } = container.behaviour;
    if (typeof cpuCores === 'number') return Math.round((nowMs - container.startedAtMs) * cpuCores * 1e6);
    const used = this.#cpu.get(container) ?? { atMs: container.startedAtMs, nanoseconds: 0 };
    used.nanoseconds += Math.round((nowMs - used.atMs) * cpuCores(this.context(sandbox, container)) * 1e6);
    used.atMs = nowMs;
    this.#cpu.set(container, used);
    return used.nanoseconds;
  }

  #attempt(podUid: string, attempt: number): SimulatedSandbox | undefined {
    let at = this.#sandboxes.get(podUid);
    while (at !== undefined && at.attempt !== attempt) at = at.previous;
    return at;
  }

  /** Tells of a pod that changed. */
  changed(sandbox: SimulatedSandbox): void {
    this.#onEvent(sandbox.podUid);
  }
}

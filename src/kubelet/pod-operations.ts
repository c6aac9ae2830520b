import type { Instant } from '../env/clock.ts';
import { ClosedError } from '../errors.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { startContainer } from './container-start.ts';
import type { StartTarget } from './container-start.ts';
import { ContainerStop } from './container-stop.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { PodAction } from './pod-actions.ts';
import { containerMemory } from './pod-memory.ts';
import { runProbe } from './probe-run.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { prepareVolumes, makeSandbox } from './sandbox-start.ts';

/** A pod whose operations are carried out: what they read of it and where they leave what came of them. */
export interface OperatedPod extends StartTarget {
  readonly uid: string;
  readonly sandboxes: readonly SandboxReport[];
  /** What the runtime has of it has still to be found out. */
  readonly unknown: boolean;
  /** Whether the runtime is to be asked about the pod; `again`: something happened while it was being asked. */
  inspection: 'none' | 'due' | 'running' | 'again';
  inspectAt: Instant;
  abort: AbortController | undefined;
  /** It is behind a Service whose proxy must let go of it first. */
  served: boolean;
  volumes: PodVolumes | undefined;
  /** What the volumes show may have changed. */
  volumesDue: boolean;
  report(sandboxes: readonly SandboxReport[]): void;
  /** To be looked at, and its status too. */
  touch(): void;
  /** To be looked at; nothing that shows has changed. */
  look(): void;
  /** As `touch`, within a look that is under way. */
  statusChanged(): void;
}

/** After a call about the node or a pod failed that is simply to be repeated, in milliseconds. */
const repeatMs = 10_000;
/** How often a pod that is being drained is looked at. */
const drainLookMs = 50;
const inspectRepeatMs = 1000;

/** Does what was decided for a pod, and folds what came of it into the pod's memory. Nothing here rejects. */
export class PodOperations {
  readonly #parts: KubeletParts;
  readonly #stops: ContainerStop;

  constructor(parts: KubeletParts) {
    this.#parts = parts;
    this.#stops = new ContainerStop(parts);
  }

  /** Starts an action; what it needs is over when the pod is touched again. */
  perform(target: OperatedPod, action: Exclude<PodAction, { readonly type: 'finish' }>, now: Instant): void {
    switch (action.type) {
      case 'make-sandbox':
        return this.#begin(target, this.#makeSandbox(target, action.attempt, action.previous));
      case 'prepare-volumes':
        return this.#begin(target, this.#prepareVolumes(target, action.sandbox));
      case 'start-container':
        return this.#begin(target, this.#startContainer(target, action));
      case 'hold-back':
        return this.#holdBack(target, action);
      case 'probe':
        return this.#begin(target, runProbe(this.#parts, target, action.container, action.kind));
      case 'pre-stop':
        return this.#begin(target, this.#stops.preStop(target, action, now));
      case 'stop-container':
        return this.#begin(
          target,
          this.#stops.stop(target, action, now, async () => void (await this.#inspect(target))),
        );
      case 'remove-container':
      case 'stop-sandbox':
      case 'remove-sandbox':
        return this.#begin(target, this.#remove(target, action.type, action.id));
    }
  }

  /** The pod begins to end: what takes long is given up. */
  beginEnding(target: OperatedPod): void {
    target.abort?.abort();
    target.served =
      this.#parts.drainMs > 0 && target.pod.metadata.deletionTimestamp !== undefined && this.#parts.isBehindService(target.pod);
  }

  /** True while the proxy still has requests in flight to a pod that is to go. */
  isDraining(target: OperatedPod): boolean {
    return target.served && !this.#parts.view.table<Instant>('drained').has(target.uid);
  }

  /** What is due besides actions: asking the runtime, bringing volumes up to date. Returns when to look again. */
  step(target: OperatedPod, now: Instant, draining: boolean): Instant | undefined {
    let wakeAt = draining && target.memory.stopping === undefined ? now + drainLookMs : undefined;
    if (target.inspection === 'due') {
      if (now >= target.inspectAt) this.#begin(target, this.#inspect(target));
      else wakeAt = Math.min(wakeAt ?? target.inspectAt, target.inspectAt);
    }
    const { volumes, memory } = target;
    if (volumes === undefined || memory.endingAtMs !== undefined || !memory.volumesReady) return wakeAt;
    const refreshAt = volumes.refreshAt;
    if (target.volumesDue || (refreshAt !== undefined && refreshAt <= now)) this.#begin(target, this.#updateVolumes(target, volumes));
    else if (refreshAt !== undefined) wakeAt = Math.min(wakeAt ?? refreshAt, refreshAt);
    return wakeAt;
  }

  /** Asks the runtime about the pod, whatever is known of it. */
  recheck(target: OperatedPod): void {
    if (target.inspection !== 'running' && target.inspection !== 'again') this.#begin(target, this.#inspect(target));
  }

  /** Nothing waits for an operation; what it cannot handle itself is a fault of this program and goes to the log. */
  #begin(target: OperatedPod, operation: Promise<unknown>): void {
    operation.catch((error: unknown) => {
      if (!(error instanceof ClosedError))
        this.#parts.logger.error({ pod: target.pod.metadata.name, error: (error as Error).message }, 'an operation failed unexpectedly');
    });
  }

  async #makeSandbox(target: OperatedPod, attempt: number, previous: string | undefined): Promise<void> {
    const { memory } = target;
    memory.makingSandbox = true;
    memory.volumesReady = false;
    const made = await makeSandbox(this.#parts, target, attempt, previous);
    if (made !== undefined) memory.stoppedSandboxes?.delete(made.id);
    // What was in the sandbox before has been ended with it, of which no event tells: it would be taken to run.
    if (previous !== undefined) return this.#insistOnInspection(target, () => (memory.makingSandbox = false));
    memory.makingSandbox = false;
    if (made === undefined) return target.touch();
    if (target.inspection === 'due') target.inspection = 'none';
    target.report([...target.sandboxes.filter(({ id }) => id !== made.id), made]);
  }

  async #prepareVolumes(target: OperatedPod, sandbox: SandboxReport): Promise<void> {
    target.memory.makingSandbox = true;
    await prepareVolumes(this.#parts, target, sandbox);
    target.memory.makingSandbox = false;
    target.touch();
  }

  async #updateVolumes(target: OperatedPod, volumes: PodVolumes): Promise<void> {
    target.volumesDue = false;
    const sandbox = target.sandboxes[target.sandboxes.length - 1];
    if (sandbox === undefined) return;
    const { hostIp, allocatable, logger } = this.#parts;
    try {
      await volumes.update(target.pod, sandbox.id, { podIps: sandbox.ips, hostIp, allocatable });
    } catch (error) {
      // What is mounted stays as it is; the next change is tried again.
      if (error instanceof ClosedError) return;
      this.#parts.event(target.pod, 'Warning', 'FailedMount', (error as Error).message);
      logger.debug({ pod: target.pod.metadata.name, error: (error as Error).message }, 'volumes could not be updated');
    }
  }

  async #startContainer(
    target: OperatedPod,
    { container, sandbox }: Extract<PodAction, { readonly type: 'start-container' }>,
  ): Promise<void> {
    const { memory } = target;
    memory.starting = container.spec.name;
    const id = await startContainer(this.#parts, target, container, sandbox);
    target.abort = undefined;
    // Until the runtime has said what came of it, what is known is from before: a second start would follow.
    if (id !== undefined) return this.#insistOnInspection(target, () => (memory.starting = undefined));
    memory.starting = undefined;
    target.touch();
  }

  #holdBack(target: OperatedPod, { container, waiting }: Extract<PodAction, { readonly type: 'hold-back' }>): void {
    const { pod, memory } = target;
    const { name, namespace, uid } = pod.metadata;
    const { spec, type } = container;
    containerMemory(memory, spec.name).waiting = waiting;
    const ref = { name: spec.name, type };
    if (waiting.reason === 'CrashLoopBackOff') {
      this.#parts.event(
        pod,
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${spec.name} in pod ${name}_${namespace}(${uid})`,
        ref,
      );
    } else {
      this.#parts.event(pod, 'Normal', 'BackOff', `Back-off pulling image "${spec.image ?? ''}"`, ref);
      this.#parts.event(pod, 'Warning', 'Failed', `Error: ${waiting.reason}`, ref);
    }
    target.statusChanged();
  }

  async #remove(target: OperatedPod, what: 'remove-container' | 'stop-sandbox' | 'remove-sandbox', id: string): Promise<void> {
    const { memory } = target;
    const { calls, runtime, timeouts, clock, logger } = this.#parts;
    const busy = (memory.busy ??= new Set());
    busy.add(id);
    try {
      if (what === 'remove-container')
        await calls.run('work', 'removeContainer', timeouts.workMs, (options) => runtime.removeContainer(id, options));
      else if (what === 'stop-sandbox')
        await calls.run('work', 'stopSandbox', timeouts.workMs, (options) => runtime.stopSandbox(id, options));
      else await calls.run('work', 'removeSandbox', timeouts.workMs, (options) => runtime.removeSandbox(id, options));
    } catch (error) {
      busy.delete(id);
      if (error instanceof ClosedError) return;
      logger.warn({ pod: target.pod.metadata.name, error: (error as Error).message }, `${what} failed and will be repeated`);
      memory.stopRetryAtMs = clock.now() + repeatMs;
      return target.touch();
    }
    busy.delete(id);
    if (busy.size === 0) memory.busy = undefined;
    this.#noteRemoved(target, what, id);
  }

  #noteRemoved(target: OperatedPod, what: 'remove-container' | 'stop-sandbox' | 'remove-sandbox', id: string): void {
    const { memory, sandboxes } = target;
    // The events of what was done itself need no question. Those of a pod that lives may be of something else.
    if (target.inspection === 'due' && memory.endingAtMs !== undefined) target.inspection = 'none';
    if (what === 'remove-container') {
      target.report(sandboxes.map((each) => ({ ...each, containers: each.containers.filter((container) => container.id !== id) })));
    } else if (what === 'stop-sandbox') {
      (memory.stoppedSandboxes ??= new Set()).add(id);
      target.report(sandboxes.map((each) => (each.id === id ? { ...each, ready: false } : each)));
    } else {
      if (memory.endingAtMs !== undefined && sandboxes.length === 1) memory.lastReports = sandboxes;
      memory.stoppedSandboxes?.delete(id);
      target.report(sandboxes.filter((each) => each.id !== id));
    }
  }

  /** Asks the runtime until it has answered, or the pod is to end. `over` is called before anybody acts on the answer. */
  async #insistOnInspection(target: OperatedPod, over: () => void): Promise<void> {
    const { clock } = this.#parts;
    while (!(await this.#inspect(target, over)) && !target.ending) await clock.sleep(inspectRepeatMs);
    over();
  }

  /** False if the runtime did not answer: it will be asked again. */
  async #inspect(target: OperatedPod, answered: () => void = () => undefined): Promise<boolean> {
    const { calls, runtime, timeouts, clock } = this.#parts;
    target.inspection = 'running';
    try {
      const reports = await calls.run('free', 'inspectPod', timeouts.workMs, (options) => runtime.inspectPod(target.uid, options));
      this.#tellNotices(target, reports);
      target.inspection = (target.inspection as string) === 'again' ? 'due' : 'none';
      answered();
      target.report(reports);
      return true;
    } catch (error) {
      target.inspection = 'due';
      if (error instanceof ClosedError) return true;
      target.inspectAt = clock.now() + (target.unknown ? repeatMs : inspectRepeatMs);
      target.touch();
      return false;
    }
  }

  /** What the runtime thinks the user should know, once. */
  #tellNotices(target: OperatedPod, reports: readonly SandboxReport[]): void {
    for (const { id, notices } of reports) {
      if (notices.length === 0) continue;
      const known = target.sandboxes.find((each) => each.id === id)?.notices ?? [];
      for (const { reason, message } of notices) {
        if (!known.some((each) => each.reason === reason && each.message === message))
          this.#parts.event(target.pod, 'Warning', reason, message);
      }
    }
  }
}

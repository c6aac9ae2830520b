import type { Instant } from '../env/clock.ts';
import { ClosedError, RuntimeError } from '../errors.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { PodAction } from './pod-actions.ts';
import type { PodContainer } from './pod-containers.ts';
import type { Stopping } from './pod-memory.ts';
import type { OperatedPod } from './pod-operations.ts';
import { withNumericPort } from './probe-state.ts';

/** After a stop that failed it is tried again so much later. */
const repeatMs = 10_000;

/** Ends containers: preStop hooks and stops. */
export class ContainerStop {
  readonly #parts: KubeletParts;

  constructor(parts: KubeletParts) {
    this.#parts = parts;
  }

  /** Runs a preStop hook; however it ends, the stop comes next. */
  async preStop(
    target: OperatedPod,
    { container, timeoutMs, message }: Extract<PodAction, { readonly type: 'pre-stop' }>,
    now: Instant,
  ): Promise<void> {
    const { calls, runtime, hostIp } = this.#parts;
    const { spec, current } = container;
    const id = current!.id;
    this.#announce(target, container, message);
    this.#set(target, id, { sinceMs: now, message, preStop: 'running', killAtMs: undefined });
    const hook = spec.lifecycle!.preStop!;
    const podIp = target.sandboxes[target.sandboxes.length - 1]?.ips[0] ?? hostIp;
    try {
      const handler = withNumericPort(hook, spec);
      if (typeof handler === 'string') throw new RuntimeError('RUNTIME_HOOK_FAILED', handler);
      await calls.run('free', 'preStop', timeoutMs, (options) => runtime.runHook(id, podIp, handler, options));
    } catch (error) {
      if (error instanceof ClosedError) return;
      this.#parts.event(target.pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', { name: spec.name, type: container.type });
    }
    const progress = target.memory.stopping?.get(id);
    if (progress?.preStop === 'running') this.#set(target, id, { ...progress, preStop: 'done' });
    target.touch();
  }

  async stop(
    target: OperatedPod,
    { container, graceMs, message }: Extract<PodAction, { readonly type: 'stop-container' }>,
    now: Instant,
    inspect: () => Promise<void>,
  ): Promise<void> {
    const { calls, runtime, timeouts, clock, logger } = this.#parts;
    const id = container.current!.id;
    const before = target.memory.stopping?.get(id);
    if (before === undefined) this.#announce(target, container, message);
    this.#set(target, id, { sinceMs: before?.sinceMs ?? now, message, preStop: before?.preStop ?? 'none', killAtMs: now + graceMs });
    try {
      await calls.run('free', 'stopContainer', graceMs + timeouts.workMs, (options) => runtime.stopContainer(id, graceMs, options));
    } catch (error) {
      if (error instanceof ClosedError) return;
      target.memory.stopping?.delete(id);
      target.memory.stopRetryAtMs = clock.now() + repeatMs;
      logger.warn(
        { pod: target.pod.metadata.name, container: container.spec.name, error: (error as Error).message },
        'a container could not be stopped and will be stopped again',
      );
      return target.touch();
    }
    await inspect();
  }

  #announce({ pod }: OperatedPod, container: PodContainer, message: string): void {
    this.#parts.event(pod, 'Normal', 'Killing', message, { name: container.spec.name, type: container.type });
  }

  #set({ memory }: OperatedPod, id: string, progress: Stopping): void {
    (memory.stopping ??= new Map()).set(id, progress);
  }
}

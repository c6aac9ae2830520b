import { ClosedError } from '../errors.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import type { KubeletParts } from './kubelet-parts.ts';

/** What no object explains is given the least grace there is. */
const graceMs = 1000;

/** Removes sandboxes that no pod of the API explains. What fails is tried again with the next listing. */
export class OrphanRemoval {
  readonly #parts: Pick<KubeletParts, 'calls' | 'runtime' | 'timeouts' | 'logger'>;
  readonly #busy = new Set<string>();

  constructor(parts: Pick<KubeletParts, 'calls' | 'runtime' | 'timeouts' | 'logger'>) {
    this.#parts = parts;
  }

  remove(sandbox: SandboxReport): void {
    if (this.#busy.has(sandbox.id)) return;
    this.#busy.add(sandbox.id);
    const { logger } = this.#parts;
    logger.info({ sandbox: sandbox.id, pod: `${sandbox.podNamespace}/${sandbox.podName}` }, 'removing a sandbox that no pod explains');
    this.#end(sandbox).then(
      () => this.#busy.delete(sandbox.id),
      (error: unknown) => {
        this.#busy.delete(sandbox.id);
        if (!(error instanceof ClosedError))
          logger.warn({ sandbox: sandbox.id, error: (error as Error).message }, 'an orphaned sandbox could not be removed yet');
      },
    );
  }

  async #end({ id, containers }: SandboxReport): Promise<void> {
    const { calls, runtime, timeouts } = this.#parts;
    const running = containers.filter(({ state }) => state.state === 'running');
    await Promise.all(
      running.map((container) =>
        calls.run('free', 'stopContainer', graceMs + timeouts.workMs, (options) => runtime.stopContainer(container.id, graceMs, options)),
      ),
    );
    await calls.run('work', 'stopSandbox', timeouts.workMs, (options) => runtime.stopSandbox(id, options));
    await calls.run('work', 'removeSandbox', timeouts.workMs, (options) => runtime.removeSandbox(id, options));
  }
}

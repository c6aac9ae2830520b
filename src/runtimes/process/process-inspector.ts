import type { Clock, Instant, Timer } from '../../env/clock.ts';
import type { PodStats } from '../runtime.ts';
import type { Sandbox } from '../sandbox-book.ts';
import { listenersOf, machineListeners } from './listeners.ts';
import type { Listener } from './listeners.ts';
import { memoryLimit } from './memory-limit.ts';
import type { ProcessContainer } from './process-container.ts';
import type { ProcessScanner } from './process-scanner.ts';
import { anonymousBytes, pageBytes } from './process-table.ts';
import type { ProcessEntry } from './process-table.ts';

/** How often the processes of containers are looked for: for their listeners, and for those that leave home. */
const lookMs = 2000;
/** How often the memory of containers with a limit is looked at. */
const memoryMs = 250;

type Pod = Sandbox<ProcessContainer>;

export interface InspectorOptions {
  readonly clock: Clock;
  readonly scanner: ProcessScanner;
  /** Sandboxes as they are now. */
  readonly sandboxes: () => readonly Pod[];
  /** Pods whose listeners on the wildcard are nobody's business: they are alone on their network, or have the host's. */
  readonly mayListenAnywhere: (sandbox: Pod) => boolean;
  /** True if the kernel holds containers to their memory limits. */
  readonly kernelLimitsMemory: boolean;
  readonly changed: (podUid: string) => void;
}

/** Looks at running containers from time to time: where they listen, how much memory and CPU they use, which processes are theirs. */
export class ProcessInspector {
  readonly #options: InspectorOptions;
  readonly #pageBytes = pageBytes();
  readonly #timers = new Map<'look' | 'memory', Timer>();
  readonly #cpu = new WeakMap<ProcessContainer, number>();
  #closed = false;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** To be called whenever a container has started: looking goes on until none runs. */
  wake(): void {
    this.#arm('look', lookMs, () => this.#look());
    if (this.#limited().length > 0) this.#arm('memory', memoryMs, () => this.#watchMemory());
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  async stats(nowMs: Instant): Promise<readonly PodStats[]> {
    const sandboxes = this.#options.sandboxes().filter((sandbox) => sandbox.ready);
    const running = sandboxes.flatMap((sandbox) => runningIn(sandbox));
    const processes = running.length === 0 ? new Map<string, readonly ProcessEntry[]>() : await this.#options.scanner.find(running);
    return Promise.all(
      sandboxes.map(async (sandbox) => {
        const containers = runningIn(sandbox).filter((container) => processes.has(container.id));
        const figures = containers.map(async (container) => {
          const members = processes.get(container.id) ?? [];
          return {
            containerName: container.config.container.name,
            cpuNanoseconds: (await container.group?.cpuNanoseconds()) ?? this.#cpuOf(container, members),
            memoryWorkingSetBytes: (await container.group?.workingSetBytes()) ?? (await this.#memoryOf(members.map(({ pid }) => pid))),
          };
        });
        return { podUid: sandbox.podUid, atMs: nowMs, containers: await Promise.all(figures) };
      }),
    );
  }

  #arm(name: 'look' | 'memory', afterMs: number, work: () => Promise<void>): void {
    if (this.#closed || this.#timers.has(name)) return;
    const { clock } = this.#options;
    const timer = clock.schedule(clock.now() + afterMs, () => {
      void work().finally(() => {
        this.#timers.delete(name);
        if (this.#running().length > 0) this.wake();
      });
    });
    this.#timers.set(name, timer);
  }

  #running(): readonly ProcessContainer[] {
    return this.#options.sandboxes().flatMap((sandbox) => runningIn(sandbox));
  }

  #limited(): readonly ProcessContainer[] {
    if (this.#options.kernelLimitsMemory) return [];
    return this.#running().filter((container) => memoryLimit(container.config) !== undefined);
  }

  async #look(): Promise<void> {
    const running = this.#running();
    if (running.length === 0) return;
    const [processes, listeners] = await Promise.all([this.#options.scanner.find(running), machineListeners()]);
    if (listeners.length === 0) return;
    for (const sandbox of this.#options.sandboxes()) {
      if (this.#options.mayListenAnywhere(sandbox)) continue;
      for (const container of runningIn(sandbox)) {
        const pids = (processes.get(container.id) ?? []).map(({ pid }) => pid);
        for (const listener of listenersOf(pids, listeners)) this.#report(sandbox, container, listener);
      }
    }
  }

  #report(sandbox: Pod, { config }: ProcessContainer, { port, on }: Listener): void {
    const who = `container "${config.container.name}" listens on port ${port}`;
    const isNew =
      on === 'wildcard'
        ? sandbox.notice(
            'ListensOnWildcard',
            `${who} of every address: no other pod of this machine can use that port. Let it listen on $HOST, or give the node network: 'namespace'`,
          )
        : sandbox.notice(
            'ListensOnLocalhost',
            `${who} of localhost only: it cannot be reached at the pod's address ${sandbox.ips[0] ?? ''}. Let it listen on $HOST`,
          );
    if (isNew) this.#options.changed(sandbox.podUid);
  }

  /** Ends containers that use more memory than they may. */
  async #watchMemory(): Promise<void> {
    await Promise.all(
      this.#limited().map(async (container) => {
        const pids = container.known.size === 0 ? [container.main.pid] : [...container.known.keys()];
        const limit = memoryLimit(container.config);
        if (limit === undefined || (await this.#memoryOf(pids)) <= limit || !container.running) return;
        container.outOfMemory = true;
        await container.kill();
      }),
    );
  }

  async #memoryOf(pids: readonly number[]): Promise<number> {
    const sizes = await Promise.all(pids.map((pid) => anonymousBytes(pid, this.#pageBytes)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Never less than it was: the time of a process that nobody waited for is lost with it. */
  #cpuOf(container: ProcessContainer, members: readonly ProcessEntry[]): number {
    const now = members.reduce((sum, { cpuNanoseconds }) => sum + cpuNanoseconds, 0);
    const most = Math.max(now, this.#cpu.get(container) ?? 0);
    this.#cpu.set(container, most);
    return most;
  }
}

const runningIn = (sandbox: Pod): readonly ProcessContainer[] => [...sandbox.containers.values()].filter((container) => container.running);

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import * as failure from '../runtime-failure.ts';
import type { Archive, CallOptions, ContainerStats, ExecOptions, PodAddress, PodStats } from '../runtime.ts';
import type { DockerContainer } from './docker-container.ts';
import { DockerExecSession } from './docker-exec-session.ts';
import { ownLabels } from './docker-labels.ts';
import type { DockerNode } from './docker-node.ts';
import type { DockerPod } from './docker-pod.ts';
import { hasStatus } from './engine-answered.ts';
import { insist } from './insist.ts';
import { ensureSandboxImage } from './sandbox-image.ts';

interface ExecAnswer {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid?: number;
}

interface StatsAnswer {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
}

const pollMs = 20;
const pollMsMax = 500;
const overLookMs = 2000;
/** How long an exec whose output has ended is asked for its exit code. */
const exitPatienceMs = 30_000;
/** How often a command that is being started is looked at before it is given up. */
const startLooks = 250;
const killedExitCode = 137;
const copyTimeoutMs = 600_000;

/** What leads into running containers: commands, terminals, ports, figures. */
export class ContainerAccess {
  readonly #node: DockerNode;

  constructor(node: DockerNode) {
    this.#node = node;
  }

  async exec(container: DockerContainer, { command, tty = false, stdin = false, ...call }: ExecOptions): Promise<DockerExecSession> {
    const { engine } = this.#node;
    const notRunning = (): Error => failure.notRunning(container.id, container.state.state);
    if (!container.running) throw notRunning();
    const body = { AttachStdin: stdin, AttachStdout: true, AttachStderr: !tty, Tty: tty, Cmd: command };
    const make = { method: 'POST', path: `/containers/${container.engineId}/exec`, body } as const;
    try {
      const { Id: id } = await engine.json<{ readonly Id: string }>('make an exec', make, call);
      const start = { method: 'POST', path: `/exec/${id}/start`, body: { Detach: false, Tty: tty } } as const;
      const connection = await engine.hijack('start an exec', start, call);
      return new DockerExecSession({
        ...{ connection, tty, stdin },
        exitCode: () => this.#exitCode(id),
        resize: (columns, rows) => this.#resize(`/exec/${id}`, columns, rows),
        kill: () => this.#killExec(id, container),
        over: (signal) => this.#over(id, signal),
      });
    } catch (error) {
      if (hasStatus(error, 404, 409)) throw notRunning();
      throw error;
    }
  }

  /** @param ended Resolves with the exit code once the container has ended. */
  async attach(
    container: DockerContainer,
    options: Omit<ExecOptions, 'command'>,
    ended: () => Promise<number>,
  ): Promise<DockerExecSession> {
    const { engine } = this.#node;
    if (!container.running) throw failure.notRunning(container.id, container.state.state);
    const { tty = container.hasTerminal, stdin = false, ...call } = options;
    const path = `/containers/${container.engineId}`;
    const query = { stream: true, stdout: true, stderr: true, stdin };
    const connection = await engine.hijack('attach to a container', { method: 'POST', path: `${path}/attach`, query }, call);
    return new DockerExecSession({
      ...{ connection, tty: tty && container.hasTerminal, stdin },
      exitCode: ended,
      resize: (columns, rows) => this.#resize(path, columns, rows),
      // Whoever was watching leaves; the container goes on.
      kill: () => Promise.resolve(),
      over: undefined,
    });
  }

  /** A path of a container as the engine packs it; needs no program in the image. */
  async copyFrom({ engineId }: DockerContainer, path: string, call: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const { signal = new AbortController().signal, timeoutMs = copyTimeoutMs } = call;
    const request = { method: 'GET', path: `/containers/${engineId}/archive`, query: { path } } as const;
    try {
      return await this.#node.engine.stream('copy out of a container', request, signal, timeoutMs);
    } catch (error) {
      throw notCopied(`copying ${path}`, error);
    }
  }

  async copyTo({ engineId }: DockerContainer, folder: string, archive: Archive, call: CallOptions): Promise<void> {
    const { engine } = this.#node;
    const source = archive instanceof Uint8Array ? archive : Readable.from(archive, { objectMode: false });
    const at = { path: `/containers/${engineId}/archive`, query: { path: folder } } as const;
    const request = { method: 'PUT', ...at, archive: source } as const;
    try {
      // It would make the folder.
      if (engine.isPodman) await engine.json('look for the folder', { method: 'HEAD', ...at }, call);
      await engine.json('copy into a container', request, { timeoutMs: copyTimeoutMs, ...call });
    } catch (error) {
      throw notCopied(`copying to ${folder}`, error);
    }
  }

  /** As `reach`; what is not reached because it is not published is told to the pod's owner. */
  reachOrTell(pod: DockerPod, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined {
    const address = this.reach(pod, port, protocol);
    const isPlanned = pod.plan.ports.some((each) => each.port === port && each.protocol === protocol);
    if (address === undefined && !isPlanned && pod.ips.length > 0 && pod.notice('PortNotPublished', notPublished(port, protocol)))
      this.#node.book.pods.emit(pod.podUid);
    return address;
  }

  /** As `reach`; throws if it is not. */
  require(pod: DockerPod, port: number): PodAddress {
    const address = this.reach(pod, port, 'TCP');
    if (address === undefined) throw new RuntimeError('RUNTIME_PORT_REFUSED', notPublished(port, 'TCP'), { retryable: true });
    return address;
  }

  /** How a port of a pod is reached from here; undefined if it is not. */
  reach(pod: DockerPod, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined {
    const { byAddress, hostAddress } = this.#node;
    const [ip] = pod.ips;
    if (ip === undefined) return undefined;
    if (byAddress || pod.plan.hostNetwork) return { host: pod.plan.ip ?? ip, port };
    const published = pod.published[`${port}/${protocol.toLowerCase()}`];
    return published === undefined ? undefined : { host: hostAddress, port: published };
  }

  forward(pod: DockerPod, port: number, signal: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...this.require(pod, port), signal });
      socket.once('connect', () => resolve(socket));
      socket.once('error', (cause) => reject(failure.portRefused(pod.id, port, cause)));
    });
  }

  async stats(signal: AbortSignal): Promise<readonly PodStats[]> {
    const { book, clock } = this.#node;
    const all = book.pods.all().map(async (pod): Promise<PodStats> => {
      const running = [...pod.containers.values()].filter((container) => container.running);
      const figures = await Promise.all(running.map((container) => this.#figures(container, signal)));
      return { podUid: pod.podUid, atMs: clock.now(), containers: figures.filter((each) => each !== undefined) };
    });
    return Promise.all(all);
  }

  async #figures(container: DockerContainer, signal: AbortSignal): Promise<ContainerStats | undefined> {
    const request = { method: 'GET', path: `/containers/${container.engineId}/stats`, query: { stream: false, 'one-shot': true } } as const;
    try {
      const { cpu_stats, memory_stats } = await this.#node.engine.json<StatsAnswer>('measure a container', request, { signal });
      const inactive = memory_stats?.stats?.total_inactive_file ?? memory_stats?.stats?.inactive_file ?? 0;
      return {
        containerName: container.name,
        cpuNanoseconds: cpu_stats?.cpu_usage?.total_usage ?? 0,
        memoryWorkingSetBytes: Math.max(0, (memory_stats?.usage ?? 0) - inactive),
      };
    } catch (error) {
      // It ended meanwhile.
      if (hasStatus(error, 404, 409)) return undefined;
      throw error;
    }
  }

  /** Resolves once the command has ended, however its streams are: some never end. */
  async #over(id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#node.clock.sleep(overLookMs, signal);
      const { Running, ExitCode } = await this.#inspectExec(id);
      if (!Running && ExitCode !== null) return;
    }
  }

  #inspectExec(id: string): Promise<ExecAnswer> {
    return this.#node.engine.json<ExecAnswer>('inspect an exec', { method: 'GET', path: `/exec/${id}/json` });
  }

  /**
   * Streams sometimes end before the process, and sometimes the process before the engine knows: it is asked until it does. A process
   * that closed its output and goes on is waited for.
   */
  async #exitCode(id: string): Promise<number> {
    const { clock } = this.#node;
    const patience = new AbortController();
    const timer = clock.schedule(clock.now() + exitPatienceMs, () => patience.abort());
    try {
      for (let waitMs = pollMs; ; waitMs = Math.min(waitMs * 2, pollMsMax)) {
        const { Running, ExitCode } = await insist(clock, new AbortController().signal, () => this.#inspectExec(id));
        if (!Running && ExitCode !== null) return ExitCode;
        // It was never started, and will not be.
        if (!Running && patience.signal.aborted) return killedExitCode;
        await clock.sleep(waitMs);
      }
    } catch (error) {
      // The container is gone, and the exec with it.
      if (hasStatus(error, 404)) return killedExitCode;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async #resize(path: string, columns: number, rows: number): Promise<void> {
    await this.#node.engine.json('resize a terminal', { method: 'POST', path: `${path}/resize`, query: { h: rows, w: columns } });
  }

  /** The engine cannot end an exec: its process is killed by its number on the engine's machine. */
  async #killExec(id: string, container: DockerContainer): Promise<void> {
    for (let tries = 0; tries < startLooks; tries++) {
      const { Running, ExitCode, Pid = 0 } = await this.#inspectExec(id);
      if (!Running && ExitCode !== null) return;
      // It was asked for, and is only being started.
      if (Pid === 0) await this.#node.clock.sleep(pollMs);
      else if (killHere(Pid, container.engineId)) return;
      else return this.#killThere(Pid);
    }
  }

  /** A helper with our own program, which needs no shell in the image: in the process namespace of the machine, with nothing but this right. */
  async #killThere(pid: number): Promise<void> {
    const { engine, info, env, owner } = this.#node;
    const image = await ensureSandboxImage(engine, info.Architecture ?? '');
    const HostConfig = { PidMode: 'host', NetworkMode: 'none', AutoRemove: true, CapDrop: ['ALL'], CapAdd: ['KILL'], ReadonlyRootfs: true };
    const body = { Image: image, Cmd: [String(pid)], Labels: ownLabels(env, owner, 'helper'), HostConfig };
    const { Id } = await engine.json<{ readonly Id: string }>('make a helper', { method: 'POST', path: '/containers/create', body });
    await engine.json('start a helper', { method: 'POST', path: `/containers/${Id}/start` });
  }
}

const notPublished = (port: number, protocol: string): string =>
  `port ${port}/${protocol} cannot be reached from here: the engine publishes only ports that a container declares in spec.containers[].ports`;

/** What the engine refuses becomes a failure of the copy; an engine that does not answer stays one. */
function notCopied(what: string, error: unknown): unknown {
  if (!hasStatus(error, 400, 403, 404, 409, 500)) return error;
  return new RuntimeError('RUNTIME_COPY_FAILED', `${what}: ${(error as Error).message}`, { cause: error });
}

/** Kills a process of a container from here, if this machine is the engine's and this user may. False if not. */
function killHere(pid: number, engineId: string): boolean {
  try {
    if (!readFileSync(`/proc/${pid}/cgroup`, 'latin1').includes(engineId)) return false;
  } catch {
    return false;
  }
  let killed = false;
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
      killed = true;
    } catch {
      // No group of that number, or gone already.
    }
  }
  return killed;
}

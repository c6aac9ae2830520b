import { PassThrough } from 'node:stream';
import type { Instant } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import type { Clock } from '../../env/clock.ts';
import { RuntimeError } from '../../errors.ts';
import { MemoryLog } from '../memory-log.ts';
import type { PodAttachment } from '../network/pod-network.ts';
import { notRunning } from '../runtime-failure.ts';
import type { ContainerConfig, ContainerState, ContainerStatusReport, ExecOptions, ExecSession } from '../runtime.ts';
import type { Sandbox } from '../sandbox-book.ts';
import { ContainerClock } from './container-clock.ts';
import type { InProcessContext, InProcessImage } from './in-process-image.ts';
import { OwnedServers } from './owned-servers.ts';

/** What a container is made with. */
export interface InProcessContainerSetup {
  readonly id: string;
  readonly sandbox: Sandbox<InProcessContainer>;
  readonly config: ContainerConfig;
  readonly image: InProcessImage;
  readonly attachment: PodAttachment;
  /** Mount paths with the folders they stand for, longest first. */
  readonly mounts: readonly { readonly mountPath: string; readonly folder: string }[];
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logBytesMax: number;
  readonly onChange: () => void;
}

interface Usage {
  cpuCores: number;
  memoryBytes: number;
  cpuNanoseconds: number;
  sinceMs: Instant;
}

/** A function that runs as a container. */
export class InProcessContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly log: MemoryLog;
  readonly #setup: InProcessContainerSetup;
  readonly #clock: ContainerClock;
  readonly #servers = new OwnedServers();
  readonly #stop = new AbortController();
  readonly #killed = new AbortController();
  readonly #context: InProcessContext;
  readonly #usage: Usage;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #state: ContainerState = { state: 'created' };

  constructor(setup: InProcessContainerSetup) {
    this.id = setup.id;
    this.config = setup.config;
    this.#setup = setup;
    this.#clock = new ContainerClock(setup.clock);
    this.log = new MemoryLog(setup.logBytesMax, () => setup.clock.now());
    this.#usage = { cpuCores: 0, memoryBytes: 0, cpuNanoseconds: 0, sinceMs: setup.clock.now() };
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    this.#context = this.#makeContext();
  }

  get running(): boolean {
    return this.#state.state === 'running';
  }

  report(): ContainerStatusReport {
    const { config, sandbox } = this.#setup;
    const { image, attempt } = config;
    return {
      id: this.id,
      sandboxId: sandbox.id,
      name: config.container.name,
      attempt,
      image,
      imageId: imageIdOf(image),
      state: this.#state,
    };
  }

  /** Calls the function. Idempotent while it runs. */
  start(): void {
    if (this.running) return;
    if (this.#state.state !== 'created') {
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${this.id}" has ended: a restart is a container of its own`);
    }
    this.#state = { state: 'running', startedAtMs: this.#setup.clock.now() };
    this.#usage.sinceMs = this.#setup.clock.now();
    // The function begins in a later turn: a start that does not return must not hold the kubelet.
    void Promise.resolve()
      .then(() => this.#setup.image.main(this.#context))
      .then(
        (code) => this.#exit(typeof code === 'number' ? code : 0),
        (error: unknown) => this.#fail(error),
      );
    this.#setup.onChange();
  }

  /** Asks the function to return; lets go of it after `graceMs`. Resolves when the container has ended. */
  async stop(graceMs: number): Promise<void> {
    if (!this.running) return;
    this.#stop.abort();
    if (graceMs <= 0) {
      this.kill();
      return;
    }
    const { clock } = this.#setup;
    const timer = clock.schedule(clock.now() + graceMs, () => this.kill());
    await this.#ended;
    timer.cancel();
  }

  /** Lets go of the function: it may go on, but nothing of it is seen, heard or reached any more. */
  kill(): void {
    this.#stop.abort();
    this.#exit(137, 9);
  }

  exec(options: ExecOptions): ExecSession {
    if (!this.running) throw notRunning(this.id, this.#state.state);
    const [name = '', ...args] = options.command;
    const command = this.#setup.image.exec?.[name];
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    // As /dev/null: whoever reads it comes to its end.
    if (options.stdin !== true) stdin.end();
    const errors = options.tty === true ? stdout : stderr;
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, this.#killed.signal]);
    const run = async (): Promise<number> => {
      if (command === undefined) {
        errors.write(`exec: "${name}": not a command of image "${this.config.image}"\n`);
        return 127;
      }
      try {
        return (await command({ container: this.#context, args, stdin, stdout, stderr: errors, signal })) ?? 0;
      } catch (error) {
        errors.write(`${String(error)}\n`);
        return exitCodeOf(error);
      }
    };
    const killed = new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(137), { once: true }));
    const exitCode = Promise.race([run(), killed]).then((code) => {
      for (const stream of [stdout, stderr]) stream.end();
      return code;
    });
    return {
      stdin: options.stdin === true ? stdin : undefined,
      stdout,
      stderr: options.tty === true ? undefined : stderr,
      exitCode,
      resize: () => undefined,
      close: async () => {
        left.abort();
        stdin.destroy();
        await exitCode;
      },
    };
  }

  /** CPU time (as far as the container said what it uses) and memory. */
  stats(nowMs: Instant): { readonly cpuNanoseconds: number; readonly memoryWorkingSetBytes: number } {
    this.#accrue(nowMs);
    return { cpuNanoseconds: this.#usage.cpuNanoseconds, memoryWorkingSetBytes: this.#usage.memoryBytes };
  }

  #accrue(nowMs: Instant): void {
    const usage = this.#usage;
    if (this.running) usage.cpuNanoseconds += Math.round((nowMs - usage.sinceMs) * usage.cpuCores * 1e6);
    usage.sinceMs = nowMs;
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.append('stderr', Buffer.from(`${text}\n`));
    this.#exit(exitCodeOf(error));
  }

  #exit(exitCode: number, signal?: number): void {
    if (this.#state.state !== 'running') return;
    const { clock, onChange, config } = this.#setup;
    this.#accrue(clock.now());
    const wantsLog = config.container.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0;
    this.#state = {
      state: 'exited',
      startedAtMs: this.#state.startedAtMs,
      finishedAtMs: clock.now(),
      exitCode,
      signal,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      message: wantsLog ? this.log.tail(80, 2048) : '',
    };
    this.#clock.close();
    this.#servers.close();
    this.#killed.abort();
    this.log.end();
    this.#end();
    onChange();
  }

  #makeContext(): InProcessContext {
    const { sandbox, config, attachment, mounts, nodeName, random } = this.#setup;
    const signal = this.#stop.signal;
    return {
      nodeName,
      podNamespace: sandbox.podNamespace,
      podName: sandbox.podName,
      podUid: sandbox.podUid,
      containerName: config.container.name,
      attempt: config.attempt,
      podIp: attachment.ip,
      host: attachment.bindHost,
      // As for a process: where to listen, unless the container says otherwise.
      env: Object.freeze({
        HOST: attachment.bindHost,
        POD_IP: attachment.ip,
        ...Object.fromEntries(config.env.map(({ name, value }) => [name, value])),
      }),
      args: Object.freeze([...(config.command ?? []), ...(config.args ?? [])]),
      signal,
      stopped: new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
      clock: this.#clock,
      random: random.fork(this.id),
      log: (line) => this.log.append('stdout', Buffer.from(`${line}\n`)),
      error: (line) => this.log.append('stderr', Buffer.from(`${line}\n`)),
      port: (containerPort) => attachment.bindPort(containerPort, 'TCP'),
      listen: (server, containerPort) => this.#servers.listen(server, attachment.bindHost, attachment.bindPort(containerPort, 'TCP')),
      path: (containerPath) => mappedPath(containerPath, mounts),
      use: (resources) => {
        this.#accrue(this.#setup.clock.now());
        Object.assign(this.#usage, resources);
      },
    };
  }
}

export const imageIdOf = (image: string): string => `in-process://${image}`;

function mappedPath(path: string, mounts: InProcessContainerSetup['mounts']): string {
  for (const { mountPath, folder } of mounts) {
    if (path === mountPath) return folder;
    if (path.startsWith(mountPath.endsWith('/') ? mountPath : `${mountPath}/`))
      return `${folder}/${path.slice(mountPath.length).replace(/^\/+/, '')}`;
  }
  return path;
}

function exitCodeOf(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'exitCode' in error ? error.exitCode : undefined;
  return typeof code === 'number' && Number.isInteger(code) ? code : 1;
}

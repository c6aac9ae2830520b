import { PassThrough } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import { notRunning, unsupported } from '../runtime-failure.ts';
import type { ContainerConfig, ContainerState, ContainerStatusReport, ExecOptions, ExecSession } from '../runtime.ts';
import type { ContainerPlace } from './container-place.ts';
import type { ControlGroup } from './control-groups.ts';
import { ExecProcess } from './exec-process.ts';
import type { LaunchedProcess, ProcessEnd } from './launcher.ts';
import { LogFile } from './log-file.ts';
import { readWhole, writeWhole } from './node-state.ts';
import type { SavedEnd } from './node-state.ts';
import { findProgram, programCall } from './process-image.ts';
import type { ProcessImage, ProgramCall } from './process-image.ts';
import type { ProcessNode } from './process-node.ts';
import type { ScannedContainer } from './process-scanner.ts';
import type { ProcessIdentity } from './process-table.ts';
import { killTree, sendSignal } from './process-tree.ts';
import { readTerminationMessage } from './termination-message.ts';
import { resizeTerminal, withTerminal } from './terminal.ts';

/** How often a group that was asked to stop is looked at. */
const groupPollMs = 25;
/** How long output is waited for that a process nobody can find may still be holding back. */
const drainMs = 2000;

export interface ProcessContainerSetup {
  readonly id: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly config: ContainerConfig;
  readonly image: ProcessImage;
  readonly place: ContainerPlace;
  readonly node: ProcessNode;
}

/** A program with all that it starts, as a container. */
export class ProcessContainer implements ScannedContainer {
  readonly id: string;
  readonly podUid: string;
  readonly config: ContainerConfig;
  readonly known = new Map<number, number>();
  readonly log: LogFile;
  /** Set before it is killed for the memory it uses. */
  outOfMemory = false;
  readonly #setup: ProcessContainerSetup;
  readonly #execs = new Set<ExecProcess>();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #state: ContainerState = { state: 'created' };
  #launched: LaunchedProcess | undefined;
  #stopping: 'no' | 'asked' | 'killed' = 'no';
  #starting: Promise<void> | undefined;

  constructor(setup: ProcessContainerSetup) {
    this.id = setup.id;
    this.podUid = setup.podUid;
    this.config = setup.config;
    this.#setup = setup;
    this.log = new LogFile(setup.place.logPath, setup.node.clock, setup.node.keep);
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  get running(): boolean {
    return this.#state.state === 'running';
  }

  get group(): ControlGroup | undefined {
    return this.#setup.place.group;
  }

  /** @throws Unless it was started. */
  get main(): ProcessIdentity {
    if (this.#launched === undefined) throw notRunning(this.id, this.#state.state);
    return this.#launched.identity;
  }

  report(): ContainerStatusReport {
    const { sandboxId, config } = this.#setup;
    const { image, attempt } = config;
    return { id: this.id, sandboxId, name: config.container.name, attempt, image, imageId: imageIdOf(image), state: this.#state };
  }

  /** Starts the program. A repeat while it runs, or is being started, changes nothing. */
  start(): Promise<void> {
    if (this.running) return Promise.resolve();
    if (this.#state.state !== 'created' || this.#stopping !== 'no') {
      const message = `container "${this.id}" has ended: a restart is a container of its own`;
      return Promise.reject(new RuntimeError('RUNTIME_START_FAILED', message));
    }
    this.#starting ??= this.#launch().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /** Takes up what an earlier host left of it: its end, or what still runs. */
  async adopt(): Promise<void> {
    const { place, node } = this.#setup;
    const end = await readWhole<SavedEnd>(place.statePath);
    if (end !== undefined) {
      // JSON has no undefined: what is absent is given back.
      this.#state = { ...end, signal: end.signal };
      await this.group?.remove();
      this.#end();
      return;
    }
    const launched = await node.launcher.adopt?.(place.folder);
    if (launched !== undefined) this.#follow(launched);
  }

  /**
   * Asks the process group to stop, kills every process after `graceMs`, and resolves when all are dead. A later call with less time
   * kills sooner.
   */
  async stop(graceMs: number): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (!this.running) return;
    if (graceMs <= 0) return this.kill();
    const { clock } = this.#setup.node;
    if (this.#stopping === 'no') {
      this.#stopping = 'asked';
      await this.#setup.node.launcher.prepareStop?.(this.#setup.place.folder);
      sendSignal(-this.main.pid, this.#setup.image.stopSignal ?? 'SIGTERM');
    }
    const timer = clock.schedule(clock.now() + graceMs, () => void this.kill());
    await this.#ended;
    timer.cancel();
  }

  /** Kills every process. Resolves when all are dead. */
  async kill(): Promise<void> {
    this.#stopping = 'killed';
    await this.#starting?.catch(() => undefined);
    if (!this.running) return;
    await this.#killTree();
    await this.#ended;
  }

  exec(options: ExecOptions): Promise<ExecSession> {
    return this.#exec(programCall({ command: '' }, options.command, undefined), options);
  }

  /** The container's own streams. */
  attach(options: Omit<ExecOptions, 'command'>): ExecSession {
    if (!this.running || this.#launched === undefined) throw notRunning(this.id, this.#state.state);
    const { output, stdin } = this.#launched;
    if (output === undefined) throw unsupported('process', 'attach to a container that outlives its host', 'follow its log instead');
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    output.stdout.pipe(stdout);
    output.stderr.pipe(options.tty === true ? stdout : stderr, { end: options.tty !== true });
    const leave = (): void => {
      output.stdout.unpipe(stdout);
      output.stderr.unpipe();
      stdout.end();
      stderr.end();
    };
    const exitCode = this.#ended.then(() => (this.#state.state === 'exited' ? this.#state.exitCode : 0));
    void exitCode.then(leave);
    return {
      stdin: options.stdin === true ? stdin : undefined,
      stdout,
      stderr: options.tty === true ? undefined : stderr,
      exitCode,
      resize: (columns, rows) => void resizeTerminal(this.main.pid, columns, rows),
      close: async () => {
        leave();
        if (this.config.container.stdinOnce === true) stdin?.end();
      },
    };
  }

  /** Lets go of it; with a launcher that keeps, it runs on. */
  async release(): Promise<void> {
    for (const exec of this.#execs) await exec.close();
    this.#launched?.release();
    await this.log.end();
  }

  async #exec(call: ProgramCall, options: ExecOptions): Promise<ExecSession> {
    if (!this.running) throw notRunning(this.id, this.#state.state);
    const { place, node } = this.#setup;
    const exec = await ExecProcess.start(call, options, { place, node });
    this.#execs.add(exec);
    void exec.exitCode.finally(() => this.#execs.delete(exec));
    return exec;
  }

  async #launch(): Promise<void> {
    const { node, place, config, image } = this.#setup;
    const call = await this.#resolve(programCall(image, config.command, config.args));
    const wrapped = place.wrap(config.container.tty === true ? withTerminal(await node.terminalProgram(), call) : call);
    let launched: LaunchedProcess;
    try {
      const { cwd, env, folder, uid, gid } = place;
      const stdin = config.container.stdin === true;
      launched = await node.launcher.launch({
        file: wrapped.program,
        args: wrapped.args,
        cwd,
        env,
        uid,
        gid,
        stdin,
        log: this.log,
        folder,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${config.container.name}": exec: "${call.program}": ${why}`, { cause });
    }
    node.guard?.add(launched.identity.pid);
    this.#follow(launched);
    if (this.#stopping === 'killed') await this.#killTree();
  }

  /** The file to run. Said in the words of container runtimes, which is what people search for. */
  async #resolve(call: ProgramCall): Promise<ProgramCall> {
    const { place, config } = this.#setup;
    const name = config.container.name;
    if (!(await place.hasWorkingDirectory())) {
      throw new RuntimeError('RUNTIME_START_FAILED', `container "${name}": working directory "${place.cwd}" does not exist`);
    }
    const program = await findProgram(call.program, place.cwd, place.env.PATH ?? '');
    if (program !== undefined) return { program, args: call.args };
    const why = call.program.includes('/') ? 'no such executable file' : 'executable file not found in $PATH';
    throw new RuntimeError('RUNTIME_START_FAILED', `container "${name}": exec: "${call.program}": ${why}`);
  }

  #follow(launched: LaunchedProcess): void {
    this.#launched = launched;
    this.#state = { state: 'running', startedAtMs: launched.startedAtMs };
    this.#setup.node.changed(this.podUid);
    void launched.ended.then((end) => this.#finish(end, launched));
  }

  /** The first process has ended: what it leaves behind goes too, as in a container. Only a group that was asked to stop gets its time. */
  async #finish(end: ProcessEnd, launched: LaunchedProcess): Promise<void> {
    const { node, place, config } = this.#setup;
    while (this.#stopping === 'asked' && sendSignal(-launched.identity.pid, 0)) await node.clock.sleep(groupPollMs);
    await this.#killTree();
    node.guard?.remove(launched.identity.pid);
    const patience = new AbortController();
    await Promise.race([launched.drained, node.clock.sleep(drainMs, patience.signal).catch(() => undefined)]);
    patience.abort();
    launched.release();
    await this.log.end();
    const failed = end.exitCode !== 0;
    const message = end.unknownBecause ?? (await readTerminationMessage(place.terminationLog, config.container, failed, this.log));
    const outOfMemory = this.outOfMemory || (end.exitCode === 137 && (await this.group?.ranOutOfMemory()) === true);
    await this.group?.remove();
    const reason = outOfMemory ? 'OOMKilled' : failed ? 'Error' : 'Completed';
    const { exitCode, signal, atMs } = end;
    const { startedAtMs } = launched;
    this.#state = { state: 'exited', startedAtMs, finishedAtMs: atMs, exitCode, signal, reason, message };
    if (node.keep) await writeWhole(place.statePath, this.#state).catch(() => undefined);
    this.#end();
    node.changed(this.podUid);
  }

  async #killTree(): Promise<void> {
    const { node } = this.#setup;
    const left = await killTree(this, node.scanner, node.clock);
    if (left > 0) node.logger.error({ container: this.id, left }, 'processes of a container cannot be killed');
  }
}

export const imageIdOf = (image: string): string => `process://${image}`;

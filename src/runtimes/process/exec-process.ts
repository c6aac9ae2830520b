import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../env/clock.ts';
import { RuntimeError } from '../../errors.ts';
import type { ExecOptions, ExecSession } from '../runtime.ts';
import { openOutputPipes } from './output-pipes.ts';
import type { ContainerPlace } from './container-place.ts';
import { signalNumber } from './direct-launcher.ts';
import { findProgram } from './process-image.ts';
import type { ProgramCall } from './process-image.ts';
import type { ProcessNode } from './process-node.ts';
import { sendSignal } from './process-tree.ts';
import { resizeTerminal, withTerminal } from './terminal.ts';

const resizeEveryMs = 20;
const resizeAttempts = 100;

/** A command run inside a container: its processes carry the container's marks and end with it. */
export class ExecProcess implements ExecSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  readonly exitCode: Promise<number>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #clock: Clock;
  #size: { readonly columns: number; readonly rows: number } | undefined;

  private constructor(
    child: ChildProcess,
    output: { readonly stdout: Readable; readonly stderr: Readable },
    options: ExecOptions,
    clock: Clock,
  ) {
    this.#child = child;
    this.#clock = clock;
    this.stdin = options.stdin === true ? (child.stdin ?? undefined) : undefined;
    this.stdout = output.stdout;
    this.stderr = options.tty === true ? undefined : output.stderr;
    if (options.tty === true) output.stderr.resume();
    child.stdin?.on('error', () => undefined);
    const exited = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : signalNumber(signal))));
    });
    this.#exited = exited;
    this.exitCode = exited;
  }

  /** @throws RuntimeError `RUNTIME_START_FAILED`. */
  static async start(
    call: ProgramCall,
    options: ExecOptions,
    { place, node }: { readonly place: ContainerPlace; readonly node: ProcessNode },
  ): Promise<ExecProcess> {
    const { cwd, env, uid, gid } = place;
    const program = await findProgram(call.program, cwd, env.PATH ?? '');
    if (program === undefined) {
      throw new RuntimeError('RUNTIME_START_FAILED', `exec: "${call.program}": executable file not found in $PATH`);
    }
    const found = { program, args: call.args };
    const { program: file, args } = place.wrap(options.tty === true ? withTerminal(await node.terminalProgram(), found) : found);
    const pipes = await openOutputPipes(place.folder, place.nextName());
    const [stdout, stderr] = pipes?.childFds ?? ['pipe' as const, 'pipe' as const];
    const child = spawn(file, args, {
      cwd,
      env: { ...env },
      detached: true,
      stdio: [options.stdin === true ? 'pipe' : 'ignore', stdout, stderr],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const exec = new ExecProcess(
      child,
      { stdout: pipes?.stdout ?? child.stdout!, stderr: pipes?.stderr ?? child.stderr! },
      options,
      node.clock,
    );
    const started = new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(new RuntimeError('RUNTIME_START_FAILED', `exec: "${call.program}": ${cause.message}`, { cause })),
      );
    });
    await started.finally(() => pipes?.handOver());
    if (child.pid !== undefined) node.guard?.add(child.pid);
    void exec.exitCode.then(() => child.pid !== undefined && node.guard?.remove(child.pid));
    return exec;
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    void this.#resize(this.#size, resizeAttempts);
  }

  /** The first size comes before the terminal is there: it is tried again for a while, unless another one comes. */
  async #resize(size: { readonly columns: number; readonly rows: number }, attempts: number): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null || this.#size !== size || attempts === 0) return;
    if (await resizeTerminal(pid, size.columns, size.rows)) return;
    await this.#clock.sleep(resizeEveryMs);
    return this.#resize(size, attempts - 1);
  }

  async close(): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      sendSignal(-this.#child.pid, 'SIGKILL');
    }
    await this.#exited;
    this.stdin?.destroy();
    this.stdout.destroy();
    this.stderr?.destroy();
  }
}

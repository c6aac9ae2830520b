import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { Clock } from '../../env/clock.ts';
import type { LaunchedProcess, Launcher, LaunchRequest, ProcessEnd } from './launcher.ts';
import type { LogFile } from './log-file.ts';
import { openOutputPipes } from './output-pipes.ts';
import type { OutputPipes } from './output-pipes.ts';
import { startTicksOf } from './process-table.ts';

/** The number of a signal by its name. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** Starts programs as children of the host. */
export class DirectLauncher implements Launcher {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async launch(request: LaunchRequest): Promise<LaunchedProcess> {
    const pipes = await openOutputPipes(request.folder, 'main');
    const child = spawnChild(request, pipes);
    const ended = this.#end(child);
    try {
      await started(child);
    } catch (error) {
      pipes?.stdout.destroy();
      pipes?.stderr.destroy();
      throw error;
    } finally {
      pipes?.handOver();
    }
    const pid = child.pid!;
    const identity = { pid, startTicks: startTicksOf(pid) ?? 0 };
    const output = { stdout: pipes?.stdout ?? child.stdout!, stderr: pipes?.stderr ?? child.stderr! };
    const drained = Promise.all([pump(output.stdout, 'stdout', request.log), pump(output.stderr, 'stderr', request.log)]);
    child.stdin?.on('error', () => undefined);
    return {
      identity,
      startedAtMs: this.#clock.now(),
      ended,
      drained: drained.then(() => undefined),
      stdin: child.stdin ?? undefined,
      output,
      release: () => {
        output.stdout.destroy();
        output.stderr.destroy();
      },
    };
  }

  #end(child: ChildProcess): Promise<ProcessEnd> {
    return new Promise((resolve) => {
      child.once('exit', (code, signalName) => {
        const signal = signalName === null ? undefined : signalNumber(signalName);
        resolve({ exitCode: code ?? 128 + (signal ?? 0), signal, atMs: this.#clock.now() });
      });
    });
  }
}

function spawnChild({ file, args, cwd, env, uid, gid, stdin }: LaunchRequest, pipes: OutputPipes | undefined): ChildProcess {
  const [stdout, stderr] = pipes?.childFds ?? ['pipe' as const, 'pipe' as const];
  return spawn(file, args, {
    cwd,
    env: { ...env },
    // A session of its own, and with it a process group: what is typed at the host's terminal does not reach it.
    detached: true,
    stdio: [stdin ? 'pipe' : 'ignore', stdout, stderr],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

/** Brings output into the log, no faster than the log takes it. Resolves when all of it is there. */
function pump(source: Readable, stream: 'stdout' | 'stderr', log: LogFile): Promise<void> {
  return new Promise((resolve) => {
    source.on('data', (data: Buffer) => {
      const full = log.append(stream, data);
      if (full === undefined) return;
      source.pause();
      void full.then(() => source.resume());
    });
    source.once('error', () => source.destroy());
    source.once('close', () => resolve());
  });
}

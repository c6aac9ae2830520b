import { execFile, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Timer } from '../../env/clock.ts';
import { signalNumber } from './direct-launcher.ts';
import type { LaunchedProcess, Launcher, LaunchRequest, ProcessEnd } from './launcher.ts';
import { logBytesMax } from './log-file.ts';
import { bootId, isAlive } from './process-table.ts';
import { readWhole, writeWhole } from './node-state.ts';
import { shimSource } from './shim-program.ts';
import type { ShimEnd, ShimOrder, ShimStart } from './shim-program.ts';

/** How often a container is looked at even if nothing tells of a change. */
const pollMs = 1000;
const pipeNames = ['main-stdout', 'main-stderr'] as const;

/**
 * Starts programs under a shim each: a small process that owns the program's output, exit status and process group, so that it can go on
 * without a host and be taken up by the next one.
 */
export class ShimLauncher implements Launcher {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async launch({ file, args, cwd, env, uid, gid, log, folder }: LaunchRequest): Promise<LaunchedProcess> {
    const hasPipes = await promisify(execFile)('mkfifo', ['-m', '600', ...pipeNames.map((name) => join(folder, name))]).then(
      () => true,
      () => false,
    );
    const order: ShimOrder = {
      file,
      args,
      cwd,
      env,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      logPath: log.path,
      logBytesMax,
      ...(hasPipes ? { pipes: pipeNames } : {}),
    };
    await writeWhole(join(folder, 'launch.json'), order);
    await startShim(folder);
    const launched = await this.adopt(folder);
    if (launched === undefined) throw new Error('its shim ended before it could say what it had started');
    return launched;
  }

  prepareStop(folder: string): Promise<void> {
    return writeFile(join(folder, 'stopping'), '');
  }

  async adopt(folder: string): Promise<LaunchedProcess | undefined> {
    const start = await readWhole<ShimStart>(join(folder, 'started.json'));
    if (start === undefined) return undefined;
    const watcher = new ShimWatcher(folder, start, this.#clock);
    return {
      identity: { pid: start.pid, startTicks: start.startTicks },
      startedAtMs: start.startedAtMs,
      ended: watcher.ended,
      drained: watcher.gone,
      stdin: undefined,
      output: undefined,
      release: () => watcher.close(),
    };
  }
}

/** Waits for the end of a program that another process is the parent of. */
class ShimWatcher {
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when the shim itself has ended: all output is in the log then. */
  readonly gone: Promise<void>;
  readonly #folder: string;
  readonly #start: ShimStart;
  readonly #clock: Clock;
  readonly #sameBoot: boolean;
  #hasEnded: (end: ProcessEnd) => void = () => undefined;
  #isGone: () => void = () => undefined;
  #timer: Timer | undefined;
  #stopWatching: () => void = () => undefined;
  #closed = false;

  constructor(folder: string, start: ShimStart, clock: Clock) {
    this.#folder = folder;
    this.#start = start;
    this.#clock = clock;
    this.#sameBoot = start.bootId === bootId();
    this.ended = new Promise((resolve) => (this.#hasEnded = resolve));
    this.gone = new Promise((resolve) => (this.#isGone = resolve));
    const watcher = watch(folder, { persistent: false }, () => this.#wake()).on('error', () => undefined);
    this.#stopWatching = () => watcher.close();
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#stopWatching();
  }

  #wake(): void {
    this.#timer?.cancel();
    void this.#look();
  }

  async #look(): Promise<void> {
    const { shimPid, shimStartTicks, pid, startTicks } = this.#start;
    const shimLives = this.#sameBoot && isAlive({ pid: shimPid, startTicks: shimStartTicks });
    const programLives = this.#sameBoot && isAlive({ pid, startTicks });
    const end = await readWhole<ShimEnd>(join(this.#folder, 'ended.json'));
    if (this.#closed) return;
    if (end !== undefined) this.#hasEnded(endOf(end));
    else if (!shimLives && !programLives) this.#hasEnded(this.#unknownEnd());
    if (shimLives || (end === undefined && programLives)) {
      this.#timer?.cancel();
      this.#timer = this.#clock.schedule(this.#clock.now() + pollMs, () => this.#wake());
      return;
    }
    this.#isGone();
    this.close();
  }

  #unknownEnd(): ProcessEnd {
    const why = this.#sameBoot ? 'its shim was killed' : 'the machine was restarted';
    const unknownBecause = `the container ended while nobody looked, its exit code is not known: ${why}`;
    return { exitCode: 255, signal: undefined, atMs: this.#clock.now(), unknownBecause };
  }
}

function endOf({ exitCode, signal, atMs }: ShimEnd): ProcessEnd {
  const number = signal === null ? undefined : signalNumber(signal as NodeJS.Signals);
  return { exitCode: exitCode ?? 128 + (number ?? 0), signal: number, atMs };
}

/** Starts a shim for the folder. Resolves when its program runs; rejects with what kept it from running. */
async function startShim(folder: string): Promise<void> {
  const env = { PATH: process.env.PATH, ELECTRON_RUN_AS_NODE: '1' };
  const shim = spawn(process.execPath, ['--max-semi-space-size=1', '-e', shimSource(), folder], {
    cwd: '/',
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  shim.unref();
  const channel = shim.stdio[3] as NodeJS.ReadableStream;
  let answer = '';
  const failed = new Promise<never>((_resolve, reject) => shim.once('error', reject));
  const read = async (): Promise<void> => {
    for await (const chunk of channel) answer += String(chunk);
  };
  await Promise.race([read(), failed]);
  if (answer !== 'ok') throw new Error(answer.replace(/^error /, '') || 'its shim could not be started');
}

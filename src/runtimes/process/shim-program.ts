import type * as childProcessModule from 'node:child_process';
import type * as fsModule from 'node:fs';
import type * as netModule from 'node:net';
import { logLines } from './log-lines.ts';

/** What a shim is told, in the file `launch.json` of its container's folder. */
export interface ShimOrder {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly logPath: string;
  readonly logBytesMax: number;
  /** Names of pipes in the folder to hand to the program as its output; absent where the machine has no such pipes. */
  readonly pipes?: readonly [stdout: string, stderr: string];
}

/** What a shim says when its program runs, in `started.json`. */
export interface ShimStart {
  readonly pid: number;
  readonly startTicks: number;
  readonly shimPid: number;
  readonly shimStartTicks: number;
  readonly startedAtMs: number;
  readonly bootId: string;
}

/** What a shim says when its program has ended, in `ended.json`. */
export interface ShimEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly atMs: number;
}

/** Returns what appends output to a log file, and starts a new one when it has grown too large. */
function openLog(fs: typeof fsModule, { logPath, logBytesMax }: ShimOrder, format: typeof logLines, now: () => Date) {
  let log = fs.openSync(logPath, 'a', 0o640);
  let bytes = fs.fstatSync(log).size;
  return (stream: string, data: Buffer): void => {
    const lines = format(now().toISOString(), stream, data);
    try {
      if (bytes > 0 && bytes + lines.length > logBytesMax) {
        fs.closeSync(log);
        fs.renameSync(logPath, `${logPath}.1`);
        log = fs.openSync(logPath, 'a', 0o640);
        bytes = 0;
      }
      fs.writeSync(log, lines);
      bytes += lines.length;
    } catch {
      // The disk is full: the program matters more than its output.
    }
  };
}

/** Starts the program, with the pipes of its folder as its output, and reads them. */
function startProgram(
  { fs, net, childProcess }: { fs: typeof fsModule; net: typeof netModule; childProcess: typeof childProcessModule },
  folder: string,
  order: ShimOrder,
  keep: (stream: string, data: Buffer) => void,
): childProcessModule.ChildProcess {
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  const paths = (order.pipes ?? []).map((name) => `${folder}/${name}`);
  const readers = paths.map((path) => new net.Socket({ fd: fs.openSync(path, O_RDONLY | O_NONBLOCK), readable: true, writable: false }));
  const writers = paths.map((path) => fs.openSync(path, 'w'));
  for (const path of paths) fs.rmSync(path);
  const child = childProcess.spawn(order.file, order.args, {
    cwd: order.cwd,
    env: { ...order.env },
    detached: true,
    stdio: ['ignore', writers[0] ?? 'pipe', writers[1] ?? 'pipe'],
    ...(order.uid === undefined ? {} : { uid: order.uid }),
    ...(order.gid === undefined ? {} : { gid: order.gid }),
  });
  for (const fd of writers) fs.closeSync(fd);
  for (const [index, stream] of ['stdout', 'stderr'].entries()) {
    const reader = readers[index] ?? (index === 0 ? child.stdout : child.stderr);
    reader?.on('data', (data: Buffer) => keep(stream, data));
    reader?.on('error', () => undefined);
  }
  return child;
}

/** What `shimMain` works with: it runs in another process, and can refer to nothing of this file by itself. */
export interface ShimParts {
  readonly load: (name: string) => unknown;
  readonly folder: string;
  readonly format: typeof logLines;
  readonly openLog: typeof openLog;
  readonly startProgram: typeof startProgram;
}

/**
 * The whole shim: it starts a program, writes its output to the log and its end to a file, whether or not a host is there. Its text is run
 * by `node -e`, so that it needs no file of its own in whatever bundle this package ends up. It is a process of its own, outside every
 * cluster: its time is the machine's.
 */
function shimMain(parts: ShimParts): void {
  const { load, folder } = parts;
  const fs = load('node:fs') as typeof fsModule;
  const net = load('node:net') as typeof netModule;
  const childProcess = load('node:child_process') as typeof childProcessModule;
  const now = (): Date => new globalThis.Date();
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise;
    }
  };
  // A reader sees the whole file or none.
  const write = (name: string, value: ShimStart | ShimEnd): void => {
    fs.writeFileSync(`${folder}/${name}.new`, JSON.stringify(value), { mode: 0o600 });
    fs.renameSync(`${folder}/${name}.new`, `${folder}/${name}`);
  };
  const startTicks = (pid: number): number => {
    const text = attempt(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'), '');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
  };
  // The host may have gone meanwhile.
  const tellHost = (text: string): void =>
    attempt(() => {
      fs.writeSync(3, text);
      fs.closeSync(3);
    }, undefined);

  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const order = JSON.parse(fs.readFileSync(`${folder}/launch.json`, 'utf8')) as ShimOrder;
  const child = parts.startProgram({ fs, net, childProcess }, folder, order, parts.openLog(fs, order, parts.format, now));
  child.on('error', (error) => {
    tellHost(`error ${error.message}`);
    process.exit(1);
  });
  child.on('spawn', () => {
    const pid = child.pid ?? 0;
    const bootId = attempt(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), '');
    const shimStartTicks = startTicks(process.pid);
    write('started.json', { pid, startTicks: startTicks(pid), shimPid: process.pid, shimStartTicks, startedAtMs: now().getTime(), bootId });
    tellHost('ok');
  });
  child.on('exit', (exitCode, signal) => {
    // A host that stops the container gives the rest of its processes their time. Otherwise they end with the first.
    if (!fs.existsSync(`${folder}/stopping`) && child.pid !== undefined) {
      const group = -child.pid;
      attempt(() => process.kill(group, 'SIGKILL'), false);
    }
    write('ended.json', { exitCode, signal, atMs: now().getTime() });
  });
}

/** The shim as a text for `node -e`; its argument is the container's folder. `__name` is what some compilers put into functions. */
export function shimSource(): string {
  const parts = { format: logLines, openLog, startProgram };
  const texts = Object.entries(parts).map(([name, part]) => `${name}: ${part.toString()}`);
  return `const __name = (value) => value;
(${shimMain.toString()})({ load: require, folder: process.argv[1], ${texts.join(', ')} });`;
}

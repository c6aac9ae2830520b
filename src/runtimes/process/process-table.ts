import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A process, told from a later one with the same number by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startTicks: number;
}

export interface ProcessEntry extends ProcessIdentity {
  readonly ppid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** CPU time of its own and of the children it has waited for, in nanoseconds. */
  readonly cpuNanoseconds: number;
  /** The text of its environment, variables separated by NUL; '' if it may not be read. */
  readonly environment: string;
}

/** Linux has had a hundred ticks in a second on every machine Node runs on. */
const nanosecondsPerTick = 10_000_000;

interface Stat {
  readonly state: string;
  readonly ppid: number;
  readonly groupId: number;
  readonly sessionId: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
}

/** The fields of `/proc/PID/stat` that matter here. The name of the program, in parentheses, may hold anything. */
export function parseStat(text: string): Stat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20) return undefined;
  const at = (index: number): number => Number(fields[index]);
  return {
    state: fields[0] ?? '',
    ppid: at(1),
    groupId: at(2),
    sessionId: at(3),
    cpuTicks: at(11) + at(12) + at(13) + at(14),
    startTicks: at(19),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** One living process; undefined if there is none, or if it is dead and only waits for its parent to take note. */
export function processEntry(pid: number): ProcessEntry | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`));
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  const { ppid, groupId, sessionId, startTicks, cpuTicks } = stat;
  const cpuNanoseconds = cpuTicks * nanosecondsPerTick;
  return { pid, ppid, groupId, sessionId, startTicks, cpuNanoseconds, environment: read(`/proc/${pid}/environ`) };
}

/** True if this very process lives. */
export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  const stat = parseStat(read(`/proc/${pid}/stat`));
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

export function startTicksOf(pid: number): number | undefined {
  return parseStat(read(`/proc/${pid}/stat`))?.startTicks;
}

/** The numbers of all processes. */
export function processIds(): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** Memory in RAM that a process shares with no file, in bytes. */
export async function anonymousBytes(pid: number, pageBytes: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'latin1').catch(() => '');
  const [, resident = 0, shared = 0] = text.split(' ').map(Number);
  return Math.max(0, resident - shared) * pageBytes;
}

export function pageBytes(): number {
  const found = /^KernelPageSize:\s+(\d+) kB/m.exec(read('/proc/self/smaps'));
  return found === null ? 4096 : Number(found[1]) * 1024;
}

/** Changes with every start of the machine: start times are comparable only within one. */
export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim();
}

/** The sockets a process has open, by inode. */
export function socketInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const socket = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`));
      if (socket !== null) inodes.add(socket[1]!);
    }
  } catch {
    // The process has ended, or belongs to somebody else.
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

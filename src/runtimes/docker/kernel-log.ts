import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';

/** Longer than any record of the kernel's log. */
const recordBytesMax = 8192;
const killedExitCode = 137;
/** How much later than its start an engine may note it. */
const startNotedMsMax = 5000;
const clockSlackMs = 1000;
/** How long after such a kill the engine may note the end that came of it. */
const killNotedMsMax = 10_000;

/** What this machine's kernel noted about processes it killed because a group of them had no more memory. */
export interface MemoryKills {
  /** The control groups whose processes were killed: an engine names them after the container's id. */
  readonly groups: string;
  /** When processes were killed of which the log does not say whose they were (it says so of ten in five seconds), in milliseconds since the machine's start. */
  readonly unnamedAtMs: readonly number[];
}

/** Reads records as `/dev/kmsg` gives them: `6,2280,402213777,-;text`, with microseconds since the machine's start. */
export function memoryKillsOf(records: Iterable<string>): MemoryKills {
  const groups: string[] = [];
  const named = new Set<string>();
  const killed: { readonly pid: string; readonly atMs: number }[] = [];
  for (const record of records) {
    const kill = /task_memcg=(\S+?),task=.*?,pid=(\d+)/.exec(record);
    if (kill !== null) {
      groups.push(kill[1]!);
      named.add(kill[2]!);
      continue;
    }
    const pid = /Memory cgroup out of memory: Killed process (\d+)/.exec(record)?.[1];
    if (pid !== undefined) killed.push({ pid, atMs: Number(record.split(',')[2]) / 1000 });
  }
  return { groups: groups.join('\n'), unnamedAtMs: killed.filter(({ pid }) => !named.has(pid)).map(({ atMs }) => atMs) };
}

/** A container that has ended. */
export interface EndedContainer {
  readonly engineId: string;
  readonly exitCode: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/**
 * Whether it ended because its memory ran out: the log names its group, or it was killed just after a kill of which the log does not say
 * whose it was. @param bootMs When this machine was started; undefined if it does not say.
 */
export function killedForMemory(kills: MemoryKills, ended: EndedContainer, bootMs: number | undefined): boolean {
  const { engineId, exitCode, startedAtMs, finishedAtMs } = ended;
  if (kills.groups.includes(engineId)) return true;
  if (exitCode !== killedExitCode || bootMs === undefined) return false;
  const sinceMs = Math.max(startedAtMs - startNotedMsMax, finishedAtMs - killNotedMsMax);
  return kills.unnamedAtMs.some((atMs) => bootMs + atMs > sinceMs && bootMs + atMs < finishedAtMs + clockSlackMs);
}

/** How many milliseconds this machine has been up; undefined where it does not say. */
export async function machineUptimeMs(): Promise<number | undefined> {
  const text = await readFile('/proc/uptime', 'utf8').catch(() => '');
  const seconds = Number.parseFloat(text);
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/** The kernel's log of this machine, read from its beginning each time: all who ask while it is being read share the next reading. */
export class KernelLog {
  readonly #read: () => Promise<MemoryKills | undefined>;
  #reading: Promise<unknown> = Promise.resolve();
  #next: Promise<MemoryKills | undefined> | undefined;

  constructor(read: () => Promise<MemoryKills | undefined> = readMemoryKills) {
    this.#read = read;
  }

  /** What is in it now. Undefined where this process may not read it, or there is none. */
  memoryKills(): Promise<MemoryKills | undefined> {
    // One that has begun may be past the place where the asker's kill stands.
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => undefined);
      return reading;
    });
    return this.#next;
  }
}

async function readMemoryKills(): Promise<MemoryKills | undefined> {
  const file = await open('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return undefined;
  const records: string[] = [];
  const buffer = Buffer.alloc(recordBytesMax);
  try {
    for (;;) {
      try {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        const record = buffer.toString('latin1', 0, bytesRead);
        if (/task_memcg=|Memory cgroup out of memory/.test(record)) records.push(record);
      } catch (error) {
        // Overwritten while it was read: the next one is there. Anything else is the end, or a log that cannot be read.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') break;
      }
    }
  } finally {
    await file.close();
  }
  return memoryKillsOf(records);
}

import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';

/** Longer than any record of the kernel's log. */
const recordBytesMax = 8192;

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

/** How many milliseconds this machine has been up; undefined where it does not say. */
export async function machineUptimeMs(): Promise<number | undefined> {
  const text = await readFile('/proc/uptime', 'utf8').catch(() => '');
  const seconds = Number.parseFloat(text);
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/** Undefined where this process may not read the kernel's log, or there is none. */
export async function readMemoryKills(): Promise<MemoryKills | undefined> {
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

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../src/env/system-clock.ts';

/** True if system calls can be watched here. In CI they must be. */
export const hasStrace = ((): boolean => {
  const found = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;
  if (!found) console.warn('*** No strace on this machine: the order of syncs IS NOT TESTED (apt-get install strace). ***');
  return found || process.env['CI'] === 'true';
})();

const clock = new SystemClock();
const calls = 'trace=openat,write,pwrite64,pwritev,writev,fdatasync,fsync,msync,ftruncate';

/** Runs the crash writer under strace until it has acknowledged `count` writes, `inFlight` at a time; the trace. */
export async function traceWriter(store: string, count: number, inFlight: number): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'coxswain-strace-'));
  const [trace, acks] = [join(directory, 'trace'), join(directory, 'acks')];
  const file = openSync(acks, 'w');
  const writer = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'crash-writer.ts'), store, '1', String(inFlight)];
  const child = spawn('strace', ['-f', '-y', '--seccomp-bpf', '-e', calls, '-o', trace, ...writer], {
    stdio: ['ignore', file, 'ignore'],
    detached: true,
  });
  closeSync(file);
  const exited = once(child, 'exit');
  const seen = (): number => readFileSync(acks, 'utf8').split('\nack ').length - 1;
  while (seen() < count && child.exitCode === null) await clock.sleep(20);
  // The writer is a child of strace: both are in a group of their own.
  process.kill(-child.pid!, 'SIGKILL');
  await exited;
  const text = readFileSync(trace, 'utf8');
  rmSync(directory, { recursive: true });
  return text;
}

export interface SyncOrder {
  readonly acknowledgements: number;
  readonly violations: readonly string[];
}

/** A system call of the trace, from the line where it begins to the line where it has ended. */
interface Call {
  readonly text: string;
  readonly begin: number;
  readonly end: number;
}

/** Something written to the store's file; `durable` if by that alone it is on the disk. */
interface Written extends Call {
  readonly durable: boolean;
}

/**
 * For each acknowledgement: between the request and it, something was written to the store's file; and everything written there by then
 * was synced, by a sync that began after the write and had ended before the acknowledgement. Of several writers the acknowledgements
 * of one group come together, before the next group is written.
 */
export function checkSyncOrder(trace: string, fileName: string): SyncOrder {
  const violations: string[] = [];
  const synchronous = new Set<string>();
  const asked = new Map<string, number>();
  const written: Written[] = [];
  const syncs: Call[] = [];
  let acknowledgements = 0;
  for (const call of completed(trace)) {
    const fd = /^\w+\((\d+)</.exec(call.text)?.[1] ?? '';
    const opened = /^openat\(.*O_D?SYNC.*= (\d+)</.exec(call.text)?.[1];
    if (opened !== undefined && call.text.includes(fileName)) synchronous.add(opened);
    const [, said, n = ''] = /^write\(1<[^>]*>, "(ask|ack) (\d+)/.exec(call.text) ?? [];
    if (said === 'ask') asked.set(n, call.end);
    if (said === 'ack') {
      acknowledgements++;
      if (!written.some((write) => write.begin > asked.get(n)!))
        violations.push(`ack ${n}: nothing was written between the request and it`);
      const isSynced = (write: Written): boolean => write.durable || syncs.some((sync) => sync.begin > write.end && sync.end < call.begin);
      const unsynced = written.filter((write) => !isSynced(write));
      if (unsynced.length > 0) violations.push(`ack ${n}: ${unsynced.length} writes were not synced before it`);
    }
    if (/^(fdatasync|fsync|msync)\(/.test(call.text)) syncs.push(call);
    else if (/^(write|pwrite64|pwritev|writev|ftruncate)\(/.test(call.text) && call.text.includes(fileName))
      written.push({ ...call, durable: synchronous.has(fd) });
  }
  return { acknowledgements, violations };
}

/** The calls in the order in which they ended; strace writes one that was interrupted by another thread's in two parts. */
function completed(trace: string): readonly Call[] {
  const begun = new Map<string, { readonly text: string; readonly begin: number }>();
  const ended: Call[] = [];
  for (const [line, text] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(text) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (unfinished !== undefined) begun.set(thread, { text: unfinished, begin: line });
    else if (resumed !== undefined) {
      const first = begun.get(thread);
      if (first !== undefined) ended.push({ text: first.text + resumed, begin: first.begin, end: line });
    } else if (rest !== '') ended.push({ text: rest, begin: line, end: line });
  }
  return ended;
}

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Labels } from './docker-labels.ts';
import { labels } from './docker-labels.ts';

/** A process that owns containers: its number alone would soon be another's. */
export interface ProcessOwner {
  readonly pid: number;
  /** When it started, in the machine's own words: clock ticks since boot and the boot's id on Linux, '' where that is not to be had. */
  readonly start: string;
  readonly host: string;
}

/** When a process started; '' where that cannot be said; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      // The command's name is in brackets and may hold anything: what follows counts from the last of them.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${fields[19]}@${boot}`;
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

/** This process. */
export function currentOwner(): ProcessOwner {
  return { pid: process.pid, start: startOf(process.pid) ?? '', host: hostname() };
}

/** Whether the owner named in labels is another process of this machine that lives, or may live. Owners on other machines count as dead. */
export function ownedByAnother(found: Labels, self: ProcessOwner): boolean {
  const pid = Number(found[labels.ownerPid]);
  if (found[labels.ownerHost] !== self.host || !Number.isInteger(pid) || pid === self.pid) return false;
  const start = startOf(pid);
  return start !== undefined && start === found[labels.ownerStart];
}

import { readFile } from 'node:fs/promises';
import { socketInodes } from './process-table.ts';

/** A socket that waits for connections. */
export interface Listener {
  readonly port: number;
  readonly inode: string;
  /** On every address of the machine, or on 127.0.0.1 or ::1 only. */
  readonly on: 'wildcard' | 'localhost';
}

const listening = '0A';
const wildcards = new Set(['00000000', '0'.repeat(32)]);
/** 127.0.0.1, ::1 and ::ffff:127.0.0.1 as the kernel writes them on little-endian machines. */
const localhosts = new Set(['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F']);

/** The sockets of a table of `/proc/net` that listen on the wildcard or on localhost. */
export function parseListeners(table: string): readonly Listener[] {
  const listeners: Listener[] = [];
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address = '', port = ''] = (fields[1] ?? '').split(':');
    if (fields[3] !== listening) continue;
    const on = wildcards.has(address) ? 'wildcard' : localhosts.has(address) ? 'localhost' : undefined;
    if (on !== undefined) listeners.push({ port: Number.parseInt(port, 16), inode: fields[9] ?? '', on });
  }
  return listeners;
}

/** Those of the machine (or of the network namespace that this process is in). */
export async function machineListeners(): Promise<readonly Listener[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'latin1').catch(() => '')));
  return tables.flatMap(parseListeners);
}

/** Those that one of the processes has open. */
export function listenersOf(pids: readonly number[], listeners: readonly Listener[]): readonly Listener[] {
  if (listeners.length === 0) return [];
  const inodes = new Set(pids.flatMap((pid) => [...socketInodes(pid)]));
  return listeners.filter(({ inode }) => inodes.has(inode));
}

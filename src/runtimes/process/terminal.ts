import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import type { ProgramCall } from './process-image.ts';

/** A word as a shell reads it back. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The program with a terminal of its own, made by the `script` command: Node cannot make one. */
export function withTerminal(script: string, call: ProgramCall): ProgramCall {
  const words = [call.program, ...call.args];
  if (process.platform === 'linux') {
    return { program: script, args: ['-q', '-e', '-f', '-c', `exec ${words.map(shellWord).join(' ')}`, '/dev/null'] };
  }
  return { program: script, args: ['-q', '/dev/null', ...words] };
}

/** Says how large the terminal is that `script`, running as this process, made for its child; false if there is none (yet). */
export async function resizeTerminal(scriptPid: number, columns: number, rows: number): Promise<boolean> {
  const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, 'latin1').catch(() => '');
  const terminal = await readlink(`/proc/${children.split(' ')[0]}/fd/0`).catch(() => '');
  if (!terminal.startsWith('/dev/pts/')) return false;
  await new Promise<void>((resolve) => {
    execFile('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)], () => resolve());
  });
  return true;
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** Runs a program in a fresh Node, in the repository's root, and returns the number it prints last. */
export async function inFreshNode(program: string, args: readonly string[] = []): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '--input-type=module', '--eval', program], { cwd: root });
  return Number(stdout.trim().split('\n').at(-1));
}

/** For measures of the built package. */
export async function built(): Promise<() => Promise<void>> {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('the built package is measured: npm run build');
  return async () => undefined;
}

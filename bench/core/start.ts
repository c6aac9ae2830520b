import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Measure } from '../measure.ts';

const root = join(import.meta.dirname, '../..');

/** Runs a program in a fresh Node against the built package and returns the number it prints. */
async function inFreshNode(program: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
  return Number(stdout.trim().split('\n').at(-1));
}

async function built(): Promise<() => Promise<void>> {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('start.*: the built package is measured: npm run build');
  return async () => undefined;
}

/** Import and an empty cluster. */
export const startCluster: Measure = {
  name: 'start.cluster',
  unit: 'ms',
  aim: 60,
  better: 'lower',
  samples: 15,
  prepare: built,
  sample: () =>
    inFreshNode(`
      const started = performance.now();
      const { Cluster } = await import('./dist/index.js');
      const cluster = await Cluster.create();
      console.log(performance.now() - started);
      await cluster.close();`),
};

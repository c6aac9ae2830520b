/**
 * `node [OPTIONS] scripts/run-bundled.mjs FILE [ARGUMENTS]`: bundles a program of this repository into one file, as what is published is,
 * and runs it, with the same options of Node.
 * A loader that compiles file by file costs what no user pays: it gives every inner function its name at run time.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
const folder = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.bundled-'));
try {
  const outfile = join(folder, 'program.mjs');
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [...process.execArgv, '--enable-source-maps', outfile, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

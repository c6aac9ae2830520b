/** Writes the entries of `entry-points.ts` into `package.json`, `tsconfig.json` and `typedoc.json`: `npm run exports`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { entryPoints, exportsField, outputName, pathsField } from './entry-points.ts';

interface Manifest {
  exports: unknown;
  main: string;
  module: string;
  types: string;
}

async function write(file: string, content: unknown): Promise<void> {
  const options = await resolveConfig(file);
  writeFileSync(file, await format(JSON.stringify(content), { ...options, filepath: file }));
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const root = `./dist/${outputName('.')}`;
manifest.main = `${root}.cjs`;
manifest.module = `${root}.js`;
manifest.types = `${root}.d.ts`;
manifest.exports = exportsField();
await write('package.json', manifest);

const tsconfig = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { compilerOptions: { paths: unknown } };
tsconfig.compilerOptions.paths = pathsField();
await write('tsconfig.json', tsconfig);

const typedoc = JSON.parse(readFileSync('typedoc.json', 'utf8')) as { entryPoints: readonly string[] };
typedoc.entryPoints = Object.values(entryPoints);
await write('typedoc.json', typedoc);

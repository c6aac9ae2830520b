import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { entryPoints, exportsField, pathsField, programs } from '../../scripts/entry-points.ts';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: unknown };
const tsconfig = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { compilerOptions: { paths: unknown } };

test('every entry has its source file', () => {
  for (const source of [...Object.values(entryPoints), ...Object.values(programs)]) expect(existsSync(source), source).toBe(true);
});

test('package.json exports what entry-points.ts says (npm run exports)', () => {
  expect(manifest.exports).toEqual(exportsField());
});

test('tsconfig.json finds the sources of the entries (npm run exports)', () => {
  expect(tsconfig.compilerOptions.paths).toEqual(pathsField());
});

test('typedoc.json documents the entries (npm run exports)', () => {
  const typedoc = JSON.parse(readFileSync('typedoc.json', 'utf8')) as { entryPoints: unknown };
  expect(typedoc.entryPoints).toEqual(Object.values(entryPoints));
});

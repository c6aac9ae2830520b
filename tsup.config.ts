import { defineConfig } from 'tsup';
import { entryPoints, outputName, programs } from './scripts/entry-points.ts';

const exported = Object.fromEntries(Object.entries(entryPoints).map(([subpath, source]) => [outputName(subpath), source]));

export default defineConfig({
  entry: { ...exported, ...programs },
  format: ['esm', 'cjs'],
  outDir: 'dist',
  target: 'node20',
  platform: 'node',
  // Chunks are shared, so that an error class is the same class whichever entry it came through.
  splitting: true,
  shims: true,
  sourcemap: true,
  clean: false,
  // tsup sets `baseUrl` for its declaration build, which TypeScript 6 reports as deprecated (egoist/tsup#1388).
  dts: { entry: exported, compilerOptions: { ignoreDeprecations: '6.0' } },
  // ESM only, and used through its default export: left outside, the CJS bundle would find a namespace in place of the class.
  noExternal: ['p-queue', 'p-timeout'],
});

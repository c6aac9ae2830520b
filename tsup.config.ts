import { transform } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { entryPoints, outputName, programs } from './scripts/entry-points.ts';
import { rootFirst } from './scripts/root-first.ts';

const exported = Object.fromEntries(Object.entries(entryPoints).map(([subpath, source]) => [outputName(subpath), source]));

/**
 * Turns the chunks of the CJS build into CJS. tsup would do it by sucrase, which also rewrites `?.` and `??` into calls, some of them
 * asynchronous: slower, and with turns of the event loop that the ESM build does not have, so that the same seed gave another history.
 */
const chunksToCommonJs: NonNullable<Options['plugins']>[number] = {
  name: 'chunks-to-common-js',
  async renderChunk(code, info) {
    if (this.format !== 'cjs' || info.type !== 'chunk' || !info.path.endsWith('.cjs')) return undefined;
    // Whoever comes after this finds nothing left to do.
    this.splitting = false;
    const made = await transform(code, {
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      sourcemap: 'external',
      sourcefile: info.path,
      supported: { 'dynamic-import': false },
    });
    return { code: made.code, map: made.map };
  },
};

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
  // p-queue is ESM only, and used through its default export: left outside, the CJS bundle would find a namespace in place of the class.
  // The others are small, are needed by every cluster, and cost more to find than to load: a fifth of the import. NOTICE names them all.
  noExternal: ['croner', 'eventemitter3', 'ipaddr.js', 'p-queue', 'p-timeout'],
  esbuildPlugins: [rootFirst()],
  plugins: [chunksToCommonJs],
});

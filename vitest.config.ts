import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { entryPoints, importName } from './scripts/entry-points.ts';

const alias = Object.entries(entryPoints).map(([subpath, source]) => ({
  find: new RegExp(`^${importName(subpath)}$`),
  replacement: fileURLToPath(new URL(source, import.meta.url)),
}));

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes, engines and sockets on a busy machine: a limit is there to end what hangs, not to measure.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
    globalSetup: ['test/shared-data-notice.ts'],
  },
});

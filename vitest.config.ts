import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { entryPoints, importName } from './scripts/entry-points.ts';

const alias = Object.entries(entryPoints).map(([subpath, source]) => ({
  find: new RegExp(`^${importName(subpath)}$`),
  replacement: fileURLToPath(new URL(source, import.meta.url)),
}));

/** What waits most (engines, servers, other processes) begins first, so that nothing long is left for the end with one of the workers idle. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const long = /\/test\/(docker\/(daemon-weather|swarm|volumes|engines|host-death)|server\/corpus|examples|etcd|failover)/;
    const sorted = await super.sort(files);
    return [...sorted.filter(({ moduleId }) => long.test(moduleId)), ...sorted.filter(({ moduleId }) => !long.test(moduleId))];
  }
}

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes, engines and sockets on a busy machine: a limit is there to end what hangs, not to measure.
    // Tests have no smaller ones of their own; those that need more say so.
    testTimeout: 240_000,
    hookTimeout: 400_000,
    teardownTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    retry: 0,
    allowOnly: false,
    globalSetup: ['test/shared-data-notice.ts'],
  },
});

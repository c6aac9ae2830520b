import type { KnipConfig } from 'knip';
import { entryPoints, programs } from './scripts/entry-points.ts';

const config: KnipConfig = {
  entry: [
    ...Object.values(entryPoints),
    ...Object.values(programs),
    'scripts/*.{ts,mjs}',
    'examples/**/*.ts',
    'bench/**/*.ts',
    'test/**/*.test.ts',
    // Only compiled: what must not compile.
    'test/types/*.ts',
    // Started as processes of their own.
    'test/crash/crash-writer.ts',
    'test/stores/lmdb-owner-process.ts',
    'test/e2e/restart-host.ts',
    'test/failover/keeping-host.ts',
    'test/failover/plane-process.ts',
    'test/docker/host-program.ts',
  ],
  project: ['{src,scripts,examples,bench,test}/**/*.{ts,mjs}'],
  // Run by name in scripts/check.ts, or read as files by scripts/generate-models.ts; the third line waits for the rooms it is for.
  ignoreDependencies: [...['@arethetypeswrong/cli', 'publint'], ...['diff', 'ajv']],
  // Programs of the machine.
  ignoreBinaries: ['ip', 'strace', 'openssl', 'etcd', 'mount', 'umount', 'docker-registry', 'ldd', 'script', 'mkfs.btrfs', 'flock'],
};

export default config;

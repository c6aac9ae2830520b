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
    // Started as processes of their own.
    'test/crash/crash-writer.ts',
    'test/stores/lmdb-owner-process.ts',
  ],
  project: ['{src,scripts,examples,bench,test}/**/*.{ts,mjs}'],
  // Run by name in scripts/check.ts, or read as files by scripts/generate-models.ts; the third line waits for the rooms it is for.
  ignoreDependencies: [
    ...['@arethetypeswrong/cli', 'publint', '@kubernetes/client-node'],
    ...['croner', 'diff', 'dockerode', '@types/dockerode', 'jose', 'modern-tar', 'ajv'],
  ],
  // Programs of the machine.
  ignoreBinaries: ['ip', 'strace', 'openssl', 'etcd', 'mount', 'umount'],
};

export default config;

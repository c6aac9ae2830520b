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
    'test/shared-data-notice.ts',
  ],
  project: ['{src,scripts,examples,bench,test}/**/*.{ts,mjs}'],
  // Run by name in scripts/check.ts, or read as files by scripts/generate-models.ts.
  ignoreDependencies: ['@arethetypeswrong/cli', 'publint', 'dependency-cruiser', '@kubernetes/client-node', 'lmdb', 'oxlint-tsgolint'],
};

export default config;

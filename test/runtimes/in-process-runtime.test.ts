import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { RuntimeFixture } from '../../src/testing/runtime-probe.ts';
import { runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import type { RuntimeDeviation } from '../../src/testing/runtime-suite.ts';
import { suiteCommands, suiteImages, suitePrograms } from './suite-programs.ts';
import { patienceMs, within } from './suite-patience.ts';

const fixture = (addresses: 'auto' | 'mapped') => (): RuntimeFixture => {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-test-'));
  const stateDir = join(folder, 'state');
  return {
    runtime: new InProcessRuntime({ images: suitePrograms, addresses }),
    clock: new SystemClock(),
    stateDir,
    images: suiteImages,
    commands: suiteCommands,
    settle: within,
    patienceMs,
    dispose: async () => {
      const left = existsSync(stateDir);
      rmSync(folder, { recursive: true, force: true });
      expect(left, 'the state folder is left').toBe(false);
    },
  };
};

const deviations: readonly RuntimeDeviation[] = [
  { reason: 'a function cannot outlive its process', cases: ['keep: what runs goes on, and the next host finds it'] },
];

describe.each(['auto', 'mapped'] as const)('runtime suite, addresses %s', (addresses) => {
  test.each(runtimeSuiteFor(fixture(addresses), deviations))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import type { RuntimeDeviation } from '../../src/testing/runtime-suite.ts';
import { runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import { processFixture } from './process-fixture.ts';

const deviations: readonly RuntimeDeviation[] = [
  { reason: 'pods do not outlive their host yet', cases: ['keep: what runs goes on, and the next host finds it'] },
];

describe('runtime suite', () => {
  test.each(runtimeSuiteFor(() => processFixture(), deviations))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

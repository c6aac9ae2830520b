import { describe, expect, test } from 'vitest';
import { runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import { processFixture } from './process-fixture.ts';

describe('runtime suite', () => {
  test.each(runtimeSuiteFor(() => processFixture(), []))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

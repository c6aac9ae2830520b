import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import { dockerFixture } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine } from './test-images.ts';

let engine: Engine;

describe.runIf(await engineHere('the runtime suite on Docker'))('runtime suite', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
  });
  afterAll(() => engine.close());

  test.each(runtimeSuiteFor(() => dockerFixture(engine), []))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import type { RuntimeFixture } from '../../src/testing/runtime-probe.ts';
import { runtimeSuite, runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import { processFixture } from '../runtimes/process-fixture.ts';
import { within } from '../runtimes/suite-patience.ts';
import { suiteCommands, suiteImages, suitePrograms } from '../runtimes/suite-programs.ts';
import { breakages, broken, needPrograms } from './broken-runtimes.ts';

const patienceMs = 1000;
const impatient = <T>(promise: Promise<T>, what: string): Promise<T> => within(promise, what, patienceMs);

function inProcessFixture(): RuntimeFixture {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-test-'));
  return {
    runtime: new InProcessRuntime({ images: suitePrograms }),
    clock: new SystemClock(),
    stateDir: join(folder, 'state'),
    images: suiteImages,
    commands: suiteCommands,
    patienceMs,
    settle: impatient,
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function breaking(fixture: RuntimeFixture, breakage: (runtime: Runtime) => Partial<Runtime>): RuntimeFixture {
  const { again } = fixture;
  return {
    ...fixture,
    runtime: broken(fixture.runtime, breakage),
    ...(again === undefined ? {} : { again: () => broken(again(), breakage) }),
  };
}

test('every case has an adapter that it has to find out', () => {
  expect(Object.keys(breakages).sort()).toEqual(runtimeSuite.map(({ name }) => name).sort());
});

const onFunctions = runtimeSuite.filter(({ name }) => !needPrograms.includes(name));

test.each(onFunctions)('finds out the broken one: $name', async ({ name, run }) => {
  await expect(run(() => breaking(inProcessFixture(), breakages[name]!))).rejects.toBeInstanceOf(Error);
});

test.runIf(process.platform === 'linux').each(needPrograms.map((name) => ({ name })))(
  'finds out the broken one: $name',
  async ({ name }) => {
    const { run } = runtimeSuite.find((each) => each.name === name)!;
    await expect(run(() => breaking(processFixture(), breakages[name]!))).rejects.toBeInstanceOf(Error);
  },
);

test('a deviation that has gone, or names no case, is refused', async () => {
  const deviation = { reason: 'none', cases: ['image: one that is not there is refused with its name'] };
  const found = runtimeSuiteFor(inProcessFixture, [deviation]).find(({ name }) => name.includes('deviates'));
  await expect(found?.run()).rejects.toThrow(/take it off the deviations/);
  expect(() => runtimeSuiteFor(inProcessFixture, [{ reason: 'none', cases: ['image: nothing'] }])).toThrow(/image: nothing/);
});

import assert from 'node:assert/strict';
import { runtimeContainerCases } from './runtime-container-cases.ts';
import { runtimePodCases } from './runtime-pod-cases.ts';
import type { RuntimeCase, RuntimeFactory } from './runtime-probe.ts';
import { runtimeStreamCases } from './runtime-stream-cases.ts';
import { runtimeWorldCases } from './runtime-world-cases.ts';

/** Cases that an adapter cannot pass, and why. */
export interface RuntimeDeviation {
  readonly reason: string;
  /** Names of cases, in full. */
  readonly cases: readonly string[];
}

/** What every `Runtime` must do. Each case makes its own fixture and leaves nothing behind. */
export const runtimeSuite: readonly RuntimeCase[] = [
  ...runtimePodCases,
  ...runtimeContainerCases,
  ...runtimeStreamCases,
  ...runtimeWorldCases,
];

/**
 * The suite for one adapter, for the test runner at hand. A case among the deviations runs too and has to fail: a deviation that has
 * gone must be taken off the list, and one that names no case is refused.
 *
 * @example
 * declare function makeFixture(): RuntimeFixture;
 * for (const { name, run } of runtimeSuiteFor(makeFixture, [])) test(name, run);
 */
export function runtimeSuiteFor(
  make: RuntimeFactory,
  deviations: readonly RuntimeDeviation[],
): readonly { readonly name: string; readonly run: () => Promise<void> }[] {
  const names = new Set(runtimeSuite.map(({ name }) => name));
  const unknown = deviations.flatMap(({ cases }) => cases).filter((name) => !names.has(name));
  assert.deepEqual(unknown, [], `deviations name cases that the suite does not have: ${unknown.join(', ')}`);
  return runtimeSuite.map((each) => {
    const { name } = each;
    const deviation = deviations.find(({ cases }) => cases.includes(name));
    if (deviation === undefined) return { name, run: () => each.run(make) };
    return {
      name: `${name} (deviates: ${deviation.reason})`,
      run: () => assert.rejects(each.run(make), `"${name}" passes: take it off the deviations`),
    };
  });
}

import { expect, test } from 'vitest';
import {
  averageTarget,
  replicasFor,
  replicasForAverage,
  replicasForValue,
  utilizationTarget,
} from '../../src/controllers/autoscaling/replica-calculator.ts';

const tolerance = { up: 0.1, down: 0.1 };
const groups = (measured: Readonly<Record<string, number>>, unready: readonly string[] = [], missing: readonly string[] = []) => ({
  measured: new Map(Object.entries(measured)),
  unready,
  missing,
});

// Worked out by hand from https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
test.each([
  ['twice the target: twice as many', groups({ a: 200, b: 200 }), 2, 4],
  ['half of it: half as many', groups({ a: 50, b: 50 }), 2, 1],
  ['within a tenth nothing changes', groups({ a: 109, b: 109 }), 2, 2],
  ['with less wanted, who was not measured counts as on target', groups({ a: 50, b: 50 }, [], ['c']), 3, 2],
  ['with more wanted, who was not measured counts as idle', groups({ a: 200, b: 200 }, [], ['c']), 3, 4],
  ['with more wanted, who is not ready counts as idle', groups({ a: 300 }, ['b']), 2, 3],
  ['with less wanted, who is not ready does not count', groups({ a: 50, b: 50 }, ['c']), 3, 1],
  ['what caution turns round is left alone', groups({ a: 150 }, [], ['b']), 2, 2],
  ['what caution brings within the tolerance too', groups({ a: 210 }, [], ['b']), 2, 2],
])('a mean of 100: %s', (_case, given, current, expected) => {
  expect(replicasFor(given, current, averageTarget(100), tolerance)).toBe(expected);
});

test('percent of what is requested; who was not measured counts as using all it requests', () => {
  const requests = new Map([
    ['a', 1000],
    ['b', 1000],
    ['c', 1000],
  ]);
  const half = utilizationTarget(50, requests);
  expect(replicasFor(groups({ a: 1000, b: 1000, c: 1000 }), 3, half, tolerance)).toBe(6);
  expect(replicasFor(groups({ a: 200, b: 200, c: 200 }), 3, half, tolerance)).toBe(2);
  // 20 % of three, of which one counts as 100 %: 46 % in the mean is within a tenth of 50 %.
  expect(replicasFor(groups({ a: 200, b: 200 }, [], ['c']), 3, half, tolerance)).toBe(3);
});

test('one value: in proportion to the Pods that are ready; from none, as many as it asks for', () => {
  expect(replicasForValue(3000, 1000, 2, 2, tolerance)).toBe(6);
  expect(replicasForValue(1050, 1000, 2, 2, tolerance)).toBe(2);
  expect(replicasForValue(2500, 1000, 0, 0, tolerance)).toBe(3);
});

test('one value for each Pod', () => {
  expect(replicasForAverage(95_000, 10_000, 10, tolerance)).toBe(10);
  expect(replicasForAverage(55_000, 10_000, 10, tolerance)).toBe(6);
  expect(replicasForAverage(55_000, 10_000, 0, tolerance)).toBe(6);
  expect(replicasForAverage(0, 10_000, 0, tolerance)).toBe(0);
});

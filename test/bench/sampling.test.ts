import { expect, test } from 'vitest';
import type { Measure } from '../../bench/measure.ts';
import { measure, median, percentile } from '../../bench/sampling.ts';
import { suites } from '../../bench/suites.ts';

test('the median is the middle, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

test('a percentile is a value that so much of the whole does not exceed', () => {
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  expect(percentile([7], 0.5)).toBe(7);
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test('a figure keeps every sample, leaves the warm-up out, takes turns with others, and says how it compares', async () => {
  const numbers = [100, 1, 2, 3];
  const theirs = [7, 5, 4, 3];
  const order: string[] = [];
  const what: Measure = {
    name: 'a.b',
    unit: 'things/s',
    aim: 1,
    better: 'higher',
    samples: 3,
    prepare: async () => {
      order.push('prepare');
      return async () => void order.push('done');
    },
    sample: async () => {
      order.push('ours');
      return numbers.shift() ?? 0;
    },
    against: [
      {
        name: 'other',
        sample: async () => {
          order.push('theirs');
          return theirs.shift() ?? 0;
        },
      },
    ],
  };
  expect(await measure(what)).toEqual({
    name: 'a.b',
    unit: 'things/s',
    median: 2,
    samples: [1, 2, 3],
    against: [{ name: 'other', median: 4, ratio: 0.5, samples: [5, 4, 3] }],
  });
  expect(order.join()).toBe('prepare,ours,theirs,ours,theirs,ours,theirs,ours,theirs,done');
});

test('a sample that throws fails the figure and still cleans up', async () => {
  let cleaned = false;
  const sample = async (): Promise<number> => {
    throw new Error('no');
  };
  const what: Measure = {
    name: 'a.b',
    unit: 'ms',
    aim: 1,
    better: 'lower',
    samples: 1,
    sample,
    prepare: async () => async () => void (cleaned = true),
  };
  await expect(measure(what)).rejects.toThrow('no');
  expect(cleaned).toBe(true);
});

test('every suite loads, and no two figures of a suite have the same name', async () => {
  for (const suite of Object.values(suites)) {
    const names = (await suite()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
  }
});

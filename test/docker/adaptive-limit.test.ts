import { describe, expect, test } from 'vitest';
import { AdaptiveLimit } from '../../src/runtimes/docker/adaptive-limit.ts';
import { StartLimit } from '../../src/runtimes/docker/start-limit.ts';
import { ManualClock } from 'coxswain';

const options = { first: 8, min: 4, max: 32 };

/** The limit after so many starts on an engine whose latency follows from how many are in flight. */
function settled(latencyMs: (inFlight: number) => number, starts = 2000, limit = new AdaptiveLimit(options)): number {
  for (let n = 0; n < starts; n++) limit.note(latencyMs(limit.value), limit.value, true);
  return limit.value;
}

describe('how many starts may be in flight', () => {
  test('an engine that does any number at a time gets as many as it may', () => {
    expect(settled(() => 300)).toBe(options.max);
  });

  test('one whose starts only share the time gets no fewer for it', () => {
    expect(settled((inFlight) => 100 * inFlight)).toBe(options.max);
  });

  test('one that gets slower with each gets few', () => {
    const seen = Array.from({ length: 200 }, (_none, n) => settled((inFlight) => 100 * inFlight ** 2, 1000 + n));
    expect(Math.max(...seen)).toBeLessThanOrEqual(11);
  });

  test('where 12 go side by side and more get in each other’s way, it stays near 12', () => {
    const engine = (inFlight: number): number => (inFlight <= 12 ? 300 : 300 * (inFlight / 12) ** 3);
    const seen = Array.from({ length: 200 }, (_none, n) => settled(engine, 1000 + n));
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(8);
    expect(Math.max(...seen)).toBeLessThanOrEqual(18);
  });

  test('a machine that has become busy is not taken for a crowded one for ever', () => {
    const limit = new AdaptiveLimit(options);
    settled(() => 100, 500, limit);
    const before = limit.value;
    expect(settled(() => 400, 40, limit)).toBeLessThan(before);
    expect(settled(() => 400, 1000, limit)).toBe(options.max);
  });

  test('where nobody waits nothing is learnt', () => {
    const limit = new AdaptiveLimit(options);
    for (let n = 0; n < 100; n++) limit.note(n * 1000, 2, false);
    expect(limit.value).toBe(options.first);
  });

  test('the same notes give the same limit', () => {
    const engine = (inFlight: number): number => 50 + ((inFlight * 37) % 11) * inFlight;
    expect(settled(engine)).toBe(settled(engine));
  });
});

test('no more than the limit are started at a time, in the order they came, also where some fail', async () => {
  const limit = new StartLimit(new ManualClock());
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: 20 }, (_none, n) =>
    limit
      .run(
        () =>
          new Promise<void>((resolve, reject) => {
            begun.push(n);
            ends.push(n % 3 === 0 ? () => reject(new Error('no')) : resolve);
          }),
      )
      .catch(() => undefined),
  );
  expect(begun).toHaveLength(16);
  for (let n = 0; n < 20; n++) {
    ends[n]!();
    await all[n];
  }
  expect(begun).toEqual(Array.from({ length: 20 }, (_none, n) => n));
});

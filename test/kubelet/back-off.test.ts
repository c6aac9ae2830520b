import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterFailedPull, afterRestart, durationText, restartAt, type BackOff } from '../../src/kubelet/back-off.ts';

describe('back-off', () => {
  test('doubles from 10 s to 5 min', () => {
    let backOff: BackOff | undefined;
    const delays: number[] = [];
    let now = 0;
    for (let i = 0; i < 8; i++) {
      const at = restartAt(backOff, now);
      delays.push((at - now) / 1000);
      backOff = afterRestart(backOff, now, at);
      now = at;
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  test('is forgotten after ten minutes without a failure, and not before', () => {
    const backOff = { delayMs: 300_000, sinceMs: 0 };
    expect(restartAt(backOff, 600_000)).toBe(900_000);
    expect(restartAt(backOff, 600_001)).toBe(600_001);
    expect(afterRestart(backOff, 600_001, 600_001)).toEqual({ delayMs: 10_000, sinceMs: 600_001 });
  });

  test('a failed pull waits from the first time', () => {
    expect(afterFailedPull(undefined, 5)).toEqual({ delayMs: 10_000, sinceMs: 5 });
    expect(afterFailedPull({ delayMs: 10_000, sinceMs: 5 }, 20)).toEqual({ delayMs: 20_000, sinceMs: 20 });
  });

  test('the delay is always from 10 s to 5 min, and a restart never lies before its end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000_000 }), { maxLength: 30 }), (runs) => {
        let backOff: BackOff | undefined;
        let now = 0;
        for (const run of runs) {
          const endedAt = now + run;
          const at = restartAt(backOff, endedAt);
          expect(at).toBeGreaterThanOrEqual(endedAt);
          backOff = afterRestart(backOff, endedAt, at);
          expect(backOff.delayMs).toBeGreaterThanOrEqual(10_000);
          expect(backOff.delayMs).toBeLessThanOrEqual(300_000);
          now = at;
        }
      }),
    );
  });

  test('is written as Kubernetes writes durations', () => {
    expect([10_000, 40_000, 60_000, 80_000, 160_000, 300_000].map(durationText)).toEqual(['10s', '40s', '1m0s', '1m20s', '2m40s', '5m0s']);
  });
});

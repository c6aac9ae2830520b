import { describe, expect, test } from 'vitest';
import { simulate } from '../../src/testing/simulation/simulation.ts';

/** CI runs a slice; `npm run soak:simulation` runs all 500 (SEEDS=500). */
const seeds = Number(process.env['SEEDS'] ?? 40);
const first = Number(process.env['FIRST_SEED'] ?? 1);

describe('seeded weather', () => {
  test(`simulation: every invariant holds (seeds ${first} to ${first + seeds - 1})`, { timeout: seeds * 10_000 }, async () => {
    const broken: string[] = [];
    for (let seed = first; seed < first + seeds; seed++) {
      const { violations } = await simulate({ seed });
      broken.push(...violations.map((violation) => `seed ${seed}: ${violation}`));
    }
    expect(broken).toEqual([]);
  });

  test('simulation: the same seed gives the same history', async () => {
    const [a, b] = [await simulate({ seed: 2 }), await simulate({ seed: 2 })];
    expect(a).toEqual(b);
    expect(a.changes).toBeGreaterThan(100);
    expect((await simulate({ seed: 3 })).historyHash).not.toBe(a.historyHash);
  });
});

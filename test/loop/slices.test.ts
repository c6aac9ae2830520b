import { expect, test } from 'vitest';
import { ManualClock } from '../../src/index.ts';
import { smallCluster } from '../controllers/small-cluster.ts';

/** Counts how often the host's event loop was let in. */
class CountingClock extends ManualClock {
  turns = 0;

  override turn(): Promise<void> {
    this.turns++;
    return super.turn();
  }
}

test('a pass with much to do lets the host in again and again, one with little to do does not', async () => {
  const clock = new CountingClock();
  await using cluster = await smallCluster({}, { clock });
  const turnsOfAPass = async (controllers: number): Promise<number> => {
    for (let i = 0; i < controllers; i++) await cluster.run(`web-${controllers}-${i}`, 'web:1');
    const before = clock.turns;
    await cluster.reconcile();
    return clock.turns - before;
  };
  expect(await turnsOfAPass(5)).toBe(0);
  await cluster.settle();
  expect(await turnsOfAPass(600)).toBeGreaterThan(2);
});

import { expect, test } from 'vitest';
import type { Timer } from '../../src/env/clock.ts';
import { SystemClock } from '../../src/env/system-clock.ts';

test('of many timers that are due together only some fire before the event loop turns, and all in the end', async () => {
  const clock = new SystemClock();
  const at = clock.now() + 5;
  const fired: number[] = [];
  const perTurn: number[] = [];
  let before = 0;
  let watching = true;
  const look = (): void => {
    perTurn.push(fired.length - before);
    before = fired.length;
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  const timers: Timer[] = [];
  let cancelled = -1;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 200; i++)
      timers.push(
        clock.schedule(at, () => {
          fired.push(i);
          // By then others are due that have not fired yet.
          if (fired.length === 20) timers[(cancelled = timers.findIndex((_, other) => !fired.includes(other)))]!.cancel();
          if (fired.length === 199) resolve();
        }),
      );
  });
  await clock.turn();
  await clock.turn();
  watching = false;
  expect([...fired].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== cancelled));
  // A turn may fall between two looks: two turns' worth at most.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(32);
});

test('a timer that is cancelled in time never fires, one alone fires at its time', async () => {
  const clock = new SystemClock();
  let wrong = 0;
  clock.schedule(clock.now() + 5, () => void wrong++).cancel();
  const started = clock.now();
  await clock.sleep(20);
  expect(clock.now() - started).toBeGreaterThanOrEqual(19);
  expect(wrong).toBe(0);
});

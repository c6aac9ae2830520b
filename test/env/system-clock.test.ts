import { expect, test } from 'vitest';
import type { Timer } from '../../src/env/clock.ts';
import { SystemClock } from '../../src/env/system-clock.ts';

/** Keeps the event loop busy, as what a timer starts does. */
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('timers that are due together fire in their order for some milliseconds before the event loop turns, and all in the end', async () => {
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
  const cancelled = 150;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 200; i++)
      timers.push(
        clock.schedule(at, () => {
          fired.push(i);
          work(0.5);
          // By then all are due, and some have not fired yet.
          if (fired.length === 20) timers[cancelled]!.cancel();
          if (fired.length === 199) resolve();
        }),
      );
  });
  await clock.turn();
  await clock.turn();
  watching = false;
  expect(fired).toEqual(Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== cancelled));
  // Sixteen of them take longer than the slice. A turn may fall between two looks: two turns' worth at most.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(32);
});

test('what a timer starts is done before the next sixteen fire', async () => {
  const clock = new SystemClock();
  const at = clock.now() + 5;
  const seen: string[] = [];
  const follow = async (name: string): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
    seen.push(`${name} done`);
  };
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 32; i++)
      clock.schedule(at, () => {
        seen.push(`${i}`);
        void follow(`${i}`).then(() => (i === 31 ? resolve() : undefined));
      });
  });
  expect(seen.indexOf('15 done')).toBeLessThan(seen.indexOf('16'));
  expect(seen).toHaveLength(64);
});

test('timers of one instant are cancelled one by one; one that throws takes no other with it', async () => {
  const clock = new SystemClock();
  const at = clock.now() + 5;
  const fired: string[] = [];
  const failures: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => failures.push(error));
  clock.schedule(at, () => fired.push('first')).cancel();
  clock.schedule(at, () => {
    throw new Error('thrown by a timer');
  });
  await new Promise<void>((resolve) => clock.schedule(at, resolve));
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(fired).toEqual([]);
  expect(failures.map(String)).toEqual(['Error: thrown by a timer']);
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

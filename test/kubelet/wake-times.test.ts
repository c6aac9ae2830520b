import { expect, test } from 'vitest';
import { WakeTimes } from '../../src/kubelet/wake-times.ts';

interface Sleeper {
  readonly order: number;
  wakeAt: number | undefined;
}

const sleeper = (order: number, wakeAt: number | undefined): Sleeper => ({ order, wakeAt });

test('who was forgotten neither wakes nor is waited for', () => {
  const wakes = new WakeTimes<Sleeper>();
  const [first, second] = [sleeper(0, 100), sleeper(1, 200)];
  wakes.note(first);
  wakes.note(second);
  wakes.forget(first);
  expect(wakes.next).toBe(200);
  expect(wakes.due(150)).toEqual([]);
  expect(wakes.due(200)).toEqual([second]);
  expect(wakes.next).toBeUndefined();
});

test('an earlier wish counts at once, a later one when the time of the first has come', () => {
  const wakes = new WakeTimes<Sleeper>();
  const one = sleeper(0, 100);
  wakes.note(one);
  one.wakeAt = 50;
  wakes.note(one);
  expect(wakes.next).toBe(50);
  one.wakeAt = 300;
  wakes.note(one);
  expect(wakes.due(50)).toEqual([]);
  expect(wakes.next).toBe(300);
  expect(wakes.due(300)).toEqual([one]);
});

test('those of one time wake in the order of the sleepers', () => {
  const wakes = new WakeTimes<Sleeper>();
  const sleepers = [2, 0, 1].map((order) => sleeper(order, 100));
  for (const each of sleepers) wakes.note(each);
  expect(wakes.due(100).map(({ order }) => order)).toEqual([0, 1, 2]);
});

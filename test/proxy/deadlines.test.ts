import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { Deadlines } from '../../src/proxy/deadlines.ts';

function fixture() {
  const clock = new ManualClock(0);
  const due: string[] = [];
  const deadlines = new Deadlines<{ name: string; at: number }>(
    clock,
    ({ at }) => at,
    ({ name }) => due.push(name),
  );
  const passTo = (at: number): void => {
    clock.moveTo(at);
    clock.fireDue();
  };
  return { clock, due, deadlines, passTo };
}

describe('Deadlines', () => {
  it('fires each item once, when it is due', () => {
    const { clock, due, deadlines, passTo } = fixture();
    deadlines.add({ name: 'b', at: 20 });
    deadlines.add({ name: 'a', at: 10 });
    deadlines.add({ name: 'never', at: Infinity });
    passTo(9);
    expect(due).toEqual([]);
    passTo(10);
    expect(due).toEqual(['a']);
    passTo(100);
    expect(due).toEqual(['a', 'b']);
    expect([deadlines.size, clock.timers]).toEqual([1, 0]);
  });

  it('sets no timer for a deadline that moves later, and sees one that moves earlier', () => {
    const { clock, due, deadlines, passTo } = fixture();
    const item = { name: 'a', at: 10 };
    deadlines.add(item);
    item.at = 50;
    passTo(10);
    expect([due, clock.next()]).toEqual([[], 50]);
    item.at = 20;
    deadlines.add(item);
    passTo(20);
    expect(due).toEqual(['a']);
  });

  it('has no timer when it has no items', () => {
    const { clock, deadlines } = fixture();
    const item = { name: 'a', at: 10 };
    deadlines.add(item);
    deadlines.delete(item);
    expect(clock.timers).toBe(0);
    deadlines.add(item);
    deadlines.clear();
    expect([clock.timers, deadlines.size]).toEqual([0, 0]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyIndex } from '../../src/stores/key-index.ts';

const key = fc.array(fc.constantFrom('a', 'b', '/', '-', '0', '~'), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));

it('is a sorted set: scans and counts like a sorted array does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 300 }), key, key, (steps, prefix, after) => {
      const index = new KeyIndex();
      const set = new Set<string>();
      for (const [name, adds] of steps) {
        if (adds && !set.has(name)) index.add(name);
        if (!adds) index.delete(name);
        if (adds) set.add(name);
        else set.delete(name);
      }
      const sorted = [...set].sort((a, b) => (a < b ? -1 : 1));
      for (const [from, behind] of [
        ['', undefined],
        [prefix, undefined],
        [prefix, after],
        ['', after],
      ] as const) {
        const expected = sorted.filter((name) => name.startsWith(from) && (behind === undefined || name > behind));
        const scanned: string[] = [];
        index.scan(from, behind, (name) => scanned.push(name) > 0);
        expect(scanned).toEqual(expected);
        expect(index.count(from, behind)).toBe(expected.length);
      }
      expect(index.size).toBe(set.size);
    }),
  );
});

it('keeps its order over many leaves, filled in order, at random and emptied', () => {
  const index = new KeyIndex();
  const names = Array.from({ length: 5_000 }, (_, n) => `/k/${String((n * 7_919) % 5_000).padStart(4, '0')}`);
  for (const name of names) index.add(name);
  const scanned: string[] = [];
  index.scan('/k/', '/k/1233', (name) => scanned.push(name) < 1_500);
  expect(scanned).toEqual(Array.from({ length: 1_500 }, (_, n) => `/k/${String(n + 1_234).padStart(4, '0')}`));
  expect([index.count('/k/'), index.count('/k/2'), index.count('/k/', '/k/4989'), index.count('/l')]).toEqual([5_000, 1_000, 10, 0]);
  for (const name of names) index.delete(name);
  expect([index.size, index.count('')]).toEqual([0, 0]);
  index.add('/again');
  expect(index.count('/')).toBe(1);
});

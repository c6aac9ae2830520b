import { expect, test } from 'vitest';
import { childName, generateName } from '../../src/api/name-generation.ts';
import { checkDns1123Label } from '../../src/api/names.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';

test('generateName adds five letters of the alphabet and keeps to 63', () => {
  const random = new SeededRandom(1);
  expect(generateName('web-', random)).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(generateName('y'.repeat(80), random)).toHaveLength(63);
  expect(generateName('web-', new SeededRandom(7))).toBe(generateName('web-', new SeededRandom(7)));
});

test('a child has one name, and other children nearly always have others', () => {
  const names = new Set<string>();
  for (let slot = 0; slot < 2000; slot++) {
    for (let attempt = 0; attempt < 3; attempt++) names.add(childName('web-', { ownerUid: 'uid-1', slot, attempt }));
  }
  expect(names.size).toBeGreaterThan(2000 * 3 - 10);
  expect(childName('web-', { ownerUid: 'u', slot: 1 })).toBe(childName('web-', { ownerUid: 'u', slot: 1, attempt: 0 }));
  expect(checkDns1123Label(childName(`${'y'.repeat(80)}-`, { ownerUid: 'u', slot: 'node-1' }))).toEqual([]);
});

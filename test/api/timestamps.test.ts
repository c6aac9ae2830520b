import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMicroTime, formatTime, parseTime } from '../../src/api/time.ts';
import { canonicalMicroTime, canonicalTime } from '../../src/api/timestamps.ts';

test.each([
  ['2024-05-01T12:00:00Z', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00.999Z', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00+02:00', '2024-05-01T10:00:00Z'],
  ['2024-02-29T00:30:00+01:00', '2024-02-28T23:30:00Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
])('%s is stored as %s', (text, stored) => {
  expect(canonicalTime(text)).toBe(stored);
});

test.each([
  '',
  'yesterday',
  '2024-05-01',
  '2024-13-01T00:00:00Z',
  '2023-02-29T00:00:00Z',
  '2024-05-01T24:00:00Z',
  '2024-05-01 12:00:00Z',
  '2024-05-01T12:00:00',
])('%j is no time', (text) => {
  expect(canonicalTime(text)).toBeUndefined();
  expect(canonicalMicroTime(text)).toBeUndefined();
});

test('microseconds are kept, and must be all there', () => {
  expect(canonicalMicroTime('2024-05-01T13:00:00.123456+01:00')).toBe('2024-05-01T12:00:00.123456Z');
  expect(canonicalMicroTime('2024-05-01T12:00:00.5Z')).toBeUndefined();
  expect(canonicalMicroTime('2024-05-01T12:00:00Z')).toBeUndefined();
});

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.integer({ min: -60_000_000_000_000, max: 200_000_000_000_000 }), (ms) => {
      expect(parseTime(formatMicroTime(ms))).toBe(ms);
      expect(parseTime(formatTime(ms))).toBe(Math.floor(ms / 1000) * 1000);
      expect(canonicalTime(formatTime(ms))).toBe(formatTime(ms));
    }),
  );
});

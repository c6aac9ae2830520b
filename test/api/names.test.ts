import { expect, test } from 'vitest';
import {
  checkConfigKey,
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkObjectName,
  checkPathSegment,
  checkPortName,
  checkQualifiedName,
} from '../../src/api/names.ts';

const x = (n: number): string => 'x'.repeat(n);

test.each([
  [checkDns1123Label, ['a', 'a-b', '1', x(63)], ['', 'A', 'a.b', '-a', 'a-', x(64)]],
  [checkDns1123Subdomain, ['a.b', 'a-1.b', x(253)], ['', '.', 'a..b', 'a%b', 'A', x(254)]],
  [checkDns1035Label, ['a', 'a1'], ['1a', 'a.b', x(64)]],
  [checkPathSegment, ['a:b', 'system:x'], ['.', '..', 'a/b', 'a%b']],
  [checkQualifiedName, ['a', 'A_b.c', 'example.com/a'], ['', '/a', 'a/', 'a/b/c', 'bad key', 'UP.example.com/x', x(64)]],
  [checkLabelValue, ['', 'a', 'A_b.c', x(63)], ['a b', '-a', 'bad!', x(64)]],
  [checkConfigKey, ['a', '.a', 'A_b'], ['', '.', '..', '..a', 'a b', x(254)]],
  [checkPortName, ['http', 'a-1'], ['', 'HTTP', '80', 'a--b', '-a', 'a-', x(16)]],
] as const)('%o accepts and refuses', (check, good, bad) => {
  for (const value of good) expect([value, check(value)]).toEqual([value, []]);
  for (const value of bad) expect([value, check(value).length > 0]).toEqual([value, true]);
});

test('both things wrong with the empty key are said', () => {
  expect(checkQualifiedName('')).toEqual(['name part must be non-empty', expect.stringContaining('name part must consist of')]);
});

test('the rule of a kind decides; a generateName may end with a dash', () => {
  expect(checkObjectName('dns1123-subdomain', 'a.b')).toEqual([]);
  expect(checkObjectName('dns1123-label', 'a.b')).toHaveLength(1);
  expect(checkObjectName('dns1035-label', '1a')).toHaveLength(1);
  expect(checkObjectName('path-segment', 'system:Node')).toEqual([]);
  expect(checkObjectName('dns1123-subdomain', 'x-', true)).toEqual([]);
  expect(checkObjectName('dns1123-subdomain', 'x-')).toHaveLength(1);
  expect(checkObjectName('dns1123-subdomain', 'Bad_', true)).toHaveLength(1);
});

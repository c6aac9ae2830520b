import { expect, test } from 'vitest';
import { isCidr, isIpAddress, isIpv6Address, plainAddress } from '../../src/api/ip-address.ts';

test.each([
  '10.0.0.1',
  '010.000.0.001',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  '1:2:3:4:5:6:7:8',
  '::ffff:10.1.2.3',
  '1::8',
  'FD00::A',
])('%s is an address', (text) => expect(isIpAddress(text)).toBe(true));

test.each([
  '',
  '10.0.0',
  '10.0.0.256',
  '10.0.0.1.2',
  'a.b.c.d',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4:5:6:7::8',
  'fe80::1%eth0',
  '10.1.2.3::',
  '12345::',
  ' 10.0.0.1',
])('%j is none', (text) => expect(isIpAddress(text)).toBe(false));

test('families', () => {
  expect(isIpv6Address('::1')).toBe(true);
  expect(isIpv6Address('10.0.0.1')).toBe(false);
});

test.each([
  ['10.0.0.0/8', true],
  ['fd00::/128', true],
  ['10.0.0.0/33', false],
  ['fd00::/129', false],
  ['10.0.0.0', false],
  ['10.0.0.0/', false],
  ['10.0.0.0/8/8', false],
])('%s as a range: %s', (text, expected) => expect(isCidr(text)).toBe(expected));

test('the plain form of an address', () => {
  expect(plainAddress('010.001.0.000')).toBe('10.1.0.0');
  expect(plainAddress('FE80::A')).toBe('fe80::a');
});

import { describe, expect, it } from 'vitest';
import { AddressRanges } from '../../src/proxy/address-ranges.ts';

describe('AddressRanges', () => {
  it('holds addresses and ranges of both families', () => {
    const ranges = new AddressRanges(['10.0.0.7', '192.168.1.0/24', 'fd00::/64', ' 172.16.0.1/32 ']);
    for (const inside of ['10.0.0.7', '192.168.1.255', 'fd00::1234', '::ffff:10.0.0.7', '172.16.0.1'])
      expect(ranges.includes(inside), inside).toBe(true);
    for (const outside of ['10.0.0.8', '192.168.2.0', 'fd00:0:0:1::1', '', 'example.org'])
      expect(ranges.includes(outside), outside).toBe(false);
  });

  it('is empty without any', () => {
    expect([new AddressRanges([]).empty, new AddressRanges([]).includes('127.0.0.1')]).toEqual([true, false]);
  });

  it.each(['example.org', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/-1', '', 'fd00::/129'])('refuses %j', (text) => {
    expect(() => new AddressRanges([text])).toThrow(`got "${text}"`);
  });
});

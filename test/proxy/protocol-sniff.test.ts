import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sniff } from '../../src/proxy/protocol-sniff.ts';

describe('sniff', () => {
  it.each([
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'http'],
    ['POST /x HTTP/1.0\r\n\r\nbody', 'http'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 'http'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'other'],
    ['POST /attach HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n', 'other'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'other'],
    ['CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 'other'],
    ['GET key\r\n', 'other'],
    ['GET / HTTP/1.1\nHost: a\n\n', 'other'],
    ['GET / HTTP/1.1\r\n\r\n', 'other'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 'other'],
    ['\x16\x03\x01\x02\x00\x01\x00', 'other'],
    ['EHLO example.org\r\n', 'other'],
    ['GETX', 'other'],
    ['', 'more'],
    ['G', 'more'],
    ['GET / HT', 'more'],
    ['GET / HTTP/1.1\r\nHost: a\r\n', 'more'],
    [`GET /${'a'.repeat(70_000)}`, 'other'],
  ])('%j is %s', (text, expected) => {
    expect(sniff(Buffer.from(text, 'latin1'))).toBe(expected);
  });

  it('does not change its mind: what is HTTP in the end is never taken for something else before', () => {
    const request = Buffer.from('DELETE /things/1?x=y HTTP/1.1\r\nHost: web\r\nX-A: b\r\n\r\nrest', 'latin1');
    fc.assert(
      fc.property(fc.nat(request.length), (length) => {
        expect(sniff(request.subarray(0, length))).toBe(length >= request.length - 4 ? 'http' : 'more');
      }),
    );
  });
});

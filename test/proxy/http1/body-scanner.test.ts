import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyScanner } from '../../../src/proxy/http1/body-scanner.ts';

/** Cuts bytes into pieces of the given sizes; the rest is the last piece. */
function cut(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at = Math.min(at + size, bytes.length);
  }
  return [...pieces, bytes.subarray(at)];
}

/** Scans pieces; returns how many bytes belong to the body, or -1. */
function scanned(scanner: BodyScanner, pieces: readonly Buffer[]): number {
  let total = 0;
  for (const piece of pieces) {
    if (scanner.done) break;
    const end = scanner.scan(piece, 0);
    if (end < 0) return -1;
    total += end;
  }
  return total;
}

const sizes = fc.array(fc.nat(7), { maxLength: 60 });
const data = fc.uint8Array({ minLength: 1, maxLength: 40 });

describe('BodyScanner', () => {
  it('finds the end of a body of known length, however it is cut', () => {
    fc.assert(
      fc.property(data, data, sizes, (body, rest, cuts) => {
        const scanner = new BodyScanner({ type: 'length', bytes: body.length });
        expect(scanned(scanner, cut(Buffer.concat([body, rest]), cuts))).toBe(body.length);
        expect(scanner.done).toBe(true);
      }),
    );
  });

  it('finds the end of a chunked body, however it is cut', () => {
    const extension = fc.constantFrom('', ';a', ';a=b', ';a="b c"');
    const chunk = fc.tuple(data, extension).map(([bytes, text]) => {
      return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}${text}\r\n`), bytes, Buffer.from('\r\n')]);
    });
    const trailers = fc.constantFrom('', 'X-A: b\r\n', 'X-A: b\r\nX-C: d\r\n');
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), trailers, data, sizes, (chunks, trailer, rest, cuts) => {
        const body = Buffer.concat([...chunks, Buffer.from(`0\r\n${trailer}\r\n`)]);
        const scanner = new BodyScanner({ type: 'chunked' });
        expect(scanned(scanner, cut(Buffer.concat([body, rest]), cuts))).toBe(body.length);
        expect(scanner.done).toBe(true);
      }),
    );
  });

  it.each([
    ['no size', '\r\n'],
    ['a size that is no number', 'x\r\n'],
    ['a blank before the size', ' 1\r\na\r\n'],
    ['a blank after the size', '1 \r\na\r\n'],
    ['a signed size', '-1\r\n'],
    ['a size too long to be exact', '10000000000000\r\n'],
    ['a bare line feed after the size', '1\na\r\n'],
    ['a bare line feed in an extension', '1;a\nb\r\na\r\n'],
    ['a carriage return in an extension', '1;a\rb\r\na\r\n'],
    ['more data than the size says', '1\r\nab\r\n'],
    ['a bare line feed after the data', '1\r\na\n'],
    ['a bare line feed after a trailer', '0\r\nX-A: b\n\r\n'],
    ['a trailer that never ends', `0\r\n${'a'.repeat(20_000)}`],
    ['an extension that never ends', `1;${'a'.repeat(5_000)}`],
  ])('refuses %s', (_what, text) => {
    expect(new BodyScanner({ type: 'chunked' }).scan(Buffer.from(text), 0)).toBe(-1);
    const bytewise = Array.from(Buffer.from(text), (byte) => Buffer.from([byte]));
    expect(scanned(new BodyScanner({ type: 'chunked' }), bytewise)).toBe(-1);
  });

  it('is done at once without a body, and never where the body ends with the connection', () => {
    expect(new BodyScanner({ type: 'none' }).done).toBe(true);
    const scanner = new BodyScanner({ type: 'until-close' });
    expect([scanner.scan(Buffer.alloc(10), 3), scanner.done]).toEqual([10, false]);
  });
});

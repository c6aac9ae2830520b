/**
 * Values in ASN.1's distinguished encoding, as far as certificates need them.
 * Source: https://www.itu.int/rec/T-REC-X.690
 */

const utcTimeYearMax = 2049;

function value(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => value(0x30, Buffer.concat(parts));
export const setOf = (...parts: readonly Buffer[]): Buffer => value(0x31, Buffer.concat(parts));
export const octets = (content: Buffer): Buffer => value(0x04, content);
export const boolean = (is: boolean): Buffer => value(0x01, Buffer.from([is ? 0xff : 0]));
export const utf8 = (text: string): Buffer => value(0x0c, Buffer.from(text, 'utf8'));

/** `[number]`, holding a value (`isWhole`) or standing in for the tag of a primitive one. */
export const tagged = (number: number, content: Buffer, isWhole: boolean): Buffer => value((isWhole ? 0xa0 : 0x80) | number, content);

/** A bit string; the last `unused` bits of its last byte do not count. */
export const bits = (content: Buffer, unused = 0): Buffer => value(0x03, Buffer.concat([Buffer.from([unused]), content]));

/** A number that is not negative, as big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const trimmed = bytes.subarray(from);
  return value(0x02, (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

/** `1.2.840.10045.4.3.2` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return value(0x06, Buffer.from(bytes));
}

/** A point in time (milliseconds since 1970), to the second: two-digit years until 2049, as RFC 5280 has it. */
export function time(atMs: number): Buffer {
  const at = new Date(atMs);
  const digits = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return at.getUTCFullYear() <= utcTimeYearMax ? value(0x17, Buffer.from(digits.slice(2))) : value(0x18, Buffer.from(digits));
}

export function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

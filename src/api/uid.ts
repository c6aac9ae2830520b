import type { Random } from '../env/random.ts';

const hexDigits = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const dash = '-'.charCodeAt(0);

/** A version 4 UUID drawn from seeded chance: uids name things, they protect nothing. */
export function newUid(random: Random): string {
  const codes: number[] = [];
  const byte = (value: number): void => void codes.push(hexDigits[value >> 4]!, hexDigits[value & 15]!);
  const version = 0x40 | random.integer(16);
  const variant = 0x80 | random.integer(64);
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) codes.push(dash);
    byte(i === 6 ? version : i === 8 ? variant : random.integer(256));
  }
  // One flat string: pieces put together would be kept as pieces.
  return String.fromCharCode(...codes);
}

import type { Random } from '../env/random.ts';

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** A version 4 UUID drawn from seeded chance: uids name things, they protect nothing. */
export function newUid(random: Random): string {
  const byte = (): string => hex[random.integer(256)]!;
  const version = hex[0x40 | random.integer(16)]!;
  const variant = hex[0x80 | random.integer(64)]!;
  return `${byte()}${byte()}${byte()}${byte()}-${byte()}${byte()}-${version}${byte()}-${variant}${byte()}-${byte()}${byte()}${byte()}${byte()}${byte()}${byte()}`;
}

import { createHash } from 'node:crypto';
import { AddressRange, formatIpv4, parseIpv4 } from '../address-range.ts';

/** A range has so many slices, of which the first is no engine's: engines have addresses there, and the relay itself. */
const slices = 32;
const rangeBits = 16;
const sliceBits = rangeBits + Math.log2(slices);
const firstSecond = 160;
const seconds = 32;

export const rangeSize = 2 ** (32 - rangeBits);
export const sliceSize = rangeSize / slices;

const byteOf = (text: string): number => createHash('sha256').update(text).digest()[0] ?? 0;

/** The ranges to try for a cluster: the same for all its engines, in an order that follows from its name. */
export const rangesOf = (clusterId: string): readonly string[] =>
  Array.from({ length: seconds }, (_none, n) => `10.${firstSecond + ((byteOf(clusterId) + n) % seconds)}.0.0/${rangeBits}`);

/** The first address of a range. */
export const baseOf = (cidr: string): number => parseIpv4(cidr.split('/')[0] ?? '') ?? 0;

/** The slice of a range with the given number. The first address is the relay container's, the rest are for pods. */
export const sliceOf = (cidr: string, slice: number): AddressRange =>
  new AddressRange(`${formatIpv4(baseOf(cidr) + slice * sliceSize)}/${sliceBits}`);

export const isSlice = (slice: number): boolean => Number.isInteger(slice) && slice > 0 && slice < slices;

/** A slice that nobody has, the same one for an engine if it can be; undefined if there is none. */
export function freeSlice(engine: string, taken: Pick<ReadonlySet<number>, 'has'>): number | undefined {
  const first = byteOf(engine);
  for (let n = 0; n < slices - 1; n++) {
    const slice = 1 + ((first + n) % (slices - 1));
    if (!taken.has(slice)) return slice;
  }
  return undefined;
}

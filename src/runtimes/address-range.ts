import { ConfigurationError } from '../errors.ts';

/** Writes an IPv4 address given as a number. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Reads an IPv4 address into a number; undefined if it is none. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/**
 * Hands out the pod addresses of one node from an IPv4 range. The first address is the node's own, network and broadcast are never
 * used. Goes round the range, so that an address rests as long as possible before another pod gets it.
 */
export class AddressRange {
  readonly cidr: string;
  /** How many pods can have an address at a time. */
  readonly capacity: number;
  readonly #base: number;
  /** A bit for each address. */
  readonly #taken: Uint8Array;
  #cursor = 0;

  /** @throws ConfigurationError unless `cidr` is an IPv4 range of 4 to 2^24 addresses. */
  constructor(cidr: string) {
    const [address = '', prefix = ''] = cidr.split('/');
    const base = parseIpv4(address);
    const bits = Number(prefix);
    if (base === undefined || !/^\d+$/.test(prefix) || bits < 8 || bits > 30) {
      throw new ConfigurationError(`podCidr: expected an IPv4 range from /8 to /30 such as 10.244.1.0/24, got "${cidr}"`);
    }
    const size = 2 ** (32 - bits);
    this.#base = base - (base % size);
    this.cidr = `${formatIpv4(this.#base)}/${bits}`;
    this.capacity = size - 3;
    this.#taken = new Uint8Array(size / 8 + 1);
  }

  /** The address of the node itself. */
  get gateway(): string {
    return formatIpv4(this.#base + 1);
  }

  /** A free address as a number for `address`, or undefined if all are taken. */
  take(): number | undefined {
    for (let tried = 0; tried < this.capacity; tried++) {
      const slot = this.#cursor;
      this.#cursor = (this.#cursor + 1) % this.capacity;
      if (this.#isTaken(slot)) continue;
      this.#mark(slot);
      return slot;
    }
    return undefined;
  }

  /** Marks an address as taken again, after a restart. False if it is not in the range or taken already. */
  reserve(address: string): boolean {
    const slot = this.slotOf(address);
    if (slot === undefined || this.#isTaken(slot)) return false;
    this.#mark(slot);
    return true;
  }

  release(slot: number): void {
    this.#taken[slot >> 3]! &= ~(1 << (slot & 7));
  }

  address(slot: number): string {
    return formatIpv4(this.#base + 2 + slot);
  }

  /** The number of an address, or undefined if it is not one of this range. */
  slotOf(address: string): number | undefined {
    const value = parseIpv4(address);
    if (value === undefined) return undefined;
    const slot = value - this.#base - 2;
    return slot >= 0 && slot < this.capacity ? slot : undefined;
  }

  /** Whether somebody has the address, which is given as a number. */
  has(value: number): boolean {
    const slot = value - this.#base - 2;
    return slot >= 0 && slot < this.capacity && this.#isTaken(slot);
  }

  #isTaken(slot: number): boolean {
    return (this.#taken[slot >> 3]! & (1 << (slot & 7))) !== 0;
  }

  #mark(slot: number): void {
    this.#taken[slot >> 3]! |= 1 << (slot & 7);
  }
}

import ipaddr from 'ipaddr.js';
import { ConfigurationError } from '../errors.ts';

interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly kind: 'ipv4' | 'ipv6';
}

/** So many addresses of a range are looked at. */
const lookedAtMax = 65_536n;

/** The addresses a host gives to Services of type LoadBalancer: single ones, and ranges (`192.168.1.240/28`) of which every address counts. */
export class AddressPool {
  readonly #ranges: readonly Range[];

  /** @throws ConfigurationError for a text that is neither an address nor a range. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(rangeOf);
  }

  includes(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    const number = numberOf(parsed);
    return this.#ranges.some(({ first, last, kind }) => kind === parsed.kind() && number >= first && number <= last);
  }

  /** All addresses, in the order in which they were given. */
  *addresses(): Generator<string> {
    for (const { first, last, kind } of this.#ranges) {
      const end = last - first >= lookedAtMax ? first + lookedAtMax : last;
      for (let number = first; number <= end; number++) yield textOf(number, kind);
    }
  }
}

function rangeOf(text: string): Range {
  const [address = '', length] = text.trim().split('/', 2);
  const bits = ipaddr.isValid(address) && ipaddr.parse(address).kind() === 'ipv6' ? 128 : 32;
  const prefix = length === undefined ? bits : Number(length);
  const isFourPart = bits === 128 || ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!ipaddr.isValid(address) || !isFourPart || !Number.isInteger(prefix) || prefix < 0 || prefix > bits)
    throw new ConfigurationError(
      `loadBalancerAddresses: expected an IP address or a range such as 192.168.1.240/28, got ${JSON.stringify(text)}`,
    );
  const size = 1n << BigInt(bits - prefix);
  const first = (numberOf(ipaddr.parse(address)) / size) * size;
  return { first, last: first + size - 1n, kind: bits === 128 ? 'ipv6' : 'ipv4' };
}

const numberOf = (address: ipaddr.IPv4 | ipaddr.IPv6): bigint =>
  address.toByteArray().reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n);

function textOf(number: bigint, kind: Range['kind']): string {
  const bytes = Array.from({ length: kind === 'ipv6' ? 16 : 4 }, (_, i) => Number((number >> BigInt(8 * i)) & 255n)).reverse();
  return ipaddr.fromByteArray(bytes).toString();
}

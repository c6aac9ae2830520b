import { BlockList, isIP } from 'node:net';
import { ConfigurationError } from '../errors.ts';

/** A set of addresses, given as single ones and as ranges (`10.0.0.7`, `192.168.1.0/24`, `fd00::/64`). */
export class AddressRanges {
  readonly #list = new BlockList();
  readonly empty: boolean;

  /** @throws ConfigurationError for a text that is neither an address nor a range. */
  constructor(ranges: readonly string[]) {
    this.empty = ranges.length === 0;
    for (const range of ranges) {
      const [address = '', length] = range.trim().split('/', 2);
      const family = isIP(address);
      const bits = length === undefined ? (family === 6 ? 128 : 32) : Number(length);
      if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) {
        throw new ConfigurationError(`expected an IP address or a range such as 192.168.1.0/24, got "${range}"`);
      }
      this.#list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  includes(address: string): boolean {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }
}

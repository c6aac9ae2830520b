import { isIPv4, isIPv6 } from 'node:net';

/** The address a reverse name asks about (`1.0.3.10.in-addr.arpa`, `1.0....ip6.arpa`); undefined if it is none. In lower case. */
export function addressOfReverseName(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').toReversed().join('.');
    return isIPv4(address) ? address : undefined;
  }
  if (!name.endsWith('.ip6.arpa')) return undefined;
  const nibbles = name.slice(0, -'.ip6.arpa'.length).split('.').toReversed();
  if (nibbles.length !== 32 || nibbles.some((nibble) => !/^[0-9a-f]$/.test(nibble))) return undefined;
  const address = nibbles.join('').replaceAll(/.{4}(?=.)/g, '$&:');
  return isIPv6(address) ? address : undefined;
}

/*
 * Recognises IP addresses and ranges as Kubernetes does: IPv4 may have leading zeros, IPv6 no zone.
 */

const groupsMax = 8;

function isIpv4(value: string): boolean {
  const parts = value.split('.');
  return parts.length === 4 && parts.every((part) => /^[0-9]{1,9}$/.test(part) && Number(part) <= 255);
}

/** How many 16-bit groups a piece of an IPv6 address has; NaN if it is none. Only the last piece may end in an IPv4 address. */
function countGroups(piece: string, last: boolean): number {
  if (piece === '') return 0;
  const groups = piece.split(':');
  const tail = groups.at(-1)!;
  const mapped = last && tail.includes('.');
  if (mapped && !isIpv4(tail)) return Number.NaN;
  const plain = mapped ? groups.slice(0, -1) : groups;
  return plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? plain.length + (mapped ? 2 : 0) : Number.NaN;
}

export function isIpv6Address(value: string): boolean {
  if (!value.includes(':')) return false;
  const [head = '', rest, ...more] = value.split('::');
  if (more.length > 0) return false;
  if (rest === undefined) return countGroups(head, true) === groupsMax;
  return countGroups(head, false) + countGroups(rest, true) < groupsMax;
}

export function isIpAddress(value: string): boolean {
  return isIpv4(value) || isIpv6Address(value);
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function isCidr(value: string): boolean {
  const slash = value.indexOf('/');
  const address = value.slice(0, slash);
  const bits = value.slice(slash + 1);
  if (slash < 0 || !/^[0-9]{1,3}$/.test(bits) || !isIpAddress(address)) return false;
  return Number(bits) <= (address.includes(':') ? 128 : 32);
}

/** Without leading zeros in the parts of an IPv4 address, in lower case. */
export function plainAddress(value: string): string {
  return isIpv4(value) ? value.replace(/(^|\.)0+(?=[0-9])/g, '$1') : value.toLowerCase();
}

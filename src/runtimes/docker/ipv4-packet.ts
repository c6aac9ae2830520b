/** The shortest header of an IPv4 packet, in bytes. */
const headerBytes = 20;
const icmpHeaderBytes = 8;
/** How much of what could not be delivered goes back with the news: its header and the first bytes behind it, in which the ports are. */
const quotedBytes = 8;
const icmp = 1;
/** ICMP messages that are about another packet: nobody is told that one of those did not arrive. */
const icmpErrors: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const timeToLive = 64;

/** The sum that headers of IPv4 and ICMP carry: over data that carry theirs it is 0. Source: RFC 1071 */
export function internetChecksum(data: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += (data[at]! << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** True if it is an IPv4 packet whose header is whole. */
export const isIpv4 = (packet: Uint8Array): boolean =>
  packet.length >= headerBytes && packet[0]! >> 4 === 4 && headerLength(packet) >= headerBytes && headerLength(packet) <= packet.length;

export const sourceOf = (packet: Uint8Array): number => numberAt(packet, 12);

export const destinationOf = (packet: Uint8Array): number => numberAt(packet, 16);

/**
 * The packet that tells a sender that its host cannot be reached, as a router does: whoever connects there fails at once. Undefined
 * where nobody may be told: about news of that kind, later fragments, and what went to many or came from nobody.
 * Source: RFC 792; RFC 1122, 3.2.2
 *
 * @param from The address that says so.
 */
export function hostUnreachable(packet: Uint8Array, from: number): Buffer | undefined {
  if (!isIpv4(packet) || !mayBeTold(packet)) return undefined;
  const quoted = packet.subarray(0, Math.min(packet.length, headerLength(packet) + quotedBytes));
  const news = Buffer.alloc(headerBytes + icmpHeaderBytes + quoted.length);
  news[0] = 0x45;
  news.writeUInt16BE(news.length, 2);
  news.writeUInt16BE(0x4000, 6); // not to be taken apart
  news[8] = timeToLive;
  news[9] = icmp;
  news.writeUInt32BE(from, 12);
  news.writeUInt32BE(sourceOf(packet), 16);
  news.writeUInt16BE(internetChecksum(news.subarray(0, headerBytes)), 10);
  news[headerBytes] = 3; // destination unreachable
  news[headerBytes + 1] = 1; // the host
  news.set(quoted, headerBytes + icmpHeaderBytes);
  news.writeUInt16BE(internetChecksum(news.subarray(headerBytes)), headerBytes + 2);
  return news;
}

function mayBeTold(packet: Uint8Array): boolean {
  const length = headerLength(packet);
  const isLaterFragment = (((packet[6]! & 0x1f) << 8) | packet[7]!) !== 0;
  if (isLaterFragment || isForMany(destinationOf(packet)) || isForMany(sourceOf(packet)) || sourceOf(packet) >>> 24 === 0) return false;
  return packet[9] !== icmp || (packet.length > length && !icmpErrors.has(packet[length]!));
}

/** Multicast, and everything above it. */
const isForMany = (address: number): boolean => address >>> 28 >= 0xe;

const headerLength = (packet: Uint8Array): number => (packet[0]! & 0xf) * 4;

const numberAt = (packet: Uint8Array, at: number): number =>
  ((packet[at]! << 24) | (packet[at + 1]! << 16) | (packet[at + 2]! << 8) | packet[at + 3]!) >>> 0;

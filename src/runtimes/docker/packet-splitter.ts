/** Before each packet: its length, the high byte first. */
export const lengthBytes = 2;

/** A packet as the relay's program sends and takes it. */
export function withLength(packet: Uint8Array): Buffer {
  const framed = Buffer.alloc(lengthBytes + packet.length);
  framed.writeUInt16BE(packet.length, 0);
  framed.set(packet, lengthBytes);
  return framed;
}

/** Cuts a stream of packets with their lengths where packets end: what it hands out holds whole ones only, their lengths included. */
export class PacketSplitter {
  #rest: Buffer | undefined;

  /** All that is whole so far; a view of what was given, unless a packet came in pieces. The rest is kept. */
  take(data: Buffer): Buffer {
    const all = this.#rest === undefined ? data : Buffer.concat([this.#rest, data]);
    let end = 0;
    while (all.length - end >= lengthBytes) {
      const next = end + lengthBytes + all.readUInt16BE(end);
      if (next > all.length) break;
      end = next;
    }
    this.#rest = end === all.length ? undefined : all.subarray(end);
    return all.subarray(0, end);
  }
}

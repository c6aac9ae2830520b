import { destinationOf, hostUnreachable, isIpv4, sourceOf } from './ipv4-packet.ts';
import { lengthBytes, withLength } from './packet-splitter.ts';

/** A way to the pods of one engine. */
export interface PacketPort {
  /** False while nothing can be sent there. */
  readonly up: boolean;
  /** Whether a pod of it has the address. */
  has(address: number): boolean;
  /** Whole packets with their lengths; what cannot be held is dropped, as a router does. */
  send(packets: Buffer): void;
}

/**
 * Hands packets on from engine to engine by the slice of the range that their destination is in. What has no receiver is answered with
 * "host unreachable", so that nothing that is sent waits for an answer in vain.
 */
export class PacketSwitch {
  readonly #base: number;
  readonly #size: number;
  readonly #sliceSize: number;
  readonly #ports = new Map<number, PacketPort>();

  /** @param base The first address of the range. @param size How many there are in it. @param sliceSize How many an engine has of them. */
  constructor(base: number, size: number, sliceSize: number) {
    this.#base = base;
    this.#size = size;
    this.#sliceSize = sliceSize;
  }

  add(slice: number, port: PacketPort): void {
    this.#ports.set(slice, port);
  }

  remove(slice: number): void {
    this.#ports.delete(slice);
  }

  /** Hands on what came from the engine of a slice: whole packets with their lengths. What lies together for one receiver is not copied. */
  deliver(from: number, packets: Buffer): void {
    const sender = this.#ports.get(from);
    let [start, at] = [0, 0];
    let receiver: PacketPort | undefined;
    while (at < packets.length) {
      const end = at + lengthBytes + packets.readUInt16BE(at);
      const next = this.#receiverOf(packets.subarray(at + lengthBytes, end), from, sender);
      if (next !== receiver) {
        if (at > start) receiver?.send(packets.subarray(start, at));
        [start, receiver] = [at, next];
      }
      at = end;
    }
    if (at > start) receiver?.send(packets.subarray(start, at));
  }

  /** Undefined if nobody gets it. */
  #receiverOf(packet: Buffer, from: number, sender: PacketPort | undefined): PacketPort | undefined {
    // A sign of life, another protocol, or an address that is not the sender's own to use.
    if (!isIpv4(packet) || this.#sliceOf(sourceOf(packet)) !== from) return undefined;
    const destination = destinationOf(packet);
    const slice = this.#sliceOf(destination);
    const port = slice === undefined ? undefined : this.#ports.get(slice);
    if (port?.up === true && port.has(destination)) return port;
    const news = hostUnreachable(packet, this.address);
    if (news !== undefined) sender?.send(withLength(news));
    return undefined;
  }

  /** Its own: the second of the first slice, which is no engine's. */
  get address(): number {
    return this.#base + 2;
  }

  #sliceOf(address: number): number | undefined {
    const offset = address - this.#base;
    return offset < 0 || offset >= this.#size ? undefined : Math.floor(offset / this.#sliceSize);
  }
}

/** Follows the frames of one direction of a WebSocket (RFC 6455, section 5.2), so that it is known where another may be put in between. */
export class WebSocketFrames {
  /** The part of a frame's header that has come in. */
  readonly #header = Buffer.alloc(14);
  #headerBytes = 0;
  /** Bytes of the present frame still to come, mask included. */
  #left = 0;

  /** True between two frames. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  /**
   * Looks at bytes that pass. Returns how many were looked at: all, or with `stopAtBoundary` those up to the first end of a frame.
   */
  pass(bytes: Uint8Array, stopAtBoundary: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at);
        this.#left -= step;
        at += step;
      } else {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        this.#left = this.#payload();
      }
      if (stopAtBoundary && this.atBoundary) break;
    }
    return at;
  }

  /** Bytes after the header, once it is complete (a frame of none leaves a boundary behind); 0 before. */
  #payload(): number {
    const header = this.#header;
    if (this.#headerBytes < 2) return 0;
    const short = header[1]! & 127;
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (this.#headerBytes < size) return 0;
    this.#headerBytes = 0;
    const mask = header[1]! & 128 ? 4 : 0;
    if (short === 127) return header.readUInt32BE(2) * 2 ** 32 + header.readUInt32BE(6) + mask;
    return (short === 126 ? header.readUInt16BE(2) : short) + mask;
  }
}

/**
 * A close frame. Those of a client must be masked; a mask of zeros is one (its purpose, to hide bytes from caches of old, does not arise
 * with eight fixed bytes).
 */
export function closeFrame(code: number, fromClient: boolean): Buffer {
  const payload = [code >> 8, code & 255];
  return Buffer.from(fromClient ? [0x88, 0x82, 0, 0, 0, 0, ...payload] : [0x88, 0x02, ...payload]);
}

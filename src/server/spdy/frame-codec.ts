import { ParseError } from '../../errors.ts';

/** The control frames of SPDY/3.1 that carry something here. */
export const frameKind = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 } as const;

export const flagFin = 0x01;
const version = 3;
const headBytes = 8;
/** What this server reads at most in one frame; clients send 32 KiB. */
const dataBytesMax = 4 * 1024 * 1024;
const controlBytesMax = 64 * 1024;

/** A frame as it came; `payload` of a control frame is everything after its head. */
export type Frame =
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly type: 'control'; readonly kind: number; readonly flags: number; readonly payload: Buffer };

/** Takes a stream of bytes apart into frames. Throws `ParseError` for what is no SPDY/3.1. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Frame> {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length >= headBytes) {
      const isControl = (bytes[0]! & 0x80) !== 0;
      const length = bytes.readUIntBE(5, 3);
      if (length > (isControl ? controlBytesMax : dataBytesMax)) throw new ParseError(`SPDY: a frame of ${length} bytes is too large`);
      if (isControl && bytes.readUInt16BE(0) !== (0x8000 | version)) throw new ParseError('SPDY: expected a frame of version 3');
      if (bytes.length < headBytes + length) break;
      const payload = bytes.subarray(headBytes, headBytes + length);
      const flags = bytes[4]!;
      yield isControl
        ? { type: 'control', kind: bytes.readUInt16BE(2), flags, payload }
        : { type: 'data', streamId: bytes.readUInt32BE(0), fin: (flags & flagFin) !== 0, payload };
      bytes = bytes.subarray(headBytes + length);
    }
    this.#pending = Buffer.from(bytes);
  }
}

export function controlFrame(kind: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

/** The head of a data frame; the data follow it. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt8(fin ? flagFin : 0, 4);
  head.writeUIntBE(length, 5, 3);
  return head;
}

/** Numbers of 32 bits, one after the other. */
export function words32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
}

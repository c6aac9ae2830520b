import { ParseError } from '../../errors.ts';

/** One field of a protobuf message: a number for varints and fixed fields, bytes for the rest. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Buffer;
  /** True for a 64-bit fixed field: a double. */
  readonly fixed: boolean;
}

/**
 * Takes a protobuf message apart. Throws `ParseError` for what is none.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  *fields(): Iterable<WireField> {
    while (this.#at < this.#bytes.length) {
      const tag = Number(this.varint());
      const number = Math.floor(tag / 8);
      switch (tag % 8) {
        case 0:
          yield { number, value: this.varint(), fixed: false };
          break;
        case 1:
          yield { number, value: this.#take(8), fixed: true };
          break;
        case 2:
          yield { number, value: this.#take(Number(this.varint())), fixed: false };
          break;
        case 5:
          yield { number, value: this.#take(4), fixed: true };
          break;
        default:
          throw new ParseError(`proto: illegal wireType ${tag % 8}`);
      }
    }
  }

  /** A number of up to 64 bits, signed. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ParseError('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new ParseError('proto: integer overflow');
  }

  #take(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new ParseError('unexpected EOF');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

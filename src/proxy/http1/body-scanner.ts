import type { Framing } from './head-lines.ts';

type State =
  'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer-start' | 'trailer' | 'trailer-lf' | 'end-lf' | 'done';

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
/** Bytes of one size line, and of all trailers. */
const maxLine = 4_096;
const maxTrailers = 16_384;
/** Hexadecimal digits of a chunk size: what a double counts exactly. */
const maxSizeDigits = 13;

/** Finds the end of a body in the bytes that pass, and changes none. */
export class BodyScanner {
  readonly #untilClose: boolean;
  readonly #chunked: boolean;
  #state: State;
  /** Bytes left of the body or chunk. */
  #left = 0;
  #sizeDigits = 0;
  #lineBytes = 0;

  constructor(framing: Framing) {
    this.#untilClose = framing.type === 'until-close';
    this.#chunked = framing.type === 'chunked';
    this.#left = framing.type === 'length' ? framing.bytes : 0;
    this.#state = this.#chunked ? 'size' : this.#untilClose || this.#left > 0 ? 'data' : 'done';
  }

  /** True once the last byte of the body has passed. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** Looks at `bytes` from `from` on. Returns where the body's part of them ends, or -1 if it is malformed. */
  scan(bytes: Uint8Array, from: number): number {
    if (this.#untilClose) return bytes.length;
    if (this.#chunked) return this.#scanChunks(bytes, from);
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    if (this.#left === 0) this.#state = 'done';
    return end;
  }

  #scanChunks(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = 'data-cr';
      } else if (!this.#step(bytes[at++]!)) {
        return -1;
      }
    }
    return at;
  }

  /** Takes one byte of the framing; false if it has no place there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#size(byte);
      case 'extension':
        if (byte === CR) return this.#to('size-lf');
        return ++this.#lineBytes <= maxLine && byte !== LF && byte !== 0;
      case 'size-lf':
        if (byte !== LF) return false;
        this.#sizeDigits = 0;
        this.#lineBytes = 0;
        return this.#to(this.#left === 0 ? 'trailer-start' : 'data');
      case 'data-cr':
        return byte === CR && this.#to('data-lf');
      case 'data-lf':
        return byte === LF && this.#to('size');
      case 'trailer-start':
        return this.#to(byte === CR ? 'end-lf' : 'trailer') && (byte === CR || this.#trailer(byte));
      case 'trailer':
        return byte === CR ? this.#to('trailer-lf') : this.#trailer(byte);
      case 'trailer-lf':
        return byte === LF && this.#to('trailer-start');
      case 'end-lf':
        return byte === LF && this.#to('done');
      case 'data':
      case 'done':
        return false;
    }
  }

  #size(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      return ++this.#sizeDigits <= maxSizeDigits;
    }
    if (this.#sizeDigits === 0) return false;
    if (byte === CR) return this.#to('size-lf');
    return byte === SEMICOLON && this.#to('extension');
  }

  #trailer(byte: number): boolean {
    return ++this.#lineBytes <= maxTrailers && byte !== LF && byte !== 0;
  }

  #to(state: State): true {
    this.#state = state;
    return true;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

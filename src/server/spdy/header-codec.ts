import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { ParseError } from '../../errors.ts';
import { spdyDictionary } from './spdy-dictionary.ts';

/** So large may one block of headers be when it is unpacked: what is small packed may be anything unpacked. */
const blockBytesMax = 64 * 1024;
const headersMax = 100;

/** Packs and unpacks the header blocks of one SPDY connection: one zlib stream in each direction, for as long as it lives. */
export class HeaderCodec {
  readonly #inflate: Inflate;
  readonly #deflate: Deflate;
  #unpacked: Buffer[] = [];
  #unpackedBytes = 0;
  #packed: Buffer[] = [];

  constructor() {
    const dictionary = spdyDictionary();
    this.#inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
    this.#deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#unpackedBytes += chunk.length;
      if (this.#unpackedBytes > blockBytesMax) this.#inflate.destroy(new ParseError('SPDY: a block of headers is too large'));
      else this.#unpacked.push(chunk);
    });
    this.#deflate.on('data', (chunk: Buffer) => this.#packed.push(chunk));
    this.#deflate.on('error', () => undefined);
  }

  /** The headers of a block, names in lower case. Blocks must come in their order. Rejects with `ParseError`. */
  async unpack(block: Buffer): Promise<ReadonlyMap<string, string>> {
    this.#unpacked = [];
    this.#unpackedBytes = 0;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => reject(new ParseError(`SPDY: a block of headers cannot be read: ${cause.message}`, { cause }));
      this.#inflate.once('error', fail);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', fail);
        if (error === null || error === undefined) resolve();
        else fail(error);
      });
    });
    return parse(Buffer.concat(this.#unpacked));
  }

  /** A block that names no header. */
  async packEmpty(): Promise<Buffer> {
    this.#packed = [];
    await new Promise<void>((resolve) => this.#deflate.write(Buffer.alloc(4), () => resolve()));
    return Buffer.concat(this.#packed);
  }

  close(): void {
    this.#inflate.on('error', () => undefined);
    this.#inflate.destroy();
    this.#deflate.destroy();
  }
}

function parse(block: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new ParseError('SPDY: a block of headers ends too early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > block.length) throw new ParseError('SPDY: a block of headers ends too early');
    at += length;
    return block.toString('latin1', at - length, at);
  };
  const count = number();
  if (count > headersMax) throw new ParseError(`SPDY: ${count} headers in a block, of at most ${headersMax}`);
  for (let i = 0; i < count; i++) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}

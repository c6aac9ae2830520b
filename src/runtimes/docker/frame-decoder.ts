import { RuntimeError } from '../../errors.ts';

/** Output of one stream, as much of a frame as had come. */
export interface FramePart {
  readonly stream: 'stdin' | 'stdout' | 'stderr';
  readonly data: Uint8Array;
  /** True if a frame begins with this part. Log drivers put a line (or 16 KiB of one) into each frame. */
  readonly first: boolean;
  /** True if the frame ends with this part. */
  readonly last: boolean;
}

const headerBytes = 8;
const streams = ['stdin', 'stdout', 'stderr'] as const;

/** What comes is not in frames: the container has a terminal, or bytes were lost. */
function notFramed(header: Uint8Array): RuntimeError {
  const found = Buffer.from(header).toString('hex');
  return new RuntimeError('RUNTIME_ENGINE', `expected the header of a frame (0, 1 or 2, then three zeros, then a length), got ${found}`);
}

/**
 * Takes the engine's multiplexed stream apart. Copies nothing but headers that are cut in two, keeps nothing of what it has handed
 * out, and knows no depth: a chunk may hold any number of frames, a frame may come in any number of chunks.
 *
 * Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(headerBytes);
  #headerLength = 0;
  /** Bytes of the present frame that have not come yet. */
  #left = 0;
  #stream: FramePart['stream'] = 'stdout';
  #first = true;

  /** True in the middle of a frame: a stream that ends here was cut. */
  get inFrame(): boolean {
    return this.#left > 0 || this.#headerLength > 0;
  }

  /**
   * Decodes what has come, part by part; the parts are views of the chunk. Whoever stops in the middle loses the rest of the chunk.
   *
   * @throws RuntimeError `RUNTIME_ENGINE` if there are no frames.
   */
  *decode(chunk: Uint8Array): Generator<FramePart, void, undefined> {
    let at = 0;
    const { length } = chunk;
    while (at < length) {
      if (this.#left === 0) {
        if (this.#headerLength === 0 && length - at >= headerBytes) {
          this.#begin(chunk, at);
          at += headerBytes;
        } else {
          const taken = Math.min(headerBytes - this.#headerLength, length - at);
          this.#header.set(chunk.subarray(at, at + taken), this.#headerLength);
          this.#headerLength += taken;
          at += taken;
          if (this.#headerLength < headerBytes) return;
          this.#begin(this.#header, 0);
          this.#headerLength = 0;
        }
        if (this.#left === 0) continue;
      }
      const size = Math.min(this.#left, length - at);
      this.#left -= size;
      const part = { stream: this.#stream, data: chunk.subarray(at, at + size), first: this.#first, last: this.#left === 0 };
      this.#first = false;
      at += size;
      yield part;
    }
  }

  #begin(bytes: Uint8Array, at: number): void {
    const stream = streams[bytes[at]!];
    if (stream === undefined || (bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) !== 0)
      throw notFramed(bytes.subarray(at, at + headerBytes));
    this.#stream = stream;
    this.#left = bytes[at + 4]! * 0x1000000 + ((bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!);
    this.#first = true;
  }
}

/** The frames of a stream, read no faster than they are asked for. */
export async function* framesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<FramePart, void, undefined> {
  const decoder = new FrameDecoder();
  for await (const chunk of source) yield* decoder.decode(chunk);
}

import type { LogChunk } from '../runtime.ts';
import { instantOf } from './container-state.ts';

/** Longer than any timestamp the engine writes before a line. */
const stampBytesMax = 64;
const space = 32;
const newline = 10;

/**
 * Takes the engine's timestamps off output and turns it into chunks. Every frame begins with one; with a terminal there are no frames,
 * and every line begins with one.
 */
export class StampReader {
  #stamp = '';
  #atMs: number;
  #inStamp = true;

  constructor(startMs: number) {
    this.#atMs = startMs;
  }

  /** @param first True if a frame begins here. */
  frame(stream: LogChunk['stream'], data: Uint8Array, first: boolean): LogChunk | undefined {
    if (first) this.#begin();
    const rest = this.#inStamp ? this.#readStamp(data) : data;
    return rest.length === 0 ? undefined : { stream, atMs: this.#atMs, data: rest };
  }

  *lines(data: Uint8Array): Generator<LogChunk> {
    let at = 0;
    while (at < data.length) {
      const end = data.indexOf(newline, at);
      const line = data.subarray(at, end < 0 ? data.length : end + 1);
      at += line.length;
      const rest = this.#inStamp ? this.#readStamp(line) : line;
      if (rest.length > 0) yield { stream: 'stdout', atMs: this.#atMs, data: rest };
      if (end >= 0) this.#begin();
    }
  }

  #begin(): void {
    this.#stamp = '';
    this.#inStamp = true;
  }

  #readStamp(data: Uint8Array): Uint8Array {
    const end = data.indexOf(space);
    const taken = end < 0 ? data.length : end;
    this.#stamp += Buffer.from(data.buffer, data.byteOffset, Math.min(taken, stampBytesMax)).toString('latin1');
    if (end < 0 && this.#stamp.length < stampBytesMax) return data.subarray(data.length);
    this.#inStamp = false;
    this.#atMs = instantOf(this.#stamp) || this.#atMs;
    return data.subarray(taken + 1);
  }
}

import type { LogChunk, LogOptions } from './runtime.ts';

const newline = 10;

/** The end of `chunks` that holds the last `lines` lines; a chunk is cut where a line begins. A last line without an end counts. */
export function lastLines(chunks: readonly LogChunk[], lines: number): readonly LogChunk[] {
  const kept: LogChunk[] = [];
  if (lines <= 0) return kept;
  let seen = 0;
  for (let i = chunks.length - 1; i >= 0; i--) {
    const chunk = chunks[i]!;
    for (let at = chunk.data.length - 1; at >= 0; at--) {
      const isEndOfLog = kept.length === 0 && at === chunk.data.length - 1;
      if (chunk.data[at] !== newline || isEndOfLog) continue;
      seen++;
      if (seen === lines) {
        if (at + 1 < chunk.data.length) kept.push({ ...chunk, data: chunk.data.subarray(at + 1) });
        return kept.reverse();
      }
    }
    kept.push(chunk);
  }
  return kept.reverse();
}

/** Lets output through as `LogOptions` ask: from an instant on, and at most so many bytes. One instance for one reading. */
export class LogWindow {
  readonly #sinceMs: number;
  #left: number;

  constructor(options: LogOptions) {
    this.#sinceMs = options.sinceMs ?? -Infinity;
    this.#left = options.limitBytes ?? Infinity;
  }

  /** True once the limit is reached: nothing more will come through. */
  get full(): boolean {
    return this.#left <= 0;
  }

  pass(chunks: readonly LogChunk[]): readonly LogChunk[] {
    const passed: LogChunk[] = [];
    for (const chunk of chunks) {
      if (this.full) break;
      if (chunk.atMs < this.#sinceMs) continue;
      const data = chunk.data.length > this.#left ? chunk.data.subarray(0, this.#left) : chunk.data;
      this.#left -= data.length;
      passed.push(data === chunk.data ? chunk : { ...chunk, data });
    }
    return passed;
  }
}

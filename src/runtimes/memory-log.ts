import type { Instant } from '../env/clock.ts';
import { lastLines, LogWindow } from './log-window.ts';
import type { LogChunk, LogOptions } from './runtime.ts';

/** The output of a container, kept in memory up to a limit; what came first goes first. */
export class MemoryLog {
  readonly #bytesMax: number;
  readonly #now: () => Instant;
  #chunks: LogChunk[] = [];
  #bytes = 0;
  /** How many chunks were dropped: a reader that has read `n` goes on at `n - dropped`. */
  #dropped = 0;
  #ended = false;
  readonly #readers = new Set<() => void>();

  constructor(bytesMax: number, now: () => Instant) {
    this.#bytesMax = bytesMax;
    this.#now = now;
  }

  /** Appends output; without effect once the log has ended. */
  append(stream: LogChunk['stream'], data: Uint8Array): void {
    if (this.#ended || data.length === 0) return;
    this.#chunks.push({ stream, atMs: this.#now(), data });
    this.#bytes += data.length;
    let drop = 0;
    while (this.#bytes > this.#bytesMax && drop < this.#chunks.length - 1) this.#bytes -= this.#chunks[drop++]!.data.length;
    if (drop > 0) {
      this.#chunks = this.#chunks.slice(drop);
      this.#dropped += drop;
    }
    this.#wake();
  }

  /** Nothing more will come: readers that follow end. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The last `bytes` bytes at most and `lines` lines at most, as text. */
  tail(lines: number, bytes: number): string {
    return Buffer.concat(lastLines(this.#chunks, lines).map((chunk) => chunk.data))
      .subarray(-bytes)
      .toString();
  }

  async *read(options: LogOptions): AsyncGenerator<LogChunk, void, undefined> {
    const window = new LogWindow(options);
    let next = this.#dropped + this.#chunks.length;
    yield* window.pass(options.tailLines === undefined ? [...this.#chunks] : lastLines(this.#chunks, options.tailLines));
    while (options.follow === true && !window.full && options.signal?.aborted !== true) {
      const fresh = this.#chunks.slice(Math.max(0, next - this.#dropped));
      next = this.#dropped + this.#chunks.length;
      if (fresh.length > 0) yield* window.pass(fresh);
      else if (this.#ended) return;
      else await this.#more(options.signal);
    }
  }

  #more(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#readers.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#readers.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const reader of this.#readers) reader();
  }
}

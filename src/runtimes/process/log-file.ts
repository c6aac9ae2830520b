import { createWriteStream, renameSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../env/clock.ts';
import { LogWindow } from '../log-window.ts';
import type { LogChunk, LogOptions } from '../runtime.ts';
import { logLines, parseLogLine } from './log-lines.ts';

/** As the kubelet's containerLogMaxSize. */
export const logBytesMax = 10 * 1024 * 1024;
const blockBytes = 64 * 1024;
/** How often a follower looks at a file that another process writes. */
const pollMs = 200;

/** The log file of one container. Written here, or by a shim; read here in either case. */
export class LogFile {
  readonly path: string;
  readonly #clock: Clock;
  /** True if a shim writes: readers have to look again and again. */
  readonly #foreign: boolean;
  #stream: WriteStream | undefined;
  #bytes = 0;
  #flushed: Promise<void> = Promise.resolve();
  #ended = false;
  readonly #waiting = new Set<() => void>();

  constructor(path: string, clock: Clock, foreign: boolean) {
    this.path = path;
    this.#clock = clock;
    this.#foreign = foreign;
  }

  /** Appends output. Returns a promise if whoever reads the pipe should wait for it before reading on: the disk is slower. */
  append(stream: LogChunk['stream'], data: Buffer): Promise<void> | undefined {
    const time = new Date(this.#clock.now()).toISOString();
    const lines = logLines(time, stream, data);
    const file = (this.#stream ??= this.#openStream());
    this.#bytes += lines.length;
    const written = new Promise<void>((resolve) => file.write(lines, () => resolve()));
    this.#flushed = written.then(() => this.#wake());
    if (this.#bytes > logBytesMax) this.#rotate(file);
    return file.writableNeedDrain ? written : undefined;
  }

  /** A full disk costs the output that did not fit; the next piece tries again. */
  #openStream(): WriteStream {
    const stream = createWriteStream(this.path, { flags: 'a', mode: 0o640 });
    stream.on('error', () => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    return stream;
  }

  /** Nothing more will come: followers end. */
  async end(): Promise<void> {
    await this.#flushed;
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(resolve));
    this.#ended = true;
    this.#wake();
  }

  /** The last lines, at most so many and so many bytes, as text. */
  async tail(lines: number, bytes: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const { data } of this.read({ tailLines: lines })) chunks.push(data);
    return Buffer.concat(chunks).subarray(-bytes).toString();
  }

  async *read(options: LogOptions): AsyncGenerator<LogChunk, void, undefined> {
    await this.#flushed;
    let handle = await open(this.path).catch(() => undefined);
    const window = new LogWindow(options);
    try {
      let at = handle === undefined || options.tailLines === undefined ? 0 : await tailOffset(handle, options.tailLines);
      for (;;) {
        const ended = this.#ended;
        await this.#flushed;
        handle ??= await open(this.path).catch(() => undefined);
        // Looked at before reading: what is read then is all that the file will ever have.
        const replaced = handle !== undefined && (await this.#isReplaced(handle));
        while (handle !== undefined && !window.full && options.signal?.aborted !== true) {
          const block = await readLines(handle, at);
          if (block.bytes === 0) break;
          at += block.bytes;
          yield* window.pass(block.chunks);
        }
        if (window.full || options.signal?.aborted === true) return;
        if (replaced) {
          await handle?.close();
          handle = undefined;
          at = 0;
        } else if (ended || options.follow !== true) return;
        else await this.#more(options.signal);
      }
    } finally {
      await handle?.close();
    }
  }

  /** True if the file was rotated away, and its successor has begun. */
  async #isReplaced(handle: FileHandle): Promise<boolean> {
    const [mine, current] = await Promise.all([handle.stat(), stat(this.path).catch(() => undefined)]);
    return current !== undefined && current.ino !== mine.ino;
  }

  #more(signal: AbortSignal | undefined): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        timer?.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#foreign ? this.#clock.schedule(this.#clock.now() + pollMs, done) : undefined;
      this.#waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }

  /** Starts a new file; the one before stays beside it until the next time. What is still to be written goes there. */
  #rotate(file: WriteStream): void {
    this.#stream = undefined;
    this.#bytes = 0;
    renameSync(this.path, `${this.path}.1`);
    const closed = new Promise<void>((resolve) => file.end(resolve));
    this.#flushed = Promise.all([this.#flushed, closed]).then(() => undefined);
  }
}

/** Whole lines from an offset on, as chunks of output. */
async function readLines(handle: FileHandle, at: number): Promise<{ readonly bytes: number; readonly chunks: readonly LogChunk[] }> {
  for (let size = blockBytes; ; size *= 2) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, at);
    const end = buffer.lastIndexOf(10, bytesRead - 1);
    if (bytesRead === 0 || (end < 0 && bytesRead < size)) return { bytes: 0, chunks: [] };
    if (end < 0) continue;
    const chunks: LogChunk[] = [];
    for (let start = 0; start <= end;) {
      const lineEnd = buffer.indexOf(10, start);
      const line = parseLogLine(buffer.subarray(start, lineEnd));
      if (line !== undefined) {
        const data = line.isFull ? Buffer.concat([line.content, Buffer.from('\n')]) : line.content;
        chunks.push({ stream: line.stream, atMs: Date.parse(line.time), data });
      }
      start = lineEnd + 1;
    }
    return { bytes: end + 1, chunks };
  }
}

/** Where the last `lines` lines of output begin. An output line that was written in pieces has several lines of the file. */
async function tailOffset(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  if (lines <= 0) return size;
  let full = 0;
  let rest: Buffer = Buffer.alloc(0);
  let lineStart = size;
  for (let at = size; at > 0;) {
    const from = Math.max(0, at - blockBytes);
    const { buffer } = await handle.read(Buffer.alloc(at - from), 0, at - from, from);
    rest = Buffer.concat([buffer, rest]);
    for (let end = rest.lastIndexOf(10, rest.length - 2); end >= 0 || from === 0; end = rest.lastIndexOf(10, rest.length - 2)) {
      const line = parseLogLine(rest.subarray(end + 1, rest.length - 1));
      const isLast = lineStart === size;
      if ((line?.isFull === true || isLast) && ++full > lines) return lineStart;
      lineStart -= rest.length - (end + 1);
      rest = rest.subarray(0, end + 1);
      if (end < 0) return 0;
    }
    at = from;
  }
  return 0;
}

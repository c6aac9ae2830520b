import { PassThrough, Writable } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import type { ExecSession } from '../runtime.ts';
import { FrameDecoder } from './frame-decoder.ts';

export interface SessionParts {
  /** The connection to the engine, both ways. */
  readonly connection: Duplex;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** The exit code, asked for once the output has ended. */
  readonly exitCode: () => Promise<number>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Resolves when the command has ended though its output has not; undefined where that cannot be. */
  readonly over: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Ends the process. */
  readonly kill: () => Promise<void>;
}

/** A command or a program that somebody is connected to. */
export class DockerExecSession implements ExecSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  readonly exitCode: Promise<number>;
  readonly #parts: SessionParts;
  #closed = false;
  #ended = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { connection, tty, stdin } = parts;
    const [stdout, stderr] = [new PassThrough(), tty ? undefined : new PassThrough()];
    this.stdout = stdout;
    this.stderr = stderr;
    this.stdin = stdin ? inputOf(connection) : undefined;
    // The output has to be read, or the process stands still; its end says that there is an exit code.
    const pumped = pump(connection, stdout, stderr).catch(() => undefined);
    this.exitCode = pumped.then(() => parts.exitCode());
    const reading = new AbortController();
    void pumped.then(() => reading.abort());
    // What was written before the end has come by the time somebody has looked twice.
    parts.over?.(reading.signal).then(
      () => connection.destroy(),
      () => undefined,
    );
    // What has ended need not be killed.
    this.exitCode.then(
      () => (this.#ended = true),
      () => undefined,
    );
  }

  resize(columns: number, rows: number): void {
    this.#parts.resize(columns, rows).catch(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended) await this.#parts.kill().catch(() => undefined);
    this.#parts.connection.destroy();
    this.stdin?.destroy();
  }
}

/** Hands what comes to the two streams, waiting for whichever is full. */
async function pump(connection: Duplex, stdout: PassThrough, stderr: PassThrough | undefined): Promise<void> {
  const decoder = stderr === undefined ? undefined : new FrameDecoder();
  const write = async (stream: PassThrough, data: Uint8Array): Promise<void> => {
    if (stream.destroyed || stream.write(data)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stream.off('drain', go).off('close', go);
        connection.off('close', go);
        resolve();
      };
      stream.once('drain', go).once('close', go);
      connection.once('close', go);
    });
  };
  try {
    for await (const chunk of connection as AsyncIterable<Uint8Array>) {
      if (decoder === undefined) await write(stdout, chunk);
      else for (const part of decoder.decode(chunk)) await write(part.stream === 'stderr' ? stderr! : stdout, part.data);
    }
  } catch (error) {
    // A connection that was closed from this side has no more to say.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  } finally {
    stdout.end();
    stderr?.end();
  }
}

/** Input that ends without ending the output: only this half of the connection is closed. */
function inputOf(connection: Duplex): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (connection.destroyed || connection.writableEnded) done();
      else connection.write(chunk, () => done());
    },
    final: (done) => {
      if (connection.destroyed) done();
      else connection.end(() => done());
    },
  });
}

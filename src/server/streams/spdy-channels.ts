import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock } from '../../env/clock.ts';
import { BadRequestError } from '../../errors.ts';
import type { SpdyConnection, SpdyStream } from '../spdy/spdy-connection.ts';
import type { ExitStatus } from './exit-status.ts';
import { terminalSize, type RemoteChannels, type RemoteRequest } from './remote-channels.ts';

/** So long the client may take to open the streams it asked for. */
const openingMs = 30_000;
/** So much of a terminal size is read. */
const sizeBytesMax = 1024;

/** Exec and attach over SPDY/3.1 (`v4.channel.k8s.io`): one stream each for error, stdin, stdout, stderr and resize. */
export class SpdyChannels implements RemoteChannels {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly left: Promise<void>;
  readonly #connection: SpdyConnection;
  readonly #error: Duplex;
  readonly #resize: SpdyStream | undefined;

  private constructor(connection: SpdyConnection, streams: ReadonlyMap<string, SpdyStream>) {
    this.#connection = connection;
    this.#error = streams.get('error')!;
    this.#error.resume();
    this.stdin = streams.get('stdin');
    this.stdout = streams.get('stdout');
    this.stderr = streams.get('stderr');
    this.#resize = streams.get('resize');
    for (const output of [this.stdout, this.stderr]) (output as Duplex | undefined)?.resume();
    this.left = connection.ended;
  }

  /** Waits for the streams. Rejects with `BadRequestError` if they do not come. */
  static async open(
    connect: (onStream: (stream: SpdyStream) => void) => SpdyConnection,
    wanted: RemoteRequest,
    clock: Clock,
  ): Promise<SpdyChannels> {
    const expected = [
      'error',
      ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name] && !(name === 'stderr' && wanted.tty)),
    ];
    if (wanted.tty) expected.push('resize');
    const streams = new Map<string, SpdyStream>();
    let complete: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (complete = resolve));
    const connection = connect((stream) => {
      streams.set(stream.headers.get('streamtype') ?? '', stream);
      if (expected.every((name) => streams.has(name))) complete();
    });
    const patience = new AbortController();
    const timeUp = clock.sleep(openingMs, patience.signal).catch(() => undefined);
    await Promise.race([all, timeUp, connection.ended]);
    patience.abort();
    if (expected.every((name) => streams.has(name))) return new SpdyChannels(connection, streams);
    connection.close();
    throw new BadRequestError(`expected the streams ${expected.join(', ')}, got ${[...streams.keys()].join(', ') || 'none'}`);
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    let text = '';
    this.#resize?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(-sizeBytesMax);
      for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
        const size = terminalSize(text.slice(text.indexOf('{'), end + 1));
        text = text.slice(end + 1);
        if (size !== undefined) listener(size.columns, size.rows);
      }
    });
  }

  async finish(status: ExitStatus): Promise<void> {
    const ended = [this.stdout, this.stderr].map((output) => endOf(output));
    await Promise.race([Promise.all(ended), this.left]);
    const text = JSON.stringify(status);
    await Promise.race([new Promise<void>((resolve) => this.#error.end(text, () => resolve())), this.left]);
    this.#connection.close();
  }
}

function endOf(output: Writable | undefined): Promise<void> {
  if (output === undefined || output.destroyed) return Promise.resolve();
  return new Promise((resolve) => output.end(() => resolve()));
}

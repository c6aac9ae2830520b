import { Duplex } from 'node:stream';
import { ParseError } from '../../errors.ts';
import { controlFrame, dataHead, flagFin, FrameReader, frameKind, words32, type Frame } from './frame-codec.ts';
import { HeaderCodec } from './header-codec.ts';

const streamsMax = 1000;
const streamBufferBytes = 256 * 1024;
const frameDataBytesMax = 256 * 1024;
const rstRefused = 3;
const rstCancel = 5;

/** One stream of a SPDY connection: a Duplex, with the headers with which the client opened it. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #send: (frame: readonly Buffer[], done: (error?: Error | null) => void) => void;
  #wanted: (() => void) | undefined;

  constructor(
    id: number,
    headers: ReadonlyMap<string, string>,
    send: (frame: readonly Buffer[], done: (error?: Error | null) => void) => void,
  ) {
    super({ allowHalfOpen: true, highWaterMark: streamBufferBytes });
    this.id = id;
    this.headers = headers;
    this.#send = send;
    this.on('error', () => undefined);
  }

  /** Data from the client; resolves when more of it is welcome. */
  receive(data: Buffer | null): Promise<void> | undefined {
    if (this.destroyed || this.readableEnded || this.push(data) || data === null) return undefined;
    return new Promise((resolve) => (this.#wanted = resolve));
  }

  override _read(): void {
    this.#wanted?.();
    this.#wanted = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const frames: Buffer[] = [];
    for (let at = 0; at < chunk.length; at += frameDataBytesMax) {
      const part = chunk.subarray(at, at + frameDataBytesMax);
      frames.push(dataHead(this.id, part.length, false), part);
    }
    this.#send(frames, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send([dataHead(this.id, 0, true)], done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this._read();
    if (!this.writableFinished) this.#send([controlFrame(frameKind.rstStream, words32(this.id, rstCancel))], () => undefined);
    done(error);
  }
}

/**
 * The server's end of a SPDY/3.1 connection, as far as Kubernetes' clients use it: they open streams, both sides send data, there are
 * pings, and no flow control but that of the connection. What is no SPDY ends the connection.
 * Source: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
 */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #frames = new FrameReader();
  readonly #headers = new HeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  readonly ended: Promise<void>;

  /** `onStream` is told of every stream the client opens. */
  constructor(socket: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
    socket.on('error', () => socket.destroy());
    this.ended = this.#run();
  }

  /** Sends what is still to be sent, and closes. May be repeated. */
  close(): void {
    if (this.#socket.writable) this.#socket.end(controlFrame(frameKind.goAway, words32(0, 0)));
  }

  async #run(): Promise<void> {
    try {
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
        for (const frame of this.#frames.read(chunk)) await this.#take(frame);
      }
    } catch {
      // The client left, or spoke something else: either way it is over.
      this.#socket.destroy();
    } finally {
      this.#headers.close();
      for (const stream of this.#streams.values()) stream.destroy();
      this.#streams.clear();
    }
  }

  async #take(frame: Frame): Promise<void> {
    if (frame.type === 'data') {
      const stream = this.#streams.get(frame.streamId);
      if (frame.payload.length > 0) await stream?.receive(frame.payload);
      if (frame.fin) await stream?.receive(null);
      return;
    }
    const { kind, payload } = frame;
    if (kind === frameKind.synStream) return this.#open(payload, (frame.flags & flagFin) !== 0);
    if (kind === frameKind.ping) this.#send([controlFrame(kind, payload)], () => undefined);
    else if (kind === frameKind.rstStream) this.#streams.get(idOf(payload))?.destroy();
    else if (kind === frameKind.headers) await this.#headers.unpack(payload.subarray(4));
  }

  async #open(payload: Buffer, isFinished: boolean): Promise<void> {
    if (payload.length < 10) throw new ParseError('SPDY: SYN_STREAM is too short');
    const id = idOf(payload);
    const headers = await this.#headers.unpack(payload.subarray(10));
    if (this.#streams.has(id)) throw new ParseError(`SPDY: stream ${id} is open already`);
    if (this.#streams.size >= streamsMax) {
      this.#send([controlFrame(frameKind.rstStream, words32(id, rstRefused))], () => undefined);
      return;
    }
    const stream = new SpdyStream(id, headers, (frames, done) => this.#send(frames, done));
    stream.once('close', () => this.#streams.delete(id));
    this.#streams.set(id, stream);
    this.#send([controlFrame(frameKind.synReply, Buffer.concat([words32(id), await this.#headers.packEmpty()]))], () => undefined);
    if (isFinished) void stream.receive(null);
    this.#onStream(stream);
  }

  #send(frames: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (!this.#socket.writable) return done(new ParseError('SPDY: the connection is closed'));
    const last = frames.length - 1;
    for (const [i, frame] of frames.entries()) this.#socket.write(frame, i === last ? (error) => done(error) : undefined);
  }
}

function idOf(payload: Buffer): number {
  if (payload.length < 4) throw new ParseError('SPDY: a frame is too short');
  return payload.readUInt32BE(0) & 0x7fffffff;
}

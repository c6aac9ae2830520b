import type { Socket } from 'node:net';
import type { Instant } from '../../env/clock.ts';
import type { Backend } from '../backend.ts';
import { limitConnecting, type ConnectSettings } from '../connect-backend.ts';
import { BodyScanner } from './body-scanner.ts';
import { parseResponseHead, type ResponseHead } from './response-head.ts';

/** How far a request had come when its connection to the pod failed. */
export type FailureStage =
  /** No connection: nothing was sent. */
  | 'connect'
  /** Something may have been sent, nothing has come back. */
  | 'unanswered'
  /** The response had begun. */
  | 'midway'
  /** What came back is not HTTP. */
  | 'nonsense';

/** Whoever waits for a response. */
export interface UpstreamSink {
  /** 100, 102, 103: more will come. */
  onInformational(head: ResponseHead): void;
  /** The response has begun; `body` is the part that came with the head, `done` if that was all. */
  onResponse(head: ResponseHead, body: Buffer, done: boolean): void;
  onBody(body: Buffer, done: boolean): void;
  /** 101: the socket is the sink's from now on, and so are the bytes that came after the head. */
  onSwitch(head: ResponseHead, socket: Socket, rest: Buffer): void;
  onFailure(stage: FailureStage): void;
  /** What was written has gone out. */
  onDrain(): void;
}

const maxHeadBytes = 65_536;

/** A connection to a pod that carries one request at a time. Told of everything through its sink; without one it is idle. */
export class UpstreamConnection {
  readonly backend: Backend;
  /** Idle until then at most; Infinity while in use. */
  expiresAt: Instant = Infinity;
  /** True from its second request on: the pod may have closed it in the meantime. */
  reused = false;
  /** After a finished response: whether another request may follow. */
  reusable = false;
  readonly #socket: Socket;
  readonly #onIdleEnd: (connection: UpstreamConnection) => void;
  #connected = false;
  #sink: UpstreamSink | undefined;
  #method = '';
  #pending: Buffer | undefined;
  #head: ResponseHead | undefined;
  #scanner: BodyScanner | undefined;

  /** @param onIdleEnd Called when the pod closes the connection while nothing is asked of it. */
  constructor(socket: Socket, backend: Backend, settings: ConnectSettings, onIdleEnd: (connection: UpstreamConnection) => void) {
    this.#socket = socket;
    this.backend = backend;
    this.#onIdleEnd = onIdleEnd;
    limitConnecting(socket, settings, () => socket.destroy());
    socket.once('connect', () => (this.#connected = true));
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.once('end', this.#onEnd);
    socket.once('close', this.#onClose);
  }

  /** False as long as nothing can have been sent. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Bound to a request until `onResponse` or `onBody` says done, `onSwitch`, `onFailure`, or `destroy`. */
  begin(sink: UpstreamSink, method: string, head: string): boolean {
    this.#sink = sink;
    this.#method = method;
    return this.#socket.write(head, 'latin1');
  }

  /** Bytes of the request's body. False: wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    return this.#socket.write(chunk);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Head and body go out together. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Ends it at once, without a word to the sink. */
  destroy(): void {
    this.#sink = undefined;
    this.#socket.destroy();
  }

  readonly #onDrain = (): void => this.#sink?.onDrain();

  readonly #onData = (chunk: Buffer): void => {
    const sink = this.#sink;
    if (sink === undefined) {
      // Nothing was asked: whatever this is, it belongs to no request.
      this.#idleEnd();
      return;
    }
    if (this.#scanner === undefined) {
      this.#readHead(sink, chunk);
      return;
    }
    const end = this.#scanner.scan(chunk, 0);
    if (end < 0) this.#fail('midway');
    else this.#pass(sink, chunk, 0, end, false);
  };

  #readHead(sink: UpstreamSink, chunk: Buffer): void {
    const bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    let from = 0;
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n', from, 'latin1') + 4;
      if (end < 4) break;
      const head = parseResponseHead(bytes.toString('latin1', from, end), this.#method);
      if (head === undefined) {
        this.#fail('nonsense');
        return;
      }
      from = end;
      if (head.status === 101) {
        this.#detach();
        sink.onSwitch(head, this.#socket, bytes.subarray(from));
        return;
      }
      if (head.status >= 200) {
        this.#head = head;
        this.#scanner = new BodyScanner(head.framing);
        const bodyEnd = this.#scanner.scan(bytes, from);
        if (bodyEnd < 0) this.#fail('nonsense');
        else this.#pass(sink, bytes, from, bodyEnd, true);
        return;
      }
      sink.onInformational(head);
      // The sink may have lost its client meanwhile.
      if (this.#sink === undefined) return;
    }
    if (bytes.length - from > maxHeadBytes) this.#fail('nonsense');
    else if (bytes.length > from) this.#pending = bytes.subarray(from);
  }

  /** Hands on a part of the body, and becomes idle with the last one. */
  #pass(sink: UpstreamSink, bytes: Buffer, from: number, end: number, first: boolean): void {
    const head = this.#head!;
    const done = this.#scanner!.done;
    if (done) {
      this.#reset();
      // More than was announced: the next response could not be told from it.
      this.reusable = head.keepAlive && end === bytes.length;
    }
    const body = from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end);
    if (first) sink.onResponse(head, body, done);
    else sink.onBody(body, done);
  }

  #reset(): void {
    this.#sink = undefined;
    this.#head = undefined;
    this.#scanner = undefined;
    this.#pending = undefined;
  }

  readonly #onEnd = (): void => {
    const sink = this.#sink;
    if (sink !== undefined && this.#head?.framing.type === 'until-close') {
      this.#reset();
      this.reusable = false;
      sink.onBody(Buffer.alloc(0), true);
    } else if (sink === undefined) {
      this.#idleEnd();
    } else {
      this.#fail(this.#head === undefined ? 'unanswered' : 'midway');
    }
  };

  readonly #onClose = (): void => {
    if (this.#sink === undefined) this.#onIdleEnd(this);
    else this.#fail(!this.#connected ? 'connect' : this.#head === undefined ? 'unanswered' : 'midway');
  };

  #fail(stage: FailureStage): void {
    const sink = this.#sink;
    this.destroy();
    sink?.onFailure(stage);
  }

  #idleEnd(): void {
    this.destroy();
    this.#onIdleEnd(this);
  }

  #detach(): void {
    this.#sink = undefined;
    this.#socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd).off('close', this.#onClose);
  }
}

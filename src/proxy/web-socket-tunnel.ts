import type { Socket } from 'node:net';
import type { Clock, Timer } from '../env/clock.ts';
import type { Exchange } from './exchange.ts';
import { closeFrame, WebSocketFrames } from './web-socket-frames.ts';

/** The endpoint is going away (RFC 6455, section 7.4.1): a client is expected to connect again. */
const goingAway = 1001;
/** How long both sides may take to close after they were told to. */
const closingMs = 1_000;

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly frames: WebSocketFrames;
  /** Sent between two frames when the pod goes; undefined once sent. */
  close: Buffer | undefined;
}

/** A WebSocket between a client and a pod, after the handshake: bytes go to and fro until one of them ends it, or the pod has to go. */
export class WebSocketTunnel {
  readonly #clock: Clock;
  readonly #client: Socket;
  readonly #pod: Socket;
  readonly #exchange: Exchange;
  readonly #onEnd: (tunnel: WebSocketTunnel) => void;
  readonly #toPod: Direction;
  readonly #toClient: Direction;
  #leaving = false;
  #ended = false;
  #timer: Timer | undefined;

  /** @param onEnd Called once, when both sockets are done with. */
  constructor(sockets: { client: Socket; pod: Socket }, exchange: Exchange, clock: Clock, onEnd: (tunnel: WebSocketTunnel) => void) {
    this.#clock = clock;
    this.#client = sockets.client;
    this.#pod = sockets.pod;
    this.#exchange = exchange;
    this.#onEnd = onEnd;
    this.#toPod = { from: this.#client, to: this.#pod, frames: new WebSocketFrames(), close: closeFrame(goingAway, true) };
    this.#toClient = { from: this.#pod, to: this.#client, frames: new WebSocketFrames(), close: closeFrame(goingAway, false) };
  }

  /** Begins, with what each side had sent behind its part of the handshake. */
  start(fromClient: Buffer, fromPod: Buffer): void {
    this.#exchange.becomeLongLived(() => this.goAway());
    for (const direction of [this.#toPod, this.#toClient]) {
      direction.from.on('data', (chunk: Buffer) => this.#pass(direction, chunk));
      direction.to.on('drain', () => direction.from.resume());
      direction.from.once('end', () => direction.to.end());
      direction.from.once('close', this.#end);
    }
    if (fromClient.length > 0) this.#pass(this.#toPod, fromClient);
    if (fromPod.length > 0) this.#pass(this.#toClient, fromPod);
    this.#client.resume();
    this.#pod.resume();
    if (this.#client.destroyed || this.#pod.destroyed) this.#end();
  }

  /** Tells both sides that the other is going away (1001), as soon as the frame that is under way has ended; then it ends. */
  goAway(): void {
    if (this.#leaving || this.#ended) return;
    this.#leaving = true;
    // A turn later: a socket that is closed with bytes unread resets its peer, who may lose the close frame by it.
    this.#timer = this.#clock.schedule(this.#clock.now() + closingMs, this.#endSoon);
    for (const direction of [this.#toClient, this.#toPod]) if (direction.frames.atBoundary) this.#closeDirection(direction);
  }

  /** Ends it now, with 1001 where that can be said. */
  close(): void {
    if (this.#ended) return;
    this.goAway();
    // What was written is in the hands of the system by the next turn, unless the peer does not read.
    this.#endSoon();
  }

  #pass(direction: Direction, chunk: Buffer): void {
    if (this.#leaving && direction.close === undefined) return;
    const length = direction.frames.pass(chunk, this.#leaving);
    const room = direction.to.write(length === chunk.length ? chunk : chunk.subarray(0, length));
    if (this.#leaving && direction.frames.atBoundary) this.#closeDirection(direction);
    else if (!room) direction.from.pause();
  }

  #closeDirection(direction: Direction): void {
    const frame = direction.close;
    if (frame === undefined) return;
    direction.close = undefined;
    // A server ends the connection after its close frame, a client waits for the server to do that (RFC 6455, section 7.1.1).
    if (direction.to === this.#client) direction.to.end(frame);
    else direction.to.write(frame);
    direction.from.resume();
  }

  readonly #endSoon = (): void => void this.#clock.turn().then(this.#end);

  readonly #end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#client.destroy();
    this.#pod.destroy();
    this.#exchange.end('ok', 101);
    this.#onEnd(this);
  };
}

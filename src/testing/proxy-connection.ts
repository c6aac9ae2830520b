import { connect, type Socket } from 'node:net';

/** A TCP connection that keeps what it hears. */
export class ProxyConnection {
  readonly socket: Socket;
  heard = '';
  ended = false;
  closed = false;
  readonly #onNews: () => void;

  constructor(port: number, onNews: () => void) {
    this.#onNews = onNews;
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.socket.on('data', (data: Buffer) => this.#note(() => (this.heard += data.toString('latin1'))));
    this.socket.once('end', () => this.#note(() => (this.ended = true)));
    this.socket.on('error', () => undefined);
    this.socket.once('close', () => this.#note(() => (this.closed = true)));
  }

  #note(change: () => void): void {
    change();
    this.#onNews();
  }
}

import { createSocket } from 'node:dgram';

/** A UDP client that keeps what it hears. */
export class ProxyDatagrams {
  readonly heard: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #port: number;

  constructor(port: number, onNews: () => void) {
    this.#port = port;
    this.#socket.on('message', (data) => {
      this.heard.push(data.toString());
      onNews();
    });
    this.#socket.on('error', () => undefined);
  }

  send(text: string): void {
    this.#socket.send(text, this.#port, '127.0.0.1');
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

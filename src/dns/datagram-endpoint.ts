import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Answerer } from './stream-endpoint.ts';

/** DNS over UDP. */
export class DatagramEndpoint {
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket, answer: Answerer) {
    this.#socket = socket;
    // An answer that could not be sent is a lost datagram: the client asks again.
    socket.on('error', () => undefined);
    socket.on('message', (message, from) => {
      void answer(message).then((reply) => {
        if (reply !== undefined && this.#open) socket.send(reply, from.port, from.address);
      });
    });
  }

  /** @throws The machine's error (`EADDRINUSE`, ...). */
  static async open(address: string, port: number, answer: Answerer): Promise<DatagramEndpoint> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    return new DatagramEndpoint(socket, answer);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    this.#open = false;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

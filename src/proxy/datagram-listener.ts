import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../env/clock.ts';
import type { BoundSocket } from './service-binding.ts';
import type { ServiceRoute } from './service-route.ts';
import { UdpRelay } from './udp-relay.ts';

/** Takes in the datagrams of one Service port at one address, and owns their flows. */
export class DatagramListener implements BoundSocket {
  readonly #socket: Socket;
  readonly #relay: UdpRelay;
  readonly #closed: Promise<void>;
  #open = true;
  readonly localPort: number;

  private constructor(socket: Socket, relay: UdpRelay) {
    this.#socket = socket;
    this.#relay = relay;
    this.localPort = socket.address().port;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** @throws The machine's error (`EADDRINUSE`, ...). */
  static async open(address: string, port: number, route: ServiceRoute, clock: Clock, idleMs: number): Promise<DatagramListener> {
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
    // An answer that could not be delivered is a lost datagram, as any other.
    socket.on('error', () => undefined);
    return new DatagramListener(socket, new UdpRelay(socket, route, clock, idleMs));
  }

  get finished(): boolean {
    return !this.#open;
  }

  /** Datagrams have no end to wait for. */
  drain(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#relay.close();
    this.#socket.close();
  }

  close(): Promise<void> {
    this.drain();
    return this.#closed;
  }
}

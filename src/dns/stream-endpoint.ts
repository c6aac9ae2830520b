import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../env/clock.ts';

/** Answers a message, or undefined to say nothing. Never rejects. */
export type Answerer = (message: Buffer) => Promise<Buffer | undefined>;

/** How long a connection may be silent (RFC 7766 asks for a few seconds at least). */
const idleMs = 10_000;
/** Questions of one connection that may be under way at a time. */
const maxPending = 64;

/** DNS over TCP: messages with their length before them, several on one connection, answered as they become ready. */
export class StreamEndpoint {
  /** Connections at a time. */
  static readonly maxConnections = 256;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #answer: Answerer;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, clock: Clock, answer: Answerer) {
    this.#server = server;
    this.#clock = clock;
    this.#answer = answer;
    server.maxConnections = StreamEndpoint.maxConnections;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** @throws The machine's error (`EADDRINUSE`, ...). */
  static async open(address: string, port: number, clock: Clock, answer: Answerer): Promise<StreamEndpoint> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => undefined);
    return new StreamEndpoint(server, clock, answer);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    let heard: Buffer = Buffer.alloc(0);
    let pending = 0;
    let timer: Timer | undefined;
    const wait = (): void => {
      timer?.cancel();
      timer = this.#clock.schedule(this.#clock.now() + idleMs, () => socket.destroy());
    };
    const answer = async (message: Buffer): Promise<void> => {
      pending++;
      const reply = await this.#answer(message);
      pending--;
      if (reply !== undefined && socket.writable) socket.write(framed(reply));
      if (pending < maxPending && socket.isPaused()) socket.resume();
    };
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      timer?.cancel();
      this.#sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      wait();
      heard = heard.length === 0 ? chunk : Buffer.concat([heard, chunk]);
      while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        const end = 2 + heard.readUInt16BE(0);
        void answer(heard.subarray(2, end));
        heard = heard.subarray(end);
      }
      if (pending >= maxPending) socket.pause();
    });
    wait();
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

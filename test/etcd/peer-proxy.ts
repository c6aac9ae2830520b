import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Which member opened a connection between members: etcd says it in the first request. */
const fromHeader = /x-server-from: ([0-9a-f]+)/i;

/** Stands before the peer port of one member, so that a test can cut some others off from it. */
export class PeerProxy {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, string>();
  #refused: (from: string) => boolean = () => false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(target: () => number): Promise<PeerProxy> {
    const server = createServer();
    const proxy = new PeerProxy(server);
    server.on('connection', (socket) => proxy.#join(socket, target()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nobody of whom `refused` is true gets through. */
  cut(refused: (from: string) => boolean): void {
    this.#refused = refused;
    for (const [socket, from] of this.#sockets) if (refused(from)) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(socket: Socket, target: number): void {
    this.#sockets.set(socket, '');
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.once('data', (first) => {
      const from = fromHeader.exec(first.toString('latin1'))?.[1] ?? '';
      this.#sockets.set(socket, from);
      if (this.#refused(from)) {
        socket.destroy();
        return;
      }
      const peer = connect(target, '127.0.0.1');
      peer.on('error', () => socket.destroy());
      peer.on('close', () => socket.destroy());
      socket.on('close', () => peer.destroy());
      peer.write(first);
      socket.pipe(peer);
      peer.pipe(socket);
    });
  }
}

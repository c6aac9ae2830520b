import type { Server, Socket } from 'node:net';

/** The servers of one container with their connections: they end together. */
export class OwnedServers {
  readonly #servers = new Set<Server>();
  readonly #sockets = new Set<Socket>();
  #closed = false;

  /** Listens, and owns the server from then on. */
  listen(server: Server, host: string, port: number): Promise<void> {
    server.on('connection', (socket) => {
      if (this.#closed) socket.destroy();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        if (this.#closed) server.close();
        else this.#servers.add(server);
        resolve();
      });
    });
  }

  close(): void {
    this.#closed = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#servers.clear();
  }
}

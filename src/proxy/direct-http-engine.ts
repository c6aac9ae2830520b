import type { Socket } from 'node:net';
import type { Backend } from './backend.ts';
import { Deadlines } from './deadlines.ts';
import { ClientConnection, type ClientEnv } from './http1/client-connection.ts';
import { UpstreamPool } from './http1/upstream-pool.ts';
import type { ClientSession, HttpEngine, HttpEngineSettings } from './http-engine.ts';
import type { ServiceRoute } from './service-route.ts';
import { WebSocketTunnel } from './web-socket-tunnel.ts';

/**
 * The engine of our own: reads the heads of HTTP/1.1 messages, finds where bodies end, and passes bytes on as they are. It makes no
 * request and response objects, which is where the time of the others goes.
 */
export class DirectHttpEngine implements HttpEngine {
  readonly name = 'direct';
  readonly #env: ClientEnv;
  readonly #pool: UpstreamPool;
  readonly #deadlines: Deadlines<ClientConnection>;

  constructor(settings: HttpEngineSettings) {
    this.#pool = new UpstreamPool(settings);
    this.#deadlines = new Deadlines(
      settings.clock,
      (connection) => connection.deadline,
      (connection) => connection.onDue(),
    );
    this.#env = {
      settings,
      pool: this.#pool,
      deadlines: this.#deadlines,
      tunnel: (client, pod, exchange) => new WebSocketTunnel({ client, pod }, exchange, settings.clock, () => undefined),
    };
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  serve(client: Socket, route: ServiceRoute): ClientSession {
    return new ClientConnection(this.#env, client, route);
  }

  release(backend: Backend): void {
    this.#pool.release(backend);
  }

  close(): void {
    this.#pool.close();
    this.#deadlines.clear();
  }
}

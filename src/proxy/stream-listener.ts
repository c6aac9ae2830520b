import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AddressRanges } from './address-ranges.ts';
import { AutoRelay } from './auto-relay.ts';
import type { ConnectSettings } from './connect-backend.ts';
import type { ClientSession, HttpEngine } from './http-engine.ts';
import type { BoundSocket } from './service-binding.ts';
import type { ServiceRoute } from './service-route.ts';
import { relayTcp } from './tcp-relay.ts';

/** What carries the connections a listener accepts. */
export interface StreamCarriers {
  readonly engine: HttpEngine;
  readonly connect: ConnectSettings;
}

/** Accepts connections for one Service port at one address, and owns them until they are closed. */
export class StreamListener implements BoundSocket {
  /** Connections accepted at a time; more are closed at once. */
  static readonly maxConnections = 16_384;
  readonly #server: Server;
  /** Every connection, with its session where requests are balanced one by one. */
  readonly #clients = new Map<Socket, ClientSession | undefined>();
  readonly #closed: Promise<void>;
  readonly #onFinished: () => void;
  #listening = true;

  private constructor(server: Server, onFinished: () => void) {
    this.#server = server;
    this.#onFinished = onFinished;
    this.#closed = new Promise((resolve) => server.once('close', () => resolve()));
  }

  /**
   * @param onFinished Called when, after `drain`, the last connection has ended.
   * @throws The machine's error (`EADDRINUSE`, ...), or `ConfigurationError` for a bad source range.
   */
  static async open(
    where: { readonly address: string; readonly port: number; readonly sourceRanges: readonly string[] | undefined },
    route: ServiceRoute,
    carriers: StreamCarriers,
    onFinished: () => void,
  ): Promise<StreamListener> {
    const sources = where.sourceRanges === undefined ? undefined : new AddressRanges(where.sourceRanges);
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    server.maxConnections = StreamListener.maxConnections;
    const listener = new StreamListener(server, onFinished);
    server.on('connection', (client) => listener.#accept(client, route, carriers, sources));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: where.address, port: where.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // What a listening socket may report later (too many open files) concerns one connection, not the listener.
    server.on('error', () => undefined);
    return listener;
  }

  get localPort(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get finished(): boolean {
    return !this.#listening && this.#clients.size === 0;
  }

  drain(): void {
    this.#stop();
    for (const session of this.#clients.values()) session?.drain();
    this.#finish();
  }

  async close(): Promise<void> {
    this.#stop();
    for (const [client, session] of this.#clients) {
      if (session === undefined) client.destroy();
      else session.close();
    }
    await this.#closed;
  }

  #accept(client: Socket, route: ServiceRoute, carriers: StreamCarriers, sources: AddressRanges | undefined): void {
    // A socket without a listener would throw; what went wrong is told by its `close`.
    client.on('error', () => undefined);
    if (sources !== undefined && !sources.includes(client.remoteAddress ?? '')) {
      client.resetAndDestroy();
      return;
    }
    this.#clients.set(client, undefined);
    client.once('close', () => {
      this.#clients.delete(client);
      this.#finish();
    });
    const serveHttp = (): void => void this.#clients.set(client, carriers.engine.serve(client, route));
    if (route.mode === 'http') {
      route.traffic.recorder.connections++;
      serveHttp();
    } else if (route.mode === 'auto') {
      new AutoRelay(client, route, carriers.connect, serveHttp).start();
    } else {
      relayTcp(client, route, carriers.connect);
    }
  }

  #stop(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#server.close();
  }

  #finish(): void {
    if (this.finished) this.#onFinished();
  }
}

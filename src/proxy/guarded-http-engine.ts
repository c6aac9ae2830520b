import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Instant } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange } from './exchange.ts';
import { GuardedRequest, type GuardedEnv } from './guarded/guarded-request.ts';
import { takeOver, upgrade, watchHandshake, type Handshake } from './guarded/guarded-upgrade.ts';
import { openHttpProxy, type HttpProxy } from './guarded/http-proxy-door.ts';
import { PodAgent, type IdleSocket } from './guarded/pod-agent.ts';
import type { ClientSession, HttpEngine, HttpEngineSettings } from './http-engine.ts';
import { proxyResponse } from './http1/proxy-response.ts';
import type { ServiceRoute } from './service-route.ts';
import { WebSocketTunnel } from './web-socket-tunnel.ts';

interface Session extends ClientSession {
  readonly socket: Socket;
  readonly route: ServiceRoute;
  /** Requests being answered. */
  active: number;
  draining: boolean;
  deadline: Instant;
  tunnel: WebSocketTunnel | undefined;
}

/** The engine over http-proxy 1.18, with its faults guarded (see `openHttpProxy`). Node's own server reads the requests. */
export class GuardedHttpEngine implements HttpEngine {
  readonly name = 'http-proxy';
  readonly #settings: HttpEngineSettings;
  /** Never listens: it is handed connections. Its own time-outs are off, ours go by the cluster's clock. */
  readonly #server: Server;
  readonly #sessions = new Map<Socket, Session>();
  readonly #agents = new Map<Backend, PodAgent>();
  readonly #requests = new WeakMap<IncomingMessage, GuardedRequest>();
  readonly #handshakes = new WeakMap<IncomingMessage, Handshake>();
  readonly #opening = new Map<Socket, Handshake>();
  readonly #idleSockets: Deadlines<IdleSocket>;
  readonly #idleSessions: Deadlines<Session>;
  #env: GuardedEnv | undefined;

  constructor(settings: HttpEngineSettings) {
    this.#settings = settings;
    this.#idleSockets = new Deadlines(
      settings.clock,
      ({ expiresAt }) => expiresAt,
      ({ socket }) => socket.destroy(),
    );
    this.#idleSessions = new Deadlines(
      settings.clock,
      ({ deadline }) => deadline,
      ({ socket }) => socket.destroy(),
    );
    this.#server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0, maxHeaderSize: 65_536, noDelay: true });
    this.#server.timeout = 0;
    this.#server.on('request', (req, res) => this.#onRequest(req, res));
    this.#server.on('upgrade', (req, socket, head) => this.#onUpgrade(req, socket as Socket, head));
  }

  open(): Promise<void> {
    const proxy = openHttpProxy();
    const { clock, connectTimeoutMs } = this.#settings;
    this.#env = { clock, connectTimeoutMs, proxy, agentOf: (backend) => this.#agentOf(backend) };
    proxy.on('proxyReq', (proxyReq, req: IncomingMessage) => this.#requests.get(req)?.onSocket(proxyReq));
    proxy.on('proxyRes', (proxyRes: IncomingMessage, req: IncomingMessage) => {
      this.#requests.get(req)?.onResponse(proxyRes, this.#sessions.get(req.socket)?.draining ?? false);
    });
    proxy.on('proxyReqWs', (proxyReq, req: IncomingMessage) => {
      const handshake = this.#handshakes.get(req);
      if (handshake !== undefined) watchHandshake(proxyReq, handshake, this.#opening);
    });
    proxy.on('open', (pod) => takeOver(pod, this.#opening));
    return Promise.resolve();
  }

  serve(client: Socket, route: ServiceRoute): ClientSession {
    const session: Session = {
      socket: client,
      route,
      active: 0,
      draining: false,
      deadline: this.#settings.clock.now() + this.#settings.clientIdleMs,
      tunnel: undefined,
      drain: () => {
        session.draining = true;
        if (session.active === 0 && session.tunnel === undefined) client.destroySoon();
      },
      close: () => (session.tunnel === undefined ? void client.destroy() : session.tunnel.close()),
    };
    this.#sessions.set(client, session);
    this.#idleSessions.add(session);
    client.once('close', () => {
      this.#sessions.delete(client);
      this.#idleSessions.delete(session);
    });
    this.#server.emit('connection', client);
    client.resume();
    return session;
  }

  release(backend: Backend): void {
    this.#agents.get(backend)?.release();
    if (!backend.selectable) this.#agents.delete(backend);
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
    this.#idleSockets.clear();
    this.#idleSessions.clear();
    this.#server.close();
  }

  #agentOf(backend: Backend): PodAgent {
    let agent = this.#agents.get(backend);
    if (agent === undefined) {
      agent = new PodAgent(backend, this.#idleSockets, () => this.#settings.clock.now(), this.#settings.upstreamIdleMs);
      this.#agents.set(backend, agent);
    }
    return agent;
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const session = this.#sessions.get(req.socket);
    if (session === undefined || this.#env === undefined) {
      res.destroy();
      return;
    }
    session.active++;
    session.deadline = Infinity;
    res.once('close', () => this.#answered(session));
    const request = new GuardedRequest(this.#env, req, res, new Exchange(session.route, req.socket.remoteAddress ?? '', 'request'));
    this.#requests.set(req, request);
    request.dispatch();
  }

  #answered(session: Session): void {
    if (--session.active > 0) return;
    session.deadline = this.#settings.clock.now() + this.#settings.clientIdleMs;
    if (session.socket.destroyed) return;
    this.#idleSessions.add(session);
    if (session.draining) session.socket.destroySoon();
  }

  #onUpgrade(req: IncomingMessage, client: Socket, head: Buffer): void {
    const session = this.#sessions.get(client);
    const proxy: HttpProxy | undefined = this.#env?.proxy;
    if (session === undefined || proxy === undefined) {
      client.destroy();
      return;
    }
    const { headers } = req;
    const webSocket = req.method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
    if (!webSocket || headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
      client.end(proxyResponse(501, 'this engine upgrades to WebSocket only', true));
      return;
    }
    session.deadline = Infinity;
    const exchange = new Exchange(session.route, client.remoteAddress ?? '', 'request');
    const opened = (pod: Socket): WebSocketTunnel =>
      (session.tunnel = new WebSocketTunnel({ client, pod }, exchange, this.#settings.clock, () => undefined));
    const handshake: Handshake = { client, exchange, opened, tunnel: undefined };
    this.#handshakes.set(req, handshake);
    upgrade(proxy, this.#settings, { req, head }, handshake);
  }
}

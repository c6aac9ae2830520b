import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Backend } from '../backend.ts';
import { limitConnecting, type ConnectSettings } from '../connect-backend.ts';
import type { Exchange } from '../exchange.ts';
import { diedUnanswered, noEndpoint, noneReachable } from '../http1/proxy-response.ts';
import type { HttpProxy } from './http-proxy-door.ts';
import type { PodAgent } from './pod-agent.ts';
import { ReplayableBody } from './replayable-body.ts';

export interface GuardedEnv extends ConnectSettings {
  readonly proxy: HttpProxy;
  readonly agentOf: (backend: Backend) => PodAgent;
}

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** About this connection only: not for the pod. */
const hopByHop = ['keep-alive', 'proxy-connection', 'te', 'upgrade', 'expect'];

/** One request of a client through http-proxy, over as many pods as it takes. */
export class GuardedRequest {
  readonly #env: GuardedEnv;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #exchange: Exchange;
  readonly #body: ReplayableBody | undefined;
  #attempt: { readonly backend: Backend; readonly proxyReq: ClientRequest; connected: boolean } | undefined;
  #repeated = false;
  #answering = false;
  #unhold: (() => void) | undefined;

  constructor(env: GuardedEnv, req: IncomingMessage, res: ServerResponse, exchange: Exchange) {
    this.#env = env;
    this.#req = req;
    this.#res = res;
    this.#exchange = exchange;
    // `Expect: 100-continue` was answered by the server; with it, http-proxy would not announce the request and the guards not see it.
    for (const name of hopByHop) delete req.headers[name];
    const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
    this.#body = hasBody ? new ReplayableBody(req) : undefined;
    res.once('close', () => this.#onClose());
  }

  /** Sends it to the next backend. */
  dispatch(): void {
    for (;;) {
      const backend = this.#exchange.next();
      if (backend === undefined) break;
      if (this.#send(backend)) return;
    }
    const { route, tried } = this.#exchange;
    this.#unhold = this.#exchange.hold((available) => {
      this.#unhold = undefined;
      if (available) this.dispatch();
      else this.#refuse(503, noEndpoint(String(route)));
    });
    if (this.#unhold !== undefined) return;
    if (tried) this.#refuse(502, noneReachable(String(route)));
    else this.#refuse(503, noEndpoint(String(route)));
  }

  /** http-proxy has made the request to the pod and has a socket for it. */
  onSocket(proxyReq: ClientRequest): void {
    const backend = this.#exchange.backend;
    const { socket } = proxyReq;
    if (backend === undefined || socket === null) return;
    const attempt = { backend, proxyReq, connected: !socket.connecting };
    this.#attempt = attempt;
    if (attempt.connected) return;
    backend.pod.recorder.connections++;
    limitConnecting(socket, this.#env, () => void proxyReq.destroy(new Error('connect timed out')));
    socket.once('connect', () => {
      attempt.connected = true;
      this.#body?.letGo();
    });
  }

  /** The pod answers. */
  onResponse(proxyRes: IncomingMessage, draining: boolean): void {
    this.#answering = true;
    const keepAlive = proxyRes.headers['keep-alive'];
    if (this.#attempt !== undefined) this.#env.agentOf(this.#attempt.backend).hint(proxyRes.socket, String(keepAlive ?? ''));
    delete proxyRes.headers['keep-alive'];
    delete proxyRes.headers.connection;
    if (draining) proxyRes.headers.connection = 'close';
  }

  #send(backend: Backend): boolean {
    const target = backend.address();
    if (target === undefined) return false;
    this.#attempt = undefined;
    const options = { target, agent: this.#env.agentOf(backend), headers: { connection: 'keep-alive' }, buffer: this.#body?.stream() };
    this.#env.proxy.web(this.#req, this.#res, options, () => this.#onFailure());
    return true;
  }

  #onFailure(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (this.#exchange.ended || this.#answering || this.#res.destroyed) return;
    if (attempt === undefined || !attempt.connected) {
      this.dispatch();
      return;
    }
    const again = idempotentMethods.has(this.#req.method ?? '') && (this.#body?.replayable ?? true);
    if (again && attempt.proxyReq.reusedSocket) {
      // Closed under the request. The others that were kept may be as old: the next is a new one.
      this.#env.agentOf(attempt.backend).release();
      if (!this.#send(attempt.backend)) this.dispatch();
    } else if (again && !this.#repeated) {
      this.#repeated = true;
      this.dispatch();
    } else {
      this.#refuse(502, diedUnanswered(String(this.#exchange.route)));
    }
  }

  #onClose(): void {
    this.#unhold?.();
    const { writableFinished, statusCode } = this.#res;
    if (writableFinished) this.#exchange.end('ok', statusCode);
    else this.#exchange.end(this.#req.socket.destroyed && !this.#answering ? 'abandoned' : 'failed');
  }

  #refuse(status: number, message: string): void {
    const text = `coxswain proxy: ${message}\n`;
    this.#exchange.end('failed');
    this.#res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Coxswain-Proxy': status });
    this.#res.end(text);
  }
}

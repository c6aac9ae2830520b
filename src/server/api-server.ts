import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Identity } from '../api/client.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { Registry } from '../api/registry.ts';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { ApiError, ConfigurationError } from '../errors.ts';
import type { Authenticator } from './token-authenticator.ts';
import { Discovery } from './discovery.ts';
import { Exchange } from './exchange.ts';
import { ObjectJson } from './object-json.ts';
import { parsePath, type RequestPath } from './request-path.ts';
import { handleResource, type ResourceEnv } from './resource-handler.ts';
import { failure } from './status.ts';
import { versionInfo } from './version-info.ts';

/** What the server is given by the cluster. */
export interface ApiServerParts {
  readonly registry: Registry;
  readonly kinds: KindIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticators: readonly Authenticator[];
  readonly authorize: (
    identity: Identity,
    request: { readonly verb: string; readonly path: RequestPath },
  ) => true | string | Promise<true | string>;
  readonly subresources: ResourceEnv['subresources'];
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, identity: Identity, path: RequestPath) => Promise<boolean>;
  readonly parseYaml: (text: string) => unknown;
  readonly openapi: (path: string) => object | undefined;
  readonly metrics: () => string;
  readonly tls: { readonly key: string; readonly cert: string; readonly ca?: string } | undefined;
}

const headerBytesMax = 64 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const connectionsMax = 4096;
const urlLengthMax = 16 * 1024;

/** Answers the Kubernetes REST API over one registry. */
export class ApiServer {
  readonly #parts: ApiServerParts;
  readonly #server: Server;
  readonly #json: ObjectJson;
  readonly #discovery: Discovery;
  readonly #closing = new AbortController();
  readonly #sockets = new Set<Socket>();

  constructor(parts: ApiServerParts) {
    this.#parts = parts;
    this.#json = new ObjectJson(parts.kinds);
    this.#discovery = new Discovery(parts.kinds);
    const options = {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 60_000,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server =
      parts.tls === undefined
        ? createServer(options, onRequest)
        : createTlsServer({ ...options, ...parts.tls, requestCert: true, rejectUnauthorized: false }, onRequest);
    this.#server.maxConnections = connectionsMax;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    });
  }

  /** Starts to listen; returns the address. Rejects with `ConfigurationError` if the port cannot be had. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new ConfigurationError(`the API cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
      );
      this.#server.listen(port, host, () => resolve({ host, port: (this.#server.address() as AddressInfo).port }));
    });
  }

  /** Ends watches and streams, and closes every connection. May be repeated. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#parts.clock.turn();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let exchange: Exchange | undefined;
    try {
      const identity = await this.#identify(request);
      exchange = new Exchange(request, response, identity ?? anonymous);
      if ((request.url ?? '').length > urlLengthMax)
        throw new ApiError(414, 'RequestURITooLong', 'the request URI is too long', undefined, { retryable: false });
      await this.#route(exchange, identity);
    } catch (error) {
      if (exchange === undefined) {
        if (!response.headersSent) response.writeHead(400, { connection: 'close' });
        response.end();
        return;
      }
      const status = exchange.fail(error);
      if (status.code >= 500)
        this.#parts.logger.error(
          { path: exchange.url.pathname, error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
          'a request failed',
        );
    } finally {
      // What was not read must not be taken for the next request on the connection.
      if (!request.complete && !response.destroyed) request.resume();
    }
  }

  async #identify(request: IncomingMessage): Promise<Identity | undefined> {
    if (this.#parts.authenticators.length === 0)
      return { name: 'system:admin', groups: ['system:masters', 'system:authenticated'], role: 'user' };
    for (const authenticator of this.#parts.authenticators) {
      const identity = await authenticator.authenticate(request);
      if (identity !== undefined) return identity;
    }
    return undefined;
  }

  async #route(exchange: Exchange, identity: Identity | undefined): Promise<void> {
    const { pathname } = exchange.url;
    if (isProbe(pathname)) return exchange.text(200, 'text/plain; charset=utf-8', 'ok');
    if (identity === undefined) return exchange.status(failure(401, 'Unauthorized', 'Unauthorized'));
    const path = parsePath(pathname);
    const allowed = await this.#parts.authorize(identity, { verb: verbOf(exchange, path), path });
    if (allowed !== true) return exchange.status(failure(403, 'Forbidden', allowed, {}));
    if (path.type === 'resource') {
      return handleResource(this.#resourceEnv(), exchange, path);
    }
    if (path.type === 'discovery') return this.#discover(exchange, path);
    this.#answerOther(exchange, pathname);
  }

  #resourceEnv(): ResourceEnv {
    const { registry, clock, kinds, subresources, parseYaml } = this.#parts;
    return { registry, clock, kinds, subresources, parseYaml, json: this.#json, closing: this.#closing.signal };
  }

  #discover(exchange: Exchange, path: Extract<RequestPath, { type: 'discovery' }>): void {
    const { root, group, version } = path;
    const accept = exchange.request.headers.accept ?? '';
    const aggregated = /as=APIGroupDiscoveryList/.test(accept) ? (/v=(v2(?:beta1)?)/.exec(accept)?.[1] ?? 'v2') : undefined;
    let found: object | undefined;
    if (version !== undefined && group !== undefined) found = this.#discovery.resources(group, version);
    else if (aggregated !== undefined && group === undefined) {
      const text = JSON.stringify(this.#discovery.aggregated(root, aggregated));
      return exchange.text(200, `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`, text);
    } else if (root === 'api') found = this.#discovery.versions(exchange.request.headers.host ?? '');
    else found = group === undefined ? this.#discovery.groups() : this.#discovery.group(group);
    if (found === undefined) return exchange.text(404, 'text/plain; charset=utf-8', '404 page not found\n');
    exchange.object(200, found);
  }

  #answerOther(exchange: Exchange, pathname: string): void {
    if (pathname === '/version' || pathname === '/version/') return exchange.object(200, versionInfo());
    if (pathname === '/metrics') return exchange.text(200, 'text/plain; version=0.0.4; charset=utf-8', this.#parts.metrics());
    const document = pathname.startsWith('/openapi/') ? this.#parts.openapi(pathname) : undefined;
    if (document !== undefined) return exchange.object(200, document);
    if (pathname === '/')
      return exchange.object(200, {
        paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'],
      });
    exchange.text(404, 'text/plain; charset=utf-8', '404 page not found\n');
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const refuse = (code: number, text: string): void => {
      socket.end(`HTTP/1.1 ${code} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    try {
      const identity = await this.#identify(request);
      if (identity === undefined) return refuse(401, 'Unauthorized');
      const path = parsePath(new URL(request.url ?? '/', 'http://localhost').pathname);
      const allowed = await this.#parts.authorize(identity, { verb: 'create', path });
      if (allowed !== true) return refuse(403, 'Forbidden');
      if (!(await this.#parts.upgrade(request, socket, head, identity, path))) refuse(404, 'Not Found');
    } catch (error) {
      this.#parts.logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'an upgrade failed');
      refuse(400, 'Bad Request');
    }
  }
}

const anonymous: Identity = { name: 'system:anonymous', groups: ['system:unauthenticated'], role: 'user' };

const isProbe = (path: string): boolean => /^\/(healthz|livez|readyz)(\/[a-z-]+)?$/.test(path);

/** The verb as authorization knows it. */
function verbOf(exchange: Exchange, path: RequestPath): string {
  const method = exchange.request.method ?? 'GET';
  if (path.type !== 'resource') return method.toLowerCase();
  const collection = path.name === undefined;
  if (method === 'GET' || method === 'HEAD') return exchange.flag('watch') ? 'watch' : collection ? 'list' : 'get';
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'DELETE') return collection ? 'deletecollection' : 'delete';
  return method.toLowerCase();
}

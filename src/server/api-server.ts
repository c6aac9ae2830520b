import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Identity, WriteOptions } from '../api/client.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { Registry } from '../api/registry.ts';
import type { SchemaTable } from '../api/schema.ts';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { ApiError, ConfigurationError, NotFoundError } from '../errors.ts';
import type { AccessControl } from './auth/access-control.ts';
import { attributesOf } from './auth/request-attributes.ts';
import { ConnectionGuard, refuseOn, serverOptions, type ServerLimits } from './connection-guard.ts';
import { Discovery } from './discovery.ts';
import { Exchange } from './exchange.ts';
import { answerHealth } from './health.ts';
import { ObjectJson } from './object-json.ts';
import type { OpenApi } from './openapi/open-api.ts';
import { answerOpenApi } from './openapi/open-api-handler.ts';
import { ProtobufReader } from './protobuf/protobuf-reader.ts';
import { RequestMetrics } from './request-metrics.ts';
import { parsePath, type RequestPath } from './request-path.ts';
import { handleResource, type ResourceEnv } from './resource-handler.ts';
import { answerMetrics, metricsGroup, metricsKinds, type ResourceMetricsEnv } from './resource-metrics.ts';
import { requestTarget } from './request-target.ts';
import { failure, statusOf, type Status } from './status.ts';
import { versionInfo } from './version-info.ts';

/** What the server is given by the cluster. */
export interface ApiServerParts {
  readonly registry: Registry;
  readonly kinds: KindIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly access: AccessControl;
  /** The last step of admission for what is written over HTTP. */
  readonly admit: NonNullable<WriteOptions['admit']>;
  readonly subresources: ResourceEnv['subresources'];
  readonly reviews: ResourceEnv['reviews'];
  /** Takes over a connection for a stream (exec, port-forward, ...); false if there is none at this path. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, path: RequestPath) => Promise<boolean>;
  readonly parseYaml: (text: string) => unknown;
  readonly openApi: OpenApi;
  readonly schema: SchemaTable;
  readonly view: ResourceMetricsEnv['view'];
  readonly usage: ResourceMetricsEnv['usage'];
  /** `ca`: the authorities whose client certificates are believed. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: readonly string[] } | undefined;
  readonly limits: ServerLimits;
}

const urlLengthMax = 16 * 1024;

/** Answers the Kubernetes REST API over one registry. */
export class ApiServer {
  readonly #parts: ApiServerParts;
  readonly #server: Server;
  readonly #json: ObjectJson;
  readonly #discovery: Discovery;
  readonly #protobuf: ProtobufReader;
  readonly #closing = new AbortController();
  readonly #guard: ConnectionGuard;
  readonly #metrics: RequestMetrics;

  constructor(parts: ApiServerParts) {
    this.#parts = parts;
    this.#metrics = new RequestMetrics(parts);
    // Every watch listens for the end of the server.
    setMaxListeners(0, this.#closing.signal);
    this.#json = new ObjectJson(parts.kinds);
    this.#protobuf = new ProtobufReader(parts.schema);
    this.#discovery = new Discovery({ all: () => [...parts.kinds.all(), ...metricsKinds] });
    const options = serverOptions(parts.limits);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server =
      parts.tls === undefined
        ? createServer(options, onRequest)
        : createTlsServer({ ...options, ...parts.tls, ca: [...parts.tls.ca], requestCert: true, rejectUnauthorized: false }, onRequest);
    this.#guard = new ConnectionGuard(this.#server, parts.limits);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
  }

  /** Starts to listen; returns the address. Rejects with `ConfigurationError` if the port cannot be had. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      return Promise.reject(
        new ConfigurationError(`the API cannot listen on ${host}:${port}: expected a port from 0 (any that is free) to 65535`),
      );
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
    this.#guard.destroyAll();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let exchange = new Exchange(request, response, anonymous);
    try {
      if ((request.url ?? '').length > urlLengthMax)
        throw new ApiError(414, 'RequestURITooLong', 'the request URI is too long', undefined, { retryable: false });
      const identity = await this.#parts.access.identify(request);
      if (identity !== undefined)
        exchange = new Exchange(request, response, identity, { protobuf: this.#protobuf, admit: this.#parts.admit });
      await this.#route(exchange, identity);
    } catch (error) {
      // Who sends more than is read is not read to the end either.
      if (statusOf(error).code === 413) response.shouldKeepAlive = false;
      const status = this.#refuse(exchange, error);
      // A refusal in Kubernetes' words is an answer, whatever its number.
      if (status.code >= 500 && !(error instanceof ApiError))
        this.#parts.logger.error(
          { path: exchange.url.pathname, error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
          'a request failed',
        );
    } finally {
      // What was not read must not be taken for the next request on the connection.
      if (!request.complete && !response.destroyed && response.shouldKeepAlive) request.resume();
    }
  }

  /** Whatever a request was, its answer must not be what ends this process. */
  #refuse(exchange: Exchange, error: unknown): Status {
    try {
      return exchange.fail(error);
    } catch (failed) {
      this.#parts.logger.error({ error: failed instanceof Error ? failed.message : String(failed) }, 'an answer could not be sent');
      exchange.response.destroy();
      return statusOf(error);
    }
  }

  async #route(exchange: Exchange, identity: Identity | undefined): Promise<void> {
    const { pathname } = exchange.url;
    if (isProbe(pathname))
      return answerHealth(exchange, { ping: () => undefined, log: () => undefined, etcd: () => this.#parts.registry.head() });
    if (identity === undefined) return exchange.status(failure(401, 'Unauthorized', 'Unauthorized'));
    const path = parsePath(pathname);
    const wanted = attributesOf(identity, exchange.request.method ?? 'GET', exchange.url, path);
    this.#metrics.observe(exchange.response, path, wanted.verb);
    await this.#parts.access.require(wanted);
    if (path.type === 'resource') {
      if (path.group === metricsGroup) return answerMetrics(this.#parts, exchange, path);
      return handleResource(this.#resourceEnv(), exchange, path);
    }
    if (path.type === 'discovery') return this.#discover(exchange, path);
    this.#answerOther(exchange, pathname);
  }

  #resourceEnv(): ResourceEnv {
    const { registry, clock, kinds, subresources, reviews, parseYaml } = this.#parts;
    return { registry, clock, kinds, subresources, reviews, parseYaml, json: this.#json, closing: this.#closing.signal };
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
    if (found === undefined && root === 'apis' && this.#discovery.group(group ?? '') === undefined)
      return exchange.text(404, 'text/plain; charset=utf-8', '404 page not found\n');
    if (found === undefined) throw new NotFoundError('the server could not find the requested resource', {});
    exchange.object(200, found);
  }

  #answerOther(exchange: Exchange, pathname: string): void {
    if (pathname === '/version' || pathname === '/version/') return exchange.object(200, versionInfo());
    if (pathname === '/metrics') return exchange.text(200, 'text/plain; version=0.0.4; charset=utf-8', this.#metrics.text());
    if (pathname.startsWith('/openapi/') && answerOpenApi(exchange, this.#parts.openApi)) return;
    const ownPaths = ['/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'];
    exchange.object(pathname === '/' ? 200 : 404, { paths: [...this.#discovery.paths(), ...ownPaths] });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const identity = await this.#parts.access.identify(request);
      if (identity === undefined) return refuseOn(socket, failure(401, 'Unauthorized', 'Unauthorized'));
      const target = requestTarget(request.url);
      const path = parsePath(target.pathname);
      await this.#parts.access.require(attributesOf(identity, request.method ?? 'GET', target, path));
      if (await this.#parts.upgrade(request, socket, head, path)) return;
      refuseOn(socket, failure(400, 'BadRequest', 'there is nothing to upgrade to at this path'));
    } catch (error) {
      const status = statusOf(error);
      if (status.code >= 500)
        this.#parts.logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'an upgrade failed');
      refuseOn(socket, status);
    }
  }
}

const anonymous: Identity = { name: 'system:anonymous', groups: ['system:unauthenticated'], role: 'user' };

const isProbe = (path: string): boolean => /^\/(healthz|livez|readyz)(\/[a-z-]+)?$/.test(path);

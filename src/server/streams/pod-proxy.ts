import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { KindDescriptor } from '../../api/kind.ts';
import type { PodStreams } from '../../api/streams.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { notFound } from '../../api/status-errors.ts';
import { nodeKind } from '../../kinds/node.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestPath } from '../request-path.ts';
import { requestTarget } from '../request-target.ts';
import { podTarget, serviceTarget, unavailable, type ProxyTarget } from './proxy-target.ts';
import { join } from './port-forward.ts';

type ResourcePath = Extract<RequestPath, { type: 'resource' }>;

/** What is meant for this server, or for one connection, is not passed on: least of all who the client is to us. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...[
    'authorization',
    'connection',
    'keep-alive',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
  ...['host', 'expect'],
]);
const proxied = /^\/api\/v1\/(?:namespaces\/[^/]+\/)?(?:pods|services|nodes)\/[^/]+\/proxy(\/.*)?$/;

/** Requests through `pods/proxy` and `services/proxy`: they reach the Pod's port, in its own network. */
export class PodProxy {
  readonly #streams: PodStreams;
  readonly #view: ViewReader;
  #turn = 0;

  constructor({ streams, view }: { readonly streams: PodStreams; readonly view: ViewReader }) {
    this.#streams = streams;
    this.#view = view;
  }

  /** Answers if the subresource is `proxy`; false for every other one. */
  async handle(exchange: Exchange, kind: KindDescriptor, path: ResourcePath): Promise<boolean> {
    if (path.subresource !== 'proxy' || kind.group !== '' || path.name === undefined) return false;
    const rest = proxied.exec(exchange.url.pathname)?.[1];
    if (rest === undefined) {
      exchange.response.setHeader('location', `${exchange.url.pathname}/${exchange.url.search}`);
      exchange.text(301, 'text/plain; charset=utf-8', '');
      return true;
    }
    if (kind.kind === 'Node') this.#answerForNode(exchange, path.name, rest);
    else {
      const target = this.#target(kind.plural, path);
      if (target === undefined) return false;
      await this.#pass(exchange, target, rest + exchange.url.search);
    }
    return true;
  }

  /** Takes over a connection that wants to speak something else with a Pod (WebSocket, say); false if the path is no proxy. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: RequestPath): Promise<boolean> {
    if (path.type !== 'resource' || path.subresource !== 'proxy' || path.group !== '') return false;
    const target = this.#target(path.resource, path);
    if (target === undefined) return false;
    const { pathname, search } = requestTarget(request.url);
    const connection = await this.#connect(target);
    const headers = passedOn(request.headers);
    const lines = Object.entries({ ...headers, host: hostOf(target), connection: 'Upgrade', upgrade: request.headers.upgrade ?? '' });
    const text = lines.flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each ?? ''}`)).join('\r\n');
    connection.write(`${request.method ?? 'GET'} ${proxied.exec(pathname)?.[1] ?? '/'}${search} HTTP/1.1\r\n${text}\r\n\r\n`);
    if (head.length > 0) connection.write(head);
    join(socket, connection, () => undefined);
    return true;
  }

  #target(plural: string, { namespace = '', name = '' }: ResourcePath): ProxyTarget | undefined {
    if (plural === 'pods') return podTarget(this.#view, namespace, name);
    return plural === 'services' ? serviceTarget(this.#view, namespace, name, this.#turn++) : undefined;
  }

  async #connect({ namespace, pod, port }: ProxyTarget): Promise<Duplex> {
    return this.#streams.portForward({ namespace, name: pod }, port).catch((error: unknown) => {
      throw unavailable(`error trying to reach service: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  async #pass(exchange: Exchange, target: ProxyTarget, path: string): Promise<void> {
    const { request, response } = exchange;
    const connection = await this.#connect(target);
    const upstream = httpRequest({
      method: request.method,
      path,
      headers: { ...passedOn(request.headers), host: hostOf(target), connection: 'close' },
      createConnection: () => connection,
    });
    response.once('close', () => upstream.destroy());
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once('response', resolve);
      upstream.on('error', (error) => reject(unavailable(`error trying to reach service: ${error.message}`)));
    });
    void pipeline(request, upstream).catch(() => undefined);
    const answer = await answered;
    const headers = Object.entries(answer.headers).filter(([name]) => !ownHeaders.has(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
    await pipeline(answer, response).catch(() => response.destroy());
  }

  /** Of a kubelet's own API, what can be answered from the cluster's picture: its health and its Pods. */
  #answerForNode(exchange: Exchange, text: string, rest: string): void {
    const name = text.split(':')[0] ?? '';
    if (this.#view.get(nodeKind, undefined, name) === undefined) throw notFound(nodeKind, name);
    if (rest === '/healthz') return exchange.text(200, 'text/plain; charset=utf-8', 'ok');
    if (rest === '/pods' || rest === '/pods/')
      return exchange.object(200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#view.podsOnNode(name) });
    exchange.text(404, 'text/plain; charset=utf-8', '404 page not found\n');
  }
}

const hostOf = ({ pod, port }: ProxyTarget): string => `${pod}:${port}`;

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name]) => !ownHeaders.has(name) && !name.startsWith('impersonate-'));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

import type { Socket } from 'node:net';
import type { Instant } from '../../env/clock.ts';
import type { Deadlines } from '../deadlines.ts';
import { Exchange, type Outcome } from '../exchange.ts';
import type { ClientSession, HttpEngineSettings } from '../http-engine.ts';
import type { ServiceRoute } from '../service-route.ts';
import type { WebSocketTunnel } from '../web-socket-tunnel.ts';
import { diedUnanswered, noEndpoint, noneReachable, proxyResponse, spokeNonsense } from './proxy-response.ts';
import { RequestBody } from './request-body.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import type { FailureStage, UpstreamConnection, UpstreamSink } from './upstream-connection.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** What all connections of one engine share. */
export interface ClientEnv {
  readonly settings: HttpEngineSettings;
  readonly pool: UpstreamPool;
  readonly deadlines: Deadlines<ClientConnection>;
  readonly tunnel: (client: Socket, pod: Socket, exchange: Exchange) => WebSocketTunnel;
}

const maxHeadBytes = 65_536;
/** Bytes of further requests taken in while one is being answered. */
const maxPipelined = 65_536;
/** How long a client may go on sending after an answer that ended the connection. */
const lingerMs = 5_000;
/** A response up to this size goes out in one write together with its head. */
const smallBody = 8_192;
const nothing = Buffer.alloc(0);

/**
 * `idle`: no request has begun. `head`: one has. `busy`: one is being answered. `closing`: the last answer is out, what still comes is
 * thrown away. `gone`: no longer ours.
 */
type State = 'idle' | 'head' | 'busy' | 'closing' | 'gone';

/** One connection of a client: reads requests, finds each a pod, passes answers back. */
export class ClientConnection implements ClientSession, UpstreamSink {
  readonly #env: ClientEnv;
  readonly #socket: Socket;
  readonly #route: ServiceRoute;
  readonly #client: string;
  #state: State = 'idle';
  #deadline: Instant;
  #input: Buffer | undefined;
  #draining = false;
  #request: RequestHead | undefined;
  #body: RequestBody | undefined;
  #exchange: Exchange | undefined;
  #upstream: UpstreamConnection | undefined;
  #response: ResponseHead | undefined;
  /** True once a request without an answer was sent a second time. */
  #repeated = false;
  #unhold: (() => void) | undefined;
  #tunnel: WebSocketTunnel | undefined;

  constructor(env: ClientEnv, socket: Socket, route: ServiceRoute) {
    this.#env = env;
    this.#socket = socket;
    this.#route = route;
    this.#client = socket.remoteAddress ?? '';
    this.#deadline = env.settings.clock.now() + env.settings.clientIdleMs;
    env.deadlines.add(this);
    socket.on('data', this.#onData).on('drain', this.#onClientDrain).once('end', this.#onEnd).once('close', this.#onClose);
    socket.resume();
  }

  get deadline(): Instant {
    return this.#deadline;
  }

  /** The deadline has passed. */
  onDue(): void {
    this.#socket.destroy();
  }

  drain(): void {
    this.#draining = true;
    if (this.#state === 'idle') this.#finish(true);
  }

  close(): void {
    if (this.#tunnel !== undefined) this.#tunnel.close();
    else this.#socket.destroy();
  }

  // From the client.

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === 'busy') {
      if (this.#body!.complete) this.#pipelined(chunk);
      else this.#takeBody(chunk);
    } else if (this.#state !== 'closing') {
      this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
      this.#readHead();
    }
  };

  readonly #onClientDrain = (): void => this.#upstream?.resume();

  /** The client has closed its side. It is not waited for: a client that aborts looks the same as one that is done with sending. */
  readonly #onEnd = (): void => {
    if (this.#state !== 'closing') this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#state = 'gone';
    this.#env.deadlines.delete(this);
    this.#unhold?.();
    this.#letGoOfUpstream();
    this.#endExchange('abandoned');
  };

  #pipelined(chunk: Buffer): void {
    this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
    if (this.#input.length > maxPipelined) this.#socket.pause();
  }

  #readHead(): void {
    let input = this.#input!;
    // An empty line before a request is to be overlooked (RFC 9112, section 2.2).
    while (input.length >= 2 && input[0] === 13 && input[1] === 10) input = input.subarray(2);
    const end = input.indexOf('\r\n\r\n', 0, 'latin1') + 4;
    if (end < 4) {
      this.#input = input.length === 0 ? undefined : input;
      if (input.length > maxHeadBytes) this.#refuse(431, `the head of a request is longer than ${maxHeadBytes} bytes`);
      else if (input.length > 0 && this.#state === 'idle') this.#setState('head', this.#env.settings.headTimeoutMs);
      return;
    }
    this.#input = undefined;
    const head = parseRequestHead(input.toString('latin1', 0, end));
    if ('reason' in head) this.#refuse(head.status, head.reason);
    else this.#begin(head, end === input.length ? nothing : input.subarray(end));
  }

  #begin(head: RequestHead, rest: Buffer): void {
    this.#state = 'busy';
    this.#deadline = Infinity;
    this.#request = head;
    this.#body = new RequestBody(head.framing);
    this.#response = undefined;
    this.#repeated = false;
    this.#exchange = new Exchange(this.#route, this.#client, 'request');
    if (rest.length > 0) {
      const end = this.#body.take(rest);
      if (end < 0) {
        this.#refuse(400, 'a malformed body');
        return;
      }
      if (end < rest.length) this.#pipelined(end === 0 ? rest : rest.subarray(end));
    }
    this.#dispatch();
  }

  #takeBody(chunk: Buffer): void {
    const body = this.#body!;
    const end = body.take(chunk);
    if (end < 0) {
      this.#letGoOfUpstream();
      if (this.#response === undefined) this.#refuse(400, 'a malformed body');
      else this.#cut();
      return;
    }
    const upstream = this.#upstream;
    if (upstream === undefined) {
      if (body.full) this.#socket.pause();
    } else if (end > 0) {
      if (!upstream.write(end === chunk.length ? chunk : chunk.subarray(0, end))) this.#socket.pause();
      else if (upstream.connected) body.letGo();
    }
    if (end < chunk.length) this.#pipelined(chunk.subarray(end));
  }

  // To a pod.

  /** Sends the request to the next backend, from its first byte. */
  #dispatch(): void {
    const exchange = this.#exchange!;
    for (;;) {
      const backend = exchange.next();
      if (backend === undefined) break;
      const upstream = this.#env.pool.take(backend) ?? this.#env.pool.open(backend);
      if (upstream !== undefined) {
        this.#send(upstream);
        return;
      }
    }
    const tried = exchange.tried;
    this.#unhold = exchange.hold((available) => {
      this.#unhold = undefined;
      if (available) this.#dispatch();
      else this.#refuse(503, noEndpoint(String(this.#route)));
    });
    if (this.#unhold !== undefined) return;
    if (tried) this.#refuse(502, noneReachable(String(this.#route)));
    else this.#refuse(503, noEndpoint(String(this.#route)));
  }

  #send(upstream: UpstreamConnection): void {
    const { method, forwarded } = this.#request!;
    const kept = this.#body!.kept ?? [];
    this.#upstream = upstream;
    if (kept.length === 0) {
      upstream.begin(this, method, forwarded);
      return;
    }
    upstream.cork();
    let room = upstream.begin(this, method, forwarded);
    for (const chunk of kept) room = upstream.write(chunk);
    upstream.uncork();
    if (room) this.#socket.resume();
    else this.#socket.pause();
  }

  onDrain(): void {
    this.#body?.letGo();
    if ((this.#input?.length ?? 0) <= maxPipelined) this.#socket.resume();
  }

  onFailure(stage: FailureStage): void {
    const upstream = this.#upstream!;
    const request = this.#request!;
    this.#letGoOfUpstream();
    if (stage === 'midway' && this.#response !== undefined) {
      this.#cut();
    } else if (stage === 'connect') {
      this.#dispatch();
    } else if (stage === 'unanswered' && request.idempotent && this.#body!.kept !== undefined && (upstream.reused || !this.#repeated)) {
      this.#repeat(upstream);
    } else {
      this.#refuse(502, (stage === 'nonsense' ? spokeNonsense : diedUnanswered)(String(this.#route)));
    }
  }

  /** A kept connection had been closed under the request: the same pod gets it again. A new one died: another pod gets it, once. */
  #repeat(failed: UpstreamConnection): void {
    const fresh = failed.reused ? this.#env.pool.open(failed.backend) : undefined;
    if (fresh !== undefined) {
      this.#send(fresh);
      return;
    }
    this.#repeated = true;
    this.#dispatch();
  }

  // To the client.

  onInformational(head: ResponseHead): void {
    if (!this.#request!.http10) this.#socket.write(`${head.kept}\r\n`, 'latin1');
  }

  onResponse(head: ResponseHead, body: Buffer, done: boolean): void {
    this.#response = head;
    const text = this.#mustClose() ? `${head.kept}Connection: close\r\n\r\n` : `${head.kept}\r\n`;
    let room: boolean;
    if (body.length === 0) {
      room = this.#socket.write(text, 'latin1');
    } else if (body.length <= smallBody) {
      room = this.#socket.write(text + body.toString('latin1'), 'latin1');
    } else {
      this.#socket.cork();
      this.#socket.write(text, 'latin1');
      room = this.#socket.write(body);
      this.#socket.uncork();
    }
    if (done) this.#answered();
    else if (!room) this.#upstream?.pause();
  }

  onBody(body: Buffer, done: boolean): void {
    const room = body.length === 0 || this.#socket.write(body);
    if (done) this.#answered();
    else if (!room) this.#upstream?.pause();
  }

  onSwitch(head: ResponseHead, socket: Socket, rest: Buffer): void {
    this.#env.pool.forget(this.#upstream!);
    this.#upstream = undefined;
    if (!this.#request!.webSocket) {
      socket.destroy();
      this.#refuse(502, spokeNonsense(String(this.#route)));
      return;
    }
    this.#state = 'gone';
    this.#env.deadlines.delete(this);
    this.#socket.off('data', this.#onData).off('drain', this.#onClientDrain).off('end', this.#onEnd).off('close', this.#onClose);
    this.#socket.write(`${head.kept}\r\n`, 'latin1');
    this.#tunnel = this.#env.tunnel(this.#socket, socket, this.#exchange!);
    this.#tunnel.start(this.#input ?? nothing, rest);
    this.#input = undefined;
  }

  #mustClose(): boolean {
    return this.#draining || !this.#request!.keepAlive || this.#response!.framing.type === 'until-close';
  }

  /** The response is out. */
  #answered(): void {
    const upstream = this.#upstream!;
    const response = this.#response!;
    const close = this.#mustClose() || !this.#body!.complete;
    this.#upstream = undefined;
    if (this.#body!.complete) this.#env.pool.giveBack(upstream, response.keepAliveSeconds);
    else this.#env.pool.discard(upstream);
    this.#endExchange('ok', response.status);
    this.#finish(close);
  }

  /** An answer of our own, after which the connection ends if the request was not read to its end. */
  #refuse(status: number, message: string): void {
    const ends = this.#request === undefined || !this.#request.keepAlive || !(this.#body?.complete ?? false) || this.#draining;
    this.#endExchange(status >= 500 ? 'failed' : 'abandoned');
    const response = proxyResponse(status, message, ends);
    // A HEAD is answered without a body, whoever answers.
    this.#socket.write(this.#request?.method === 'HEAD' ? response.slice(0, response.indexOf('\r\n\r\n') + 4) : response);
    this.#finish(ends);
  }

  /** Half an answer is out: the client must not take it for a whole one. */
  #cut(): void {
    this.#endExchange('failed');
    this.#socket.resetAndDestroy();
  }

  #endExchange(outcome: Outcome, status?: number): void {
    this.#exchange?.end(outcome, status);
    this.#exchange = undefined;
  }

  #letGoOfUpstream(): void {
    if (this.#upstream !== undefined) this.#env.pool.discard(this.#upstream);
    this.#upstream = undefined;
  }

  #finish(close: boolean): void {
    this.#request = undefined;
    this.#body = undefined;
    if (close) {
      // The client may still be sending: reset now, it would lose the answer.
      this.#input = undefined;
      this.#setState('closing', lingerMs);
      this.#socket.end();
      this.#socket.resume();
      return;
    }
    this.#setState('idle', this.#env.settings.clientIdleMs);
    if (this.#socket.isPaused()) this.#socket.resume();
    // Later, so that a thousand requests in one packet are not a thousand calls deep.
    if (this.#input !== undefined) process.nextTick(this.#readNext);
  }

  readonly #readNext = (): void => {
    if (this.#state === 'idle' && this.#input !== undefined) this.#readHead();
  };

  #setState(state: State, timeoutMs: number): void {
    this.#state = state;
    this.#deadline = this.#env.settings.clock.now() + timeoutMs;
    this.#env.deadlines.add(this);
  }
}

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock, Instant } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange } from './exchange.ts';
import type { ServiceRoute } from './service-route.ts';

interface Flow {
  readonly id: string;
  readonly exchange: Exchange;
  readonly backend: Backend;
  readonly socket: Socket;
  /** Datagrams that came before the socket was connected; undefined afterwards. */
  waiting: Buffer[] | undefined;
  deadline: Instant;
}

/**
 * Carries the datagrams of one bound socket. Those of one client address and port are one flow: they go to one backend, through a socket
 * of their own, so that answers find their way back. A flow ends when it was idle for `idleMs`, or at once when its backend refuses or is
 * chosen no more (the next datagram begins another, as when kube-proxy clears stale entries). Datagrams without a backend are dropped.
 */
export class UdpRelay {
  /** Flows kept at most: beyond, new clients are dropped. */
  static readonly maxFlows = 10_000;
  /** Datagrams kept while a flow's socket connects. */
  static readonly maxWaiting = 64;
  readonly #listener: Socket;
  readonly #route: ServiceRoute;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #flows = new Map<string, Flow>();
  readonly #deadlines: Deadlines<Flow>;

  constructor(listener: Socket, route: ServiceRoute, clock: Clock, idleMs: number) {
    this.#listener = listener;
    this.#route = route;
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#deadlines = new Deadlines(
      clock,
      (flow) => flow.deadline,
      (flow) => this.#end(flow, 'ok'),
    );
    listener.on('message', (data, from) => this.#fromClient(data, from));
  }

  get flows(): number {
    return this.#flows.size;
  }

  /** Ends all flows. */
  close(): void {
    for (const flow of this.#flows.values()) this.#end(flow, 'ok');
    this.#deadlines.clear();
  }

  #fromClient(data: Buffer, from: RemoteInfo): void {
    const id = `${from.address}|${from.port}`;
    let flow = this.#flows.get(id);
    if (flow !== undefined && !flow.backend.selectable) {
      this.#end(flow, 'ok');
      flow = undefined;
    }
    flow ??= this.#begin(id, from);
    if (flow === undefined) return;
    flow.deadline = this.#clock.now() + this.#idleMs;
    if (flow.waiting === undefined) flow.socket.send(data);
    else if (flow.waiting.length < UdpRelay.maxWaiting) flow.waiting.push(data);
  }

  #begin(id: string, from: RemoteInfo): Flow | undefined {
    if (this.#flows.size >= UdpRelay.maxFlows) return undefined;
    const exchange = new Exchange(this.#route, from.address, 'flow');
    const backend = exchange.next();
    const address = backend?.address();
    if (backend === undefined || address === undefined) {
      exchange.end('failed');
      return undefined;
    }
    const socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4');
    const flow: Flow = { id, exchange, backend, socket, waiting: [], deadline: this.#clock.now() + this.#idleMs };
    this.#flows.set(id, flow);
    this.#deadlines.add(flow);
    socket.on('error', () => this.#end(flow, 'failed'));
    socket.on('message', (answer) => {
      flow.deadline = this.#clock.now() + this.#idleMs;
      this.#listener.send(answer, from.port, from.address);
    });
    socket.connect(address.port, address.host, (error?: Error) => {
      if (this.#flows.get(id) !== flow) return;
      if (error !== undefined) this.#end(flow, 'failed');
      for (const data of flow.waiting ?? []) socket.send(data);
      flow.waiting = undefined;
    });
    return flow;
  }

  #end(flow: Flow, outcome: 'ok' | 'failed'): void {
    if (this.#flows.get(flow.id) !== flow) return;
    this.#flows.delete(flow.id);
    this.#deadlines.delete(flow);
    flow.socket.close();
    flow.exchange.end(outcome);
  }
}

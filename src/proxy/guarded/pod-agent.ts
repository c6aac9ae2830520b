import { Agent, type ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Instant } from '../../env/clock.ts';
import type { Backend } from '../backend.ts';
import type { Deadlines } from '../deadlines.ts';

/** An idle connection to a pod. */
export interface IdleSocket {
  readonly socket: Duplex;
  readonly expiresAt: Instant;
}

/** How much sooner than the pod the proxy lets go of an idle connection. */
const headStartMs = 1_000;

/** The kept connections to one backend. Node's agent does the work; how long a connection may idle is decided by the cluster's clock. */
export class PodAgent extends Agent {
  readonly #backend: Backend;
  readonly #deadlines: Deadlines<IdleSocket>;
  readonly #idle = new Map<Duplex, IdleSocket>();
  readonly #keptMs = new WeakMap<Duplex, number>();
  readonly #watched = new WeakSet<Duplex>();
  readonly #now: () => Instant;
  readonly #idleMs: number;

  constructor(backend: Backend, deadlines: Deadlines<IdleSocket>, now: () => Instant, idleMs: number) {
    super({ keepAlive: true, maxFreeSockets: 128, noDelay: true });
    this.#backend = backend;
    this.#deadlines = deadlines;
    this.#now = now;
    this.#idleMs = idleMs;
  }

  /** What the pod's last response said about how long it keeps the connection. */
  hint(socket: Duplex, keepAlive: string): void {
    const seconds = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,6})/i.exec(keepAlive)?.[1];
    if (seconds !== undefined) this.#keptMs.set(socket, Number(seconds) * 1_000 - headStartMs);
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const keptMs = Math.min(this.#idleMs, this.#keptMs.get(socket) ?? Infinity);
    if (!this.#backend.selectable || keptMs <= 0) return false;
    const idle = { socket, expiresAt: this.#now() + keptMs };
    this.#idle.set(socket, idle);
    this.#deadlines.add(idle);
    if (!this.#watched.has(socket)) socket.once('close', () => this.#inUse(socket));
    this.#watched.add(socket);
    return true;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#inUse(socket);
    super.reuseSocket(socket, request);
  }

  /** Ends the idle connections. */
  release(): void {
    for (const socket of this.#idle.keys()) socket.destroy();
  }

  #inUse(socket: Duplex): void {
    const idle = this.#idle.get(socket);
    if (idle === undefined) return;
    this.#idle.delete(socket);
    this.#deadlines.delete(idle);
  }
}

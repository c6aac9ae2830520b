import type { Clock } from '../../env/clock.ts';
import type { Backend } from '../backend.ts';
import { openSocket } from '../connect-backend.ts';
import { Deadlines } from '../deadlines.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export interface PoolSettings {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** How long an idle connection to a pod is kept; less where the pod says it keeps it for less. */
  readonly upstreamIdleMs: number;
}

/** How much sooner than the pod the proxy lets go of an idle connection, so that no request meets its end. */
const headStartMs = 1_000;

/** Idle connections to pods, by backend. The one used last is used next, so that those not needed grow old. */
export class UpstreamPool {
  /** Idle connections kept per backend. */
  static readonly maxIdle = 128;
  readonly #settings: PoolSettings;
  readonly #idle = new Map<Backend, UpstreamConnection[]>();
  readonly #inUse = new Set<UpstreamConnection>();
  readonly #deadlines: Deadlines<UpstreamConnection>;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#deadlines = new Deadlines(
      settings.clock,
      (connection) => connection.expiresAt,
      (connection) => this.#drop(connection),
    );
  }

  /** An idle connection to the backend; undefined if there is none. */
  take(backend: Backend): UpstreamConnection | undefined {
    const connection = this.#idle.get(backend)?.pop();
    if (connection === undefined) return undefined;
    if (connection.expiresAt <= this.#settings.clock.now()) {
      // The process stood still for so long that the timer is late. Those below are older.
      this.release(backend);
      this.#drop(connection);
      return undefined;
    }
    connection.expiresAt = Infinity;
    connection.reused = true;
    this.#inUse.add(connection);
    return connection;
  }

  /** A new connection, not connected yet; undefined if the backend has no address now. */
  open(backend: Backend): UpstreamConnection | undefined {
    const socket = openSocket(backend, false);
    if (socket === undefined) return undefined;
    backend.pod.recorder.connections++;
    const connection = new UpstreamConnection(socket, backend, this.#settings, (ended) => this.#drop(ended));
    this.#inUse.add(connection);
    return connection;
  }

  /** Gives a connection back after a finished response. It is kept if another request may go through it. */
  giveBack(connection: UpstreamConnection, keepAliveSeconds: number | undefined): void {
    this.#inUse.delete(connection);
    const { clock, upstreamIdleMs } = this.#settings;
    const keptMs = keepAliveSeconds === undefined ? upstreamIdleMs : Math.min(upstreamIdleMs, keepAliveSeconds * 1_000 - headStartMs);
    const idle = this.#idle.get(connection.backend) ?? [];
    if (!connection.reusable || !connection.backend.selectable || keptMs <= 0 || idle.length >= UpstreamPool.maxIdle) {
      this.#drop(connection);
      return;
    }
    connection.expiresAt = clock.now() + keptMs;
    if (idle.push(connection) === 1) this.#idle.set(connection.backend, idle);
    this.#deadlines.add(connection);
  }

  /** Ends a connection that is in use. */
  discard(connection: UpstreamConnection): void {
    this.#drop(connection);
  }

  /** The connection became something else (a WebSocket): it is no longer the pool's. */
  forget(connection: UpstreamConnection): void {
    this.#inUse.delete(connection);
    this.#deadlines.delete(connection);
  }

  /** Ends the idle connections to a backend. */
  release(backend: Backend): void {
    const idle = this.#idle.get(backend);
    this.#idle.delete(backend);
    for (const connection of idle ?? []) this.#drop(connection);
  }

  close(): void {
    for (const backend of this.#idle.keys()) this.release(backend);
    for (const connection of this.#inUse) this.#drop(connection);
    this.#deadlines.clear();
  }

  #drop(connection: UpstreamConnection): void {
    this.#inUse.delete(connection);
    this.#deadlines.delete(connection);
    const idle = this.#idle.get(connection.backend);
    const index = idle?.indexOf(connection) ?? -1;
    if (index >= 0) idle!.splice(index, 1);
    if (idle?.length === 0) this.#idle.delete(connection.backend);
    connection.destroy();
  }
}

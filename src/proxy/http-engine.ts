import type { Socket } from 'node:net';
import type { Clock } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import type { ServiceRoute } from './service-route.ts';

/** What an engine is lent. All times are of `clock`. */
export interface HttpEngineSettings {
  readonly clock: Clock;
  /** After so long without a connection another pod is tried. */
  readonly connectTimeoutMs: number;
  /** How long an idle connection to a pod is kept. */
  readonly upstreamIdleMs: number;
  /** How long an idle connection of a client is kept. */
  readonly clientIdleMs: number;
  /** How long a client may take for the head of a request. */
  readonly headTimeoutMs: number;
}

/** One connection of a client. */
export interface ClientSession {
  /** No further request: closed at once if idle, else after the response, which says so. WebSockets stay. */
  drain(): void;
  /** Ends it now. WebSockets get 1001 first. */
  close(): void;
}

/**
 * The one door behind which HTTP is proxied. An engine is given connections that clients opened and carries their requests one by one:
 * for each it makes an `Exchange` of the route, sends the request to the backend that one names, takes the next if that could not be
 * reached (or, for an idempotent request without an answer, died), and ends the exchange. Each engine keeps:
 *
 * - a client that goes away is noticed by the pod, whatever had been sent by then;
 * - a pod that dies in the middle of a response cuts the client's connection, so that half an answer is never taken for a whole one;
 * - what one side sees as one request is one request for the other side;
 * - connections to a pod are kept and reused, and the idle ones are closed when it leaves.
 */
export interface HttpEngine {
  readonly name: string;
  /** Loads what it needs. Called once, before `serve`. */
  open(): Promise<void>;
  /** Takes over a connection, which is paused, and has an `error` listener. Must not throw. */
  serve(client: Socket, route: ServiceRoute): ClientSession;
  /** The backend is chosen no more: idle connections to it are closed now, the others when they become idle. */
  release(backend: Backend): void;
  /** Ends every connection to pods. Sessions are closed by whoever holds them. */
  close(): void;
}

import { connect, type Socket } from 'node:net';
import type { Clock } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import type { Exchange } from './exchange.ts';

export interface ConnectSettings {
  readonly clock: Clock;
  /** After so long without an answer another backend is tried. */
  readonly connectTimeoutMs: number;
}

/** Opens a connection to a backend. The socket has an `error` listener from the start; undefined if the backend has no address now. */
export function openSocket(backend: Backend, allowHalfOpen: boolean): Socket | undefined {
  const address = backend.address();
  if (address === undefined) return undefined;
  // Sent at once: what a proxy delays twice is late twice.
  const socket = connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen });
  socket.on('error', () => undefined);
  return socket;
}

/**
 * Gives a connection up that does not come about in time. When the timer fires, the process may have stood still for longer than the pod
 * took to answer: one that came about meanwhile counts, so the judgement waits until the event loop has turned.
 */
export function limitConnecting(socket: Socket, { clock, connectTimeoutMs }: ConnectSettings, giveUp: () => void): void {
  const judge = (): void => {
    if (socket.connecting) giveUp();
  };
  const timer = clock.schedule(clock.now() + connectTimeoutMs, () => void clock.turn().then(judge));
  const done = (): void => timer.cancel();
  socket.once('connect', done).once('close', done);
}

/**
 * Connects an exchange to a backend: if one cannot be reached, to the next, until none is left. Nothing has been sent by then, so any
 * request may be repeated. Where no backend is ready and the Service may hold requests, it waits for one.
 *
 * @param done Called once, never before this function returns, with the connected socket or undefined; not called after "give up",
 * which this function returns.
 */
export function connectBackend(exchange: Exchange, settings: ConnectSettings, done: (socket: Socket | undefined) => void): () => void {
  let cancel: () => void = () => undefined;
  let givenUp = false;
  const attempt = (): void => {
    const backend = exchange.next();
    if (backend === undefined) {
      const unhold = exchange.hold((available) => (available ? attempt() : done(undefined)));
      if (unhold !== undefined) cancel = unhold;
      else done(undefined);
      return;
    }
    const socket = openSocket(backend, true);
    if (socket === undefined) {
      attempt();
      return;
    }
    limitConnecting(socket, settings, () => socket.destroy());
    const onConnect = (): void => {
      socket.off('close', attempt);
      done(socket);
    };
    socket.once('close', attempt).once('connect', onConnect);
    cancel = () => {
      socket.off('close', attempt).off('connect', onConnect);
      socket.destroy();
    };
  };
  process.nextTick(() => {
    if (!givenUp) attempt();
  });
  return () => {
    givenUp = true;
    cancel();
  };
}

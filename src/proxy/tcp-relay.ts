import type { Socket } from 'node:net';
import { connectBackend, type ConnectSettings } from './connect-backend.ts';
import { Exchange, type Outcome } from './exchange.ts';
import type { ServiceRoute } from './service-route.ts';

/**
 * Carries one TCP connection of a client (paused until a backend has answered) to one backend. Each direction ends by itself, so that a
 * peer that has said all it has to say still hears the rest. A client no backend answers is reset.
 */
export function relayTcp(client: Socket, route: ServiceRoute, settings: ConnectSettings): void {
  const exchange = new Exchange(route, client.remoteAddress ?? '', 'connection');
  const giveUp = connectBackend(exchange, settings, (backend) => {
    client.off('close', onGone);
    if (backend === undefined) {
      client.resetAndDestroy();
      exchange.end('failed');
      return;
    }
    joinSockets(client, backend, (outcome) => exchange.end(outcome));
  });
  const onGone = (): void => {
    giveUp();
    exchange.end('abandoned');
  };
  client.once('close', onGone);
}

/** Pumps both ways until both sockets are closed, then says how it ended. Either may have ended already. */
export function joinSockets(client: Socket, backend: Socket, ended: (outcome: Outcome) => void): void {
  let outcome: Outcome = 'ok';
  let open = 2;
  const onClose = (socket: Socket, other: Socket, verdict: Outcome) => (hadError: boolean) => {
    if (open === 2 && (hadError || !socket.readableEnded)) {
      // Cut, not ended: the other side must see the same.
      outcome = verdict;
      other.resetAndDestroy();
    } else {
      other.destroySoon();
    }
    if (--open === 0) ended(outcome);
  };
  client.once('close', onClose(client, backend, 'abandoned'));
  backend.once('close', onClose(backend, client, 'failed'));
  pump(client, backend);
  pump(backend, client);
}

function pump(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  if (from.readableEnded) to.end();
  else from.once('end', () => to.end());
  from.resume();
}

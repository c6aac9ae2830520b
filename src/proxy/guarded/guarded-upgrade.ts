import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connectBackend, type ConnectSettings } from '../connect-backend.ts';
import type { Exchange } from '../exchange.ts';
import { noneReachable, proxyResponse } from '../http1/proxy-response.ts';
import type { WebSocketTunnel } from '../web-socket-tunnel.ts';
import type { HttpProxy } from './http-proxy-door.ts';

/** An agent for one request, through a connection that stands already. */
class ConnectedAgent extends Agent {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ keepAlive: false });
    this.#socket = socket;
  }

  override createConnection(): Socket {
    return this.#socket;
  }
}

/** What http-proxy says about a handshake only in passing: the pod's socket, and whose it is. */
export interface Handshake {
  readonly client: Socket;
  readonly exchange: Exchange;
  readonly opened: (pod: Socket) => WebSocketTunnel;
  tunnel: WebSocketTunnel | undefined;
}

/**
 * Lets http-proxy do the handshake of a WebSocket, over a connection that has been made before (http-proxy gives up at the first pod
 * that refuses), then takes both sockets over, so that frames can be followed.
 */
export function upgrade(
  proxy: HttpProxy,
  settings: ConnectSettings,
  request: { readonly req: IncomingMessage; readonly head: Buffer },
  handshake: Handshake,
): void {
  const { client, exchange } = handshake;
  const { req, head } = request;
  const refuse = (): void => {
    exchange.end('failed');
    if (client.writable) client.end(proxyResponse(502, noneReachable(String(exchange.route)), true));
  };
  const giveUp = connectBackend(exchange, settings, (pod) => {
    const target = exchange.backend?.address();
    if (pod === undefined || target === undefined) {
      pod?.destroy();
      refuse();
      return;
    }
    client.once('close', () => pod.destroy());
    proxy.ws(req, client, head, { target, agent: new ConnectedAgent(pod) }, () => {
      if (handshake.tunnel === undefined) refuse();
    });
  });
  client.once('close', () => {
    giveUp();
    if (handshake.tunnel === undefined) exchange.end('abandoned');
  });
}

/** To be called when http-proxy has made the request of a handshake, before it listens for the answer. */
export function watchHandshake(proxyReq: ClientRequest, handshake: Handshake, opening: Map<Socket, Handshake>): void {
  proxyReq.once('upgrade', (_res: IncomingMessage, pod: Socket) => opening.set(pod, handshake));
  proxyReq.once('response', (res: IncomingMessage) => {
    // The pod declined. http-proxy passes the decoded body on: its framing is the end of the connection.
    delete res.headers['transfer-encoding'];
    res.headers.connection = 'close';
    handshake.exchange.end('ok', res.statusCode);
  });
}

/** To be called when http-proxy has joined the sockets: parts them again and follows the frames between them. */
export function takeOver(pod: Socket, opening: Map<Socket, Handshake>): void {
  const handshake = opening.get(pod);
  if (handshake === undefined) return;
  opening.delete(pod);
  const { client } = handshake;
  pod.unpipe(client);
  client.unpipe(pod);
  handshake.tunnel = handshake.opened(pod);
  handshake.tunnel.start(Buffer.alloc(0), Buffer.alloc(0));
}

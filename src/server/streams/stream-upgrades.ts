import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import type { PodManifest } from '../../api/generated/models.ts';
import type { ObjectName } from '../../api/object.ts';
import type { ExecSession, PodStreams } from '../../api/streams.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Clock } from '../../env/clock.ts';
import { ApiError, BadRequestError } from '../../errors.ts';
import { podKind } from '../../kinds/pod.ts';
import { flagOf } from '../auth/request-attributes.ts';
import type { RequestPath } from '../request-path.ts';
import { requestTarget } from '../request-target.ts';
import { SpdyConnection, type SpdyStream } from '../spdy/spdy-connection.ts';
import { failedStatus } from './exit-status.ts';
import { forwardOverChannels, forwardOverSpdy, portsOf } from './port-forward.ts';
import type { RemoteChannels, RemoteRequest } from './remote-channels.ts';
import { remoteRun } from './remote-run.ts';
import { SpdyChannels } from './spdy-channels.ts';
import { WebSocketChannels } from './web-socket-channels.ts';

const remoteProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
const spdyForwardProtocol = 'portforward.k8s.io';
const messageBytesMax = 4 * 1024 * 1024;

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Exec, attach and port-forward: the connection is taken over, as WebSocket or as SPDY/3.1. */
export class StreamUpgrades {
  readonly #streams: PodStreams;
  readonly #view: ViewReader;
  readonly #clock: Clock;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    handleProtocols: (offered) => chosen(offered) ?? false,
  });
  readonly #tunnels = new WeakSet<IncomingMessage>();

  constructor(parts: { readonly streams: PodStreams; readonly view: ViewReader; readonly clock: Clock }) {
    this.#streams = parts.streams;
    this.#view = parts.view;
    this.#clock = parts.clock;
    this.#webSockets.on('headers', (headers, request) => {
      if (this.#tunnels.has(request)) headers.push(`Sec-WebSocket-Protocol: ${tunnelProtocol}`);
    });
  }

  /** Takes the connection over; false if there is no such stream at the path. Throws `ApiError` while it can still be answered. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer, path: RequestPath): Promise<boolean> {
    if (path.type !== 'resource' || path.group !== '' || path.resource !== 'pods' || path.name === undefined) return false;
    const at = { namespace: path.namespace, name: path.name };
    const query = requestTarget(request.url).searchParams;
    const upgrade = { request, socket, head };
    if (path.subresource === 'portforward') return this.#portForward(upgrade, at, query);
    if (path.subresource !== 'exec' && path.subresource !== 'attach') return false;
    const wanted = remoteRequest(query);
    requireProtocol(request);
    const session = await this.#start(path.subresource, at, query, wanted);
    await this.#run(session, upgrade, wanted, path.subresource === 'exec' || this.#closesStdin(at, query.get('container')));
    return true;
  }

  /** The session, or why it could not be begun: that is told on the error channel, where kubectl looks for it. */
  async #start(
    verb: 'exec' | 'attach',
    at: ObjectName,
    query: URLSearchParams,
    { stdin, tty }: RemoteRequest,
  ): Promise<ExecSession | Error> {
    const name = query.get('container') ?? '';
    const options = { stdin, tty, ...(name === '' ? {} : { container: name }) };
    const command = query.getAll('command');
    if (verb === 'exec' && command.length === 0) throw new BadRequestError('you must specify at least one command for the container');
    try {
      return verb === 'exec' ? await this.#streams.exec(at, { ...options, command }) : await this.#streams.attach(at, options);
    } catch (error) {
      if (error instanceof ApiError || !(error instanceof Error)) throw error;
      return error;
    }
  }

  async #run(session: ExecSession | Error, upgrade: Upgrade, wanted: RemoteRequest, endsStdin: boolean): Promise<void> {
    let channels: RemoteChannels;
    try {
      channels = isWebSocket(upgrade.request)
        ? new WebSocketChannels(await this.#webSocket(upgrade), wanted)
        : await SpdyChannels.open((onStream) => spdyOver(upgrade, 'v4.channel.k8s.io', onStream), wanted, this.#clock);
    } catch {
      // Nobody is there any more to be told.
      if (!(session instanceof Error)) await session.close();
      upgrade.socket.destroy();
      return;
    }
    if (session instanceof Error) await channels.finish(failedStatus(session));
    else await remoteRun(session, channels, { clock: this.#clock, endsStdin });
  }

  async #portForward(upgrade: Upgrade, at: ObjectName, query: URLSearchParams): Promise<boolean> {
    requireProtocol(upgrade.request);
    const pod = this.#pod(at);
    const phase = pod?.status?.phase ?? 'Unknown';
    if (pod !== undefined && phase !== 'Running')
      throw new BadRequestError(`unable to forward port because pod is not running. Current status=${phase}`);
    const open = (port: number): Promise<Duplex> => this.#streams.portForward(at, port);
    const label = `${at.name}, uid ${pod?.metadata?.uid ?? ''}`;
    if (!isWebSocket(upgrade.request)) {
      forwardOverSpdy((onStream) => spdyOver(upgrade, spdyForwardProtocol, onStream), label, open);
      return true;
    }
    const isTunnel = offeredBy(upgrade.request).includes(tunnelProtocol);
    const ports = isTunnel ? [] : portsOf(query);
    const socket = await this.#webSocket(upgrade);
    if (isTunnel) forwardOverSpdy((onStream) => new SpdyConnection(createWebSocketStream(socket), onStream), label, open);
    else forwardOverChannels(socket, ports, label, open);
    return true;
  }

  #webSocket({ request, socket, head }: Upgrade): Promise<WebSocket> {
    if (offeredBy(request).includes(tunnelProtocol)) {
      // Its name has a slash, which no name of a subprotocol may have: `ws` would refuse it, so it is agreed to by hand.
      delete request.headers['sec-websocket-protocol'];
      this.#tunnels.add(request);
    }
    return new Promise((resolve, reject) => {
      socket.once('close', () => reject(new BadRequestError('the client left')));
      this.#webSockets.handleUpgrade(request, socket, head, resolve);
    });
  }

  #pod(at: ObjectName): PodManifest | undefined {
    return this.#view.get(podKind, at.namespace, at.name);
  }

  /** The standard input of a container ends with the first client that was attached to it, if it says so. */
  #closesStdin(at: ObjectName, container: string | null): boolean {
    const containers = this.#pod(at)?.spec?.containers ?? [];
    return (containers.find(({ name }) => name === container) ?? containers[0])?.stdinOnce === true;
  }
}

const isWebSocket = (request: IncomingMessage): boolean => request.headers.upgrade?.toLowerCase() === 'websocket';

const offeredBy = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());

const chosen = (offered: ReadonlySet<string>): string | undefined => [tunnelProtocol, ...remoteProtocols].find((each) => offered.has(each));

/** Refuses what is no upgrade that is understood, before anything is begun. */
function requireProtocol(request: IncomingMessage): void {
  if (isWebSocket(request)) {
    const offered = offeredBy(request).filter((each) => each !== '');
    if (offered.length === 0 || chosen(new Set(offered)) !== undefined) return;
    throw new BadRequestError(`unable to upgrade: none of the protocols ${offered.join(', ')} is served`);
  }
  if (request.headers.upgrade?.toUpperCase() !== 'SPDY/3.1') throw new BadRequestError('unable to upgrade: expected websocket or SPDY/3.1');
}

/** Switches the connection to SPDY/3.1. */
function spdyOver({ socket, head }: Upgrade, protocol: string, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'connection: Upgrade', 'upgrade: SPDY/3.1', `x-stream-protocol-version: ${protocol}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return new SpdyConnection(socket, onStream);
}

function remoteRequest(query: URLSearchParams): RemoteRequest {
  const [stdin, stdout, stderr, tty] = ['stdin', 'stdout', 'stderr', 'tty'].map((name) => flagOf(query, name));
  if (stdin !== true && stdout !== true && stderr !== true)
    throw new BadRequestError('you must specify at least 1 of stdin, stdout, stderr');
  return { stdin: stdin === true, stdout: stdout === true, stderr: stderr === true, tty: tty === true };
}

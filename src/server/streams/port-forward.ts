import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { BadRequestError } from '../../errors.ts';
import type { SpdyConnection, SpdyStream } from '../spdy/spdy-connection.ts';
import { bytesOf, channelReader, channelWriter, sendOn } from './web-socket-channels.ts';

/** Opens a connection to a port of the Pod that is meant. */
export type OpenPort = (port: number) => Promise<Duplex>;

const portsMax = 64;

/** How a failure is told; the Pod is named so that a person with several terminals knows which. */
const failureText = (pod: string, port: number, error: unknown): string =>
  `error forwarding port ${port} to pod ${pod}: ${error instanceof Error ? error.message : String(error)}`;

export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new BadRequestError(`unable to parse ${JSON.stringify(text)} as a port: expected 1 to 65535`);
  return port;
}

/** Port-forward over SPDY/3.1: each connection is a pair of streams, `error` and `data`, with one request id. */
export function forwardOverSpdy(
  connect: (onStream: (stream: SpdyStream) => void) => SpdyConnection,
  pod: string,
  open: OpenPort,
): SpdyConnection {
  const errors = new Map<string, SpdyStream>();
  return connect((stream) => {
    const id = `${stream.headers.get('port') ?? ''}/${stream.headers.get('requestid') ?? ''}`;
    if (stream.headers.get('streamtype') === 'error') {
      errors.set(id, stream);
      stream.resume();
      stream.once('close', () => errors.delete(id));
      return;
    }
    const error = errors.get(id);
    if (error === undefined) stream.destroy();
    else void forward(stream, error, stream.headers.get('port') ?? '', pod, open);
  });
}

async function forward(data: SpdyStream, error: SpdyStream, portText: string, pod: string, open: OpenPort): Promise<void> {
  try {
    const connection = await open(portOf(portText));
    join(data, connection, () => error.end());
  } catch (failure) {
    data.resume();
    data.end();
    error.end(failureText(pod, Number(portText), failure));
  }
}

/** Leads two connections into each other, half by half; when both are over, `done`. */
export function join(client: Duplex, pod: Duplex, done: () => void): void {
  let open = 2;
  const closed = (): void => {
    if (--open === 0) done();
  };
  client.once('close', closed);
  pod.once('close', closed);
  client.on('error', () => pod.destroy());
  pod.on('error', () => client.destroy());
  client.once('close', () => pod.end());
  pod.once('close', () => client.end());
  client.pipe(pod);
  pod.pipe(client);
}

/**
 * Port-forward over plain WebSocket channels (`v4.channel.k8s.io` with `?ports=`): for the port at place i, data on channel 2i and
 * errors on 2i+1; the first message of each is the port.
 */
export function forwardOverChannels(socket: WebSocket, ports: readonly number[], pod: string, open: OpenPort): void {
  const readers = ports.map(() => channelReader(socket));
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    const message = bytesOf(data);
    const reader = readers[(message[0] ?? 1) / 2];
    if (reader !== undefined && message.length > 1 && !reader.push(message.subarray(1))) socket.pause();
  });
  socket.once('close', () => {
    for (const reader of readers) reader.push(null);
  });
  for (const [i, port] of ports.entries()) {
    const head = Buffer.from([port & 0xff, port >> 8]);
    for (const channel of [2 * i, 2 * i + 1]) void sendOn(socket, channel, head).catch(() => undefined);
    open(port).then(
      (connection) => {
        connection.on('error', () => socket.close(1011));
        socket.once('close', () => connection.destroy());
        readers[i]!.pipe(connection);
        connection.pipe(channelWriter(socket, 2 * i), { end: false });
        connection.once('end', () => socket.close(1000));
      },
      (error: unknown) => {
        readers[i]!.resume();
        void sendOn(socket, 2 * i + 1, Buffer.from(failureText(pod, port, error))).catch(() => undefined);
      },
    );
  }
}

/** The `ports` of a query: `?ports=80&ports=81`, `?ports=80,81`. */
export function portsOf(query: URLSearchParams): readonly number[] {
  const ports = query.getAll('ports').flatMap((each) => each.split(',').map(portOf));
  if (ports.length === 0) throw new BadRequestError('query parameter "ports" is required');
  if (ports.length > portsMax) throw new BadRequestError(`at most ${portsMax} ports can be forwarded in one request`);
  return ports;
}

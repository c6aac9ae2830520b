import { createSocket } from 'node:dgram';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

/** A program behind a Service: a real server on a loopback port. */
export interface ProxyPod {
  readonly name: string;
  readonly uid: string;
  /** Where it really listens; the cluster knows it by another address. */
  readonly port: number;
  /** What came in: `GET /path`, `connection`, or a datagram's text. */
  readonly seen: string[];
  /** Stops listening and cuts everything, as a killed process does. Nothing is left afterwards. */
  kill(): Promise<void>;
}

/** A program that speaks HTTP. */
export interface HttpPod extends ProxyPod {
  /** Requests for `/slow` that wait for their answer. */
  readonly slow: (() => void)[];
  /** Counts clients that went away while `/hang` was answering them. */
  gone: number;
  /** Connections it has open. */
  connections(): number;
}

const uidOf = (name: string): string => `pod-${name}`;

/**
 * `/name`: its name. `/echo`: the body. `/slow`: its name, once `slow[i]()` is called. `/hang`: begins an answer and never ends it.
 * `/die`: begins an answer of 1,000 bytes and dies after 10. `/status?N`: a response with that status. WebSockets: an echo.
 */
export async function httpPod(name: string): Promise<HttpPod> {
  const sockets = new Set<Socket>();
  const webSockets = new WebSocketServer({ noServer: true });
  const seen: string[] = [];
  const pod = { name, uid: uidOf(name), seen, slow: [] as (() => void)[], gone: 0, connections: () => sockets.size };
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    seen.push(`${req.method} ${req.url}`);
    answer(req, res, pod);
  });
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    seen.push(`${req.method} ${req.url}`);
    webSockets.handleUpgrade(req, socket, head, (webSocket) => {
      webSocket.on('message', (data, binary) => webSocket.send(data, { binary }));
      webSocket.on('error', () => undefined);
    });
  });
  const port = await listen(server, sockets);
  return Object.assign(pod, {
    port,
    kill: async () => {
      webSockets.close();
      await kill(server, sockets);
    },
  });
}

function answer(req: IncomingMessage, res: ServerResponse, pod: Pick<HttpPod, 'name' | 'slow' | 'gone'>): void {
  const [path, query = '200'] = (req.url ?? '').split('?');
  switch (path) {
    case '/echo':
      if (req.headers['content-type'] !== undefined) res.setHeader('Content-Type', req.headers['content-type']);
      req.pipe(res);
      return;
    case '/slow':
      pod.slow.push(() => res.end(pod.name));
      return;
    case '/hang':
      req.resume();
      res.once('close', () => pod.gone++);
      res.write('begun');
      return;
    case '/wait':
      req.resume();
      res.once('close', () => pod.gone++);
      return;
    case '/die':
      res.writeHead(200, { 'Content-Length': 1_000 });
      res.write('0123456789', () => res.destroy());
      return;
    default:
      req.resume();
      res.statusCode = path === '/status' ? Number(query) : 200;
      res.end(pod.name);
  }
}

/** Says its name and a newline, then echoes; when the client has said all, it says `bye` and ends. */
export async function tcpPod(name: string): Promise<ProxyPod> {
  const sockets = new Set<Socket>();
  const seen: string[] = [];
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    seen.push('connection');
    socket.write(`${name}\n`);
    socket.on('data', (data) => socket.write(data));
    socket.on('end', () => socket.end('bye'));
    socket.on('error', () => undefined);
  });
  const port = await listen(server, sockets);
  return { name, uid: uidOf(name), port, seen, kill: () => kill(server, sockets) };
}

/** Answers a datagram `text` with `name:text`. */
export async function udpPod(name: string): Promise<ProxyPod> {
  const seen: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (data, from) => {
    seen.push(data.toString());
    socket.send(`${name}:${data.toString()}`, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  let open = true;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (!open) return resolve();
      open = false;
      socket.close(() => resolve());
    });
  return { name, uid: uidOf(name), port: socket.address().port, seen, kill: close };
}

async function listen(server: Server, sockets: Set<Socket>): Promise<number> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function kill(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
    for (const socket of sockets) socket.destroy();
  });
}

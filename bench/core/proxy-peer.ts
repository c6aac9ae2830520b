/**
 * A process beside the one that is measured: `backend` answers HTTP on a free port and says which; `load` opens connections and
 * sends one request after the other on each, for as long as it is told, and says how many were answered.
 */
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

const body = 'x'.repeat(1_000);

function backend(): void {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
    res.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
}

/** Answers per second over all connections. Every answer of one run has the same length, read off the first one. */
async function load({ port, connections, seconds }: LoadOrder): Promise<number> {
  let answered = 0;
  let running = true;
  const request = `GET /items/42?q=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n`;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let length = 0;
      let got = 0;
      socket.once('connect', () => socket.write(request));
      socket.once('error', reject);
      socket.once('close', () => (running ? reject(new Error(`port ${port}: the connection was closed`)) : resolve()));
      socket.on('data', (chunk) => {
        got += chunk.length;
        length ||= answerLength(chunk);
        if (got < length) return;
        got -= length;
        answered++;
        if (running) socket.write(request);
        else socket.destroy();
      });
    });
  const started = performance.now();
  const all = Array.from({ length: connections }, one);
  let measured = 0;
  setTimeout(() => {
    running = false;
    measured = answered / ((performance.now() - started) / 1_000);
  }, seconds * 1_000);
  await Promise.all(all);
  return measured;
}

function answerLength(chunk: Buffer): number {
  const head = chunk.indexOf('\r\n\r\n');
  const text = chunk.toString('latin1', 0, head);
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  if (head < 0 || !text.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(`expected an answer with 200, got ${text}`);
  return head + 4 + Number(length);
}

if (process.argv[2] === 'backend') backend();
else process.on('message', (order: LoadOrder) => void load(order).then((rate) => process.send!(rate)));

import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { percentile } from '../sampling.ts';

export interface Ask {
  readonly url: string;
  readonly method?: string;
  readonly token?: string;
  readonly body?: string;
}

/** One request on a kept connection; rejects unless it is answered with success. */
export function ask(agent: Agent, { url, method = 'GET', token, body }: Ask): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(url, { agent, method, headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.once('end', () =>
        (response.statusCode ?? 500) < 300 ? resolve(bytes) : reject(new Error(`${method} ${url}: ${response.statusCode}`)),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** How long requests took, in milliseconds, of all samples of a figure but the first, which warms up. */
export class Latencies {
  readonly #samples: number[][] = [];

  /** Begins a sample; what it gives is told how long each request took. */
  begin(): (ms: number) => void {
    const sample: number[] = [];
    this.#samples.push(sample);
    return (ms) => void sample.push(ms);
  }

  get details(): Readonly<Record<string, number>> {
    const all = this.#samples.slice(1).flat();
    return { 'p50-ms': percentile(all, 0.5), 'p99-ms': percentile(all, 0.99) };
  }
}

/** Requests a second, of `clients` that each ask again as soon as they are answered; `latencies` is told how long each took. */
export async function requestsPerSecond(count: number, clients: number, next: (i: number) => Ask, latencies?: Latencies): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let asked = 0;
  const took = latencies?.begin();
  const client = async (): Promise<void> => {
    while (asked < count) {
      const what = next(asked++);
      const sent = performance.now();
      await ask(agent, what);
      took?.(performance.now() - sent);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begun) / 1000;
  agent.destroy();
  return count / seconds;
}

/** A bare server that reads what it is sent and answers with the same bytes each time. */
export async function bareServer(bytes: () => Buffer): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((incoming, response) => {
    incoming.resume().once('end', () => {
      const body = bytes();
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

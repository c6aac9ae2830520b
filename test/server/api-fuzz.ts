import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { Cluster } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated/index.ts';
import { clientFrame, openWebSocket } from './web-socket-client.ts';
import { MalformedRequests, type MalformedRequest } from './malformed-requests.ts';

/** What a run found: anything but an empty list of findings is a fault of the server. */
export interface FuzzReport {
  readonly requests: number;
  readonly byStatus: ReadonlyMap<number, number>;
  readonly findings: readonly string[];
}

const timeoutMs = 30_000;
const findingsMax = 20;
const heads = [
  'GET',
  'GET / HTTP/9.9\r\n\r\n',
  '\u0000\u0000\u0000',
  'GET /api HTTP/1.1\r\nhost\r\n\r\n',
  `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(30_000)}\r\n`,
  'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
  'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nzz\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer fuzz\r\n\r\n`,
];

/** Sends malformed requests to a simulated cluster, and sees whether each is answered as it should be. */
export async function fuzzApi(count: number, seed: number, parallel = 16): Promise<FuzzReport> {
  const errors: string[] = [];
  const logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields: object, message: string) => void errors.push(`${message} ${JSON.stringify(fields)}`),
  };
  const cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }], controllers: 'none', logger });
  const server = await cluster.serve({ tls: false, token: 'fuzz', allow: ['host-path', 'privileged', 'host-processes'] });
  const stop = new AbortController();
  const running = cluster.run({ signal: stop.signal });
  await cluster.apply(['default', 'frames'].map(podYaml).join('---\n'));
  await cluster.pods.get('p', { namespace: 'frames' })!.waitFor('Running');
  const fuzz = new ApiFuzz(server.url, seed);
  const lanes = Array.from({ length: parallel }, async (_, lane) => {
    for (let i = lane; i < count; i += parallel) await fuzz.one(i);
  });
  await Promise.all(lanes);
  fuzz.agent.destroy();
  if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) fuzz.findings.push('the prototype of all objects has new properties');
  const alive = await fetch(`${server.url}/api/v1/namespaces/default`, { headers: { authorization: 'Bearer fuzz' } });
  if (alive.status !== 200) fuzz.findings.push(`afterwards the server answered ${alive.status}`);
  stop.abort();
  await running;
  await cluster.close();
  return { requests: count, byStatus: fuzz.byStatus, findings: [...fuzz.findings, ...errors].slice(0, findingsMax) };
}

/** The namespace `frames` is one that no request names: its Pod is there to the end. */
const podYaml = (namespace: string): string => `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ${namespace}}
spec: {containers: [{name: main, image: i}]}
`;

const ignore = (): void => undefined;

class ApiFuzz {
  readonly findings: string[] = [];
  readonly byStatus = new Map<number, number>();
  readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });
  readonly #url: URL;
  readonly #random: SeededRandom;
  readonly #requests: MalformedRequests;

  constructor(url: string, seed: number) {
    this.#url = new URL(url);
    this.#random = new SeededRandom(seed);
    this.#requests = new MalformedRequests(this.#random.fork('requests'));
  }

  async one(index: number): Promise<void> {
    const what = index % 50;
    if (what === 48) return this.#raw(heads[this.#random.integer(heads.length)]!);
    if (what === 49) return this.#frames();
    await this.#request(this.#requests.next());
  }

  #found(request: string, what: string): void {
    if (this.findings.length < findingsMax) this.findings.push(`${what}: ${request.slice(0, 600)}`);
  }

  #request(sent: MalformedRequest): Promise<void> {
    const shown = `${sent.method} ${sent.path} ${JSON.stringify(sent.headers)} ${sent.body?.toString('latin1') ?? ''}`;
    return new Promise((resolve) => {
      let request;
      try {
        request = httpRequest({
          host: this.#url.hostname,
          port: this.#url.port,
          agent: this.agent,
          method: sent.method,
          path: sent.path,
          headers: { authorization: 'Bearer fuzz', ...sent.headers },
          timeout: timeoutMs,
        });
      } catch {
        // What the client itself will not send.
        return resolve();
      }
      request.once('timeout', () => {
        this.#found(shown, 'no answer');
        request.destroy();
      });
      request.once('error', (error) => {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') this.#found(shown, error.message);
        resolve();
      });
      request.once('response', (response) => {
        const status = response.statusCode ?? 0;
        this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
        if (status < 400) {
          // A watch or a log may go on for ever.
          response.destroy();
          return resolve();
        }
        void text(response).then((body) => {
          if (sent.method !== 'HEAD') this.#judge(shown, status, body, sent.path);
          resolve();
        }, resolve);
      });
      request.end(sent.body);
    });
  }

  #judge(shown: string, status: number, body: string, path: string): void {
    // As Kubernetes answers off its resources: a line of text, or the paths there are.
    if (status === 404 && (body === '404 page not found\n' || /^(\{"paths":|paths:)/.test(body))) return;
    // What a node answers through its proxy is the node's.
    if (/\/proxy(\/|\?|$)/.test(path) && status === 404) return;
    const answer = parsed(body);
    if (answer?.kind !== 'Status' || answer.code !== status) this.#found(shown, `${status} without a Status: ${body.slice(0, 200)}`);
    else if (status === 500 && answer.reason === 'InternalError') this.#found(shown, `500: ${body.slice(0, 200)}`);
  }

  /** What is no HTTP at all must be answered, or at least hung up on. */
  #raw(head: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(Number(this.#url.port), this.#url.hostname);
      let said = '';
      socket.setTimeout(timeoutMs, () => {
        this.#found(JSON.stringify(head.slice(0, 200)), 'neither answered nor hung up');
        socket.destroy();
      });
      socket.on('data', (chunk) => (said += chunk.toString('latin1')));
      socket.on('error', ignore);
      socket.once('close', () => {
        const body = said.slice(said.indexOf('\r\n\r\n') + 4);
        if (said !== '' && parsed(body)?.kind !== 'Status')
          this.#found(JSON.stringify(head.slice(0, 200)), `no Status: ${said.slice(0, 200)}`);
        resolve();
      });
      socket.end(head);
    });
  }

  /** Frames of no meaning, in WebSocket or SPDY, on exec and port-forward. */
  async #frames(): Promise<void> {
    const isForward = this.#random.integer(2) === 0;
    const stream = await openWebSocket(this.#url, {
      path: `/api/v1/namespaces/frames/pods/p/${isForward ? 'portforward' : 'exec?command=x&stdin=true&stdout=true&tty=true'}`,
      protocol: isForward ? 'SPDY/3.1+portforward.k8s.io' : 'v5.channel.k8s.io',
      token: 'fuzz',
    });
    await new Promise<void>((resolve) => {
      stream.setTimeout(timeoutMs, () => {
        this.#found(isForward ? 'frames on portforward' : 'frames on exec', 'the connection was not ended');
        stream.destroy();
      });
      stream.on('error', ignore);
      stream.once('close', () => resolve());
      stream.resume();
      for (let i = 0; i < 5; i++) stream.write(clientFrame(2, this.#frame(isForward)));
      stream.write(this.#requests.bytes(50));
      stream.end(clientFrame(8, Buffer.alloc(0)));
    });
  }

  #frame(isSpdy: boolean): Buffer {
    const junk = this.#requests.bytes(100);
    if (!isSpdy || this.#random.integer(2) === 0) return junk;
    const kind = this.#random.integer(10);
    return Buffer.concat([Buffer.from([0x80, 3, 0, kind, this.#random.integer(4), 0, 0, junk.length]), junk]);
  }
}

function parsed(body: string): { readonly kind?: unknown; readonly code?: unknown; readonly reason?: unknown } | undefined {
  try {
    return (body.startsWith('kind: ') ? parse(body) : JSON.parse(body)) as { readonly kind?: unknown };
  } catch {
    return undefined;
  }
}

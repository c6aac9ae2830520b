import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import httpProxy from 'http-proxy';
import { createProxyServer } from 'httpxy';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';
import type { BackendResolver } from '../../src/proxy/service-proxy.ts';
import type { Measure } from '../measure.ts';
import type { LoadOrder } from './proxy-peer.ts';

const connections = 32;
const seconds = 1;
const peerFile = fileURLToPath(new URL('proxy-peer.ts', import.meta.url));

/** Two peers (a backend and a load generator, each a process of its own) and, in this process, everything that is compared. */
class Contest {
  readonly #ports = new Map<string, number>();
  readonly #ends: (() => unknown)[] = [];
  readonly #load: ChildProcess;

  private constructor(load: ChildProcess) {
    this.#load = load;
  }

  static async open(): Promise<Contest> {
    const load = peer('load');
    const backend = peer('backend');
    const contest = new Contest(load);
    contest.#ends.push(
      () => load.kill(),
      () => backend.kill(),
    );
    const [port] = (await once(backend, 'message')) as [number];
    contest.#ports.set('direct call', port);
    await contest.#theirs(port);
    await contest.#ours(port, 'direct');
    await contest.#ours(port, 'http-proxy');
    return contest;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }

  /** Requests per second through one of them. */
  async rate(name: string): Promise<number> {
    const port = this.#ports.get(name);
    if (port === undefined) throw new Error(`no such contestant: ${name}`);
    this.#load.send({ port, connections, seconds } satisfies LoadOrder);
    const [rate] = (await once(this.#load, 'message')) as [number];
    return rate;
  }

  async #theirs(port: number): Promise<void> {
    const target = { host: '127.0.0.1', port };
    const agent = new Agent({ keepAlive: true });
    this.#ends.push(() => agent.destroy());
    const plain = httpProxy.createProxyServer({ target, agent });
    await this.#serve(
      'http-proxy',
      createServer((req, res) => plain.web(req, res)),
    );
    const xy = createProxyServer({ target, agent });
    await this.#serve(
      'httpxy',
      createServer((req, res) => void xy.web(req, res)),
    );
  }

  async #serve(name: string, server: Server): Promise<void> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#ends.push(() => {
      server.closeAllConnections();
      server.close();
    });
    this.#ports.set(name, (server.address() as AddressInfo).port);
  }

  async #ours(port: number, engine: 'direct' | 'http-proxy'): Promise<void> {
    const clock = new SystemClock();
    const resolve: BackendResolver = (_uid, host, number) => ({ host, port: number });
    const proxy = new UserspaceServiceProxy({ clock, random: new SeededRandom(1), resolve, markDrained: () => undefined, engine });
    this.#ends.push(() => proxy.close());
    await new Promise<void>((ready) => {
      const step = (): void => {
        if (proxy.step(clock.now()).inFlight === 0) ready();
      };
      proxy.start(step);
      proxy.onChanges(serviceTo(port).map((object) => ({ type: 'added', object, previous: undefined })));
      step();
    });
    for (const { mode, localPort } of proxy.listeners()) this.#ports.set(`coxswain ${mode} (${engine})`, localPort);
  }
}

function peer(role: string): ChildProcess {
  return fork(peerFile, [role], { execArgv: process.execArgv });
}

function serviceTo(port: number): readonly StoredObject[] {
  const object = (kind: string, name: string, content: object, labels = {}): StoredObject =>
    deepFreeze({
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z', labels },
      ...content,
    });
  const ports = [
    { name: 'http', port: 80, appProtocol: 'http' },
    { name: 'tcp', port: 81, appProtocol: 'tcp' },
  ];
  const endpoints = [{ addresses: ['127.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod', uid: 'pod', name: 'pod' } }];
  return [
    object('Service', 'web', { spec: { type: 'ClusterIP', clusterIP: '240.0.0.1', ports } }),
    object(
      'EndpointSlice',
      'web-1',
      { addressType: 'IPv4', endpoints, ports: ports.map(({ name }) => ({ name, port, protocol: 'TCP' })) },
      { 'kubernetes.io/service-name': 'web' },
    ),
  ];
}
function contest(name: string, ours: string, others: readonly string[]): Measure {
  let open: Contest | undefined;
  const sample = (who: string) => (): Promise<number> => open?.rate(who) ?? Promise.reject(new Error('not prepared'));
  return {
    name,
    unit: 'requests/s',
    aim: { ratio: 0.9, of: 'http-proxy' },
    better: 'higher',
    samples: 9,
    warmup: 2,
    prepare: async () => {
      const opened = await Contest.open();
      open = opened;
      return () => opened.close();
    },
    sample: sample(ours),
    against: others.map((other) => ({ name: other, sample: sample(other) })),
  };
}

const others = ['direct call', 'http-proxy', 'httpxy'];

/** A GET answered with 1,000 bytes, over 32 kept connections, balanced request by request. */
export const proxyHttp = contest('proxy.http', 'coxswain http (direct)', [...others, 'coxswain http (http-proxy)']);

/** The same requests over connections that are carried as TCP. */
export const proxyTcp = contest('proxy.tcp', 'coxswain tcp (direct)', others);

import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, SystemClock } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { InProcessMain } from '../../src/runtimes/in-process/in-process-image.ts';
import type { ProbeTarget } from '../../src/runtimes/probes/probe-target.ts';
import { networkProbe } from '../../src/runtimes/probes/network-probe.ts';

type Answer = number | 'unknown' | 'never';

const asIs = { requestSerialize: (b: Buffer) => b, requestDeserialize: (b: Buffer) => b };
const check = {
  ...asIs,
  responseSerialize: asIs.requestSerialize,
  responseDeserialize: asIs.requestDeserialize,
  path: '/grpc.health.v1.Health/Check',
  requestStream: false,
  responseStream: false,
};

/** The service's name in a HealthCheckRequest: field 1, its length as a varint of one or two bytes. */
function serviceIn(request: Buffer): string {
  if (request.length === 0) return '';
  return request.subarray((request[1]! & 128) === 0 ? 2 : 3).toString();
}

/** A health service of the usual library. */
async function healthServer(answers: (service: string) => Answer, host = '127.0.0.1', port = 0): Promise<{ server: Server; port: number }> {
  const server = new Server();
  server.addService(
    { Check: check },
    {
      Check: ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        const answer = answers(serviceIn(request));
        if (answer === 'unknown') reply({ code: status.NOT_FOUND, details: 'who is that' });
        else if (answer !== 'never') reply(null, Buffer.from(answer === 0 ? [] : [8, answer]));
      },
    },
  );
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error))),
  );
  return { server, port: bound };
}

const longName = 'a.service.with.a.long.name.'.repeat(6);
const clock = new SystemClock();
const target: ProbeTarget = {
  clock,
  podIp: '127.0.0.1',
  container: { name: 'main' },
  reach: (port) => ({ host: '127.0.0.1', port }),
};
const probe = (port: number, service?: string, timeoutMs = 20_000, signal?: AbortSignal) =>
  networkProbe({ grpc: { port, ...(service === undefined ? {} : { service }) } }, target, timeoutMs, signal);

let health: { server: Server; port: number };
let empty: Server;
let emptyPort: number;
const http = createServer((_request, response) => response.end('hello'));
const silent = createTcpServer();
const listening = async (server: TcpServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  const known: Readonly<Record<string, Answer>> = { '': 1, unset: 0, down: 2, [longName]: 1, slow: 'never' };
  health = await healthServer((service) => known[service] ?? 'unknown');
  empty = new Server();
  emptyPort = await new Promise<number>((resolve, reject) =>
    empty.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error))),
  );
});
afterAll(() => {
  health.server.forceShutdown();
  empty.forceShutdown();
  http.close();
  silent.close();
});

test.each([
  ['the server as a whole', undefined, 'success', 'service healthy'],
  ['a service with a long name', longName, 'success', 'service healthy'],
  ['one that is down', 'down', 'failure', 'service unhealthy (responded with "NOT_SERVING")'],
  ['one that says nothing of itself', 'unset', 'failure', 'service unhealthy (responded with "UNKNOWN")'],
  ['one that is not known', 'nobody', 'failure', 'error: health service has no service "nobody": who is that'],
] as const)('gRPC probe of %s', async (_what, service, outcome, message) => {
  expect(await probe(health.port, service)).toEqual({ outcome, message });
});

test('a server without a health service, one of HTTP/1, and none at all', async () => {
  expect((await probe(emptyPort))?.message).toMatch(/^error: this server does not implement the grpc health protocol/);
  expect(await probe(await listening(http))).toMatchObject({ outcome: 'failure', message: expect.stringMatching(/^error: /) as unknown });
  const closed = createTcpServer();
  const port = await listening(closed);
  await new Promise((resolve) => closed.close(resolve));
  expect((await probe(port))?.message).toMatch(/connection refused/);
});

test('one that does not answer in time, and one that nobody waits for any more', async () => {
  const late = await probe(health.port, 'slow', 100);
  expect(late?.message).toMatch(/within 0\.1s: context deadline exceeded$/);
  expect((await probe(await listening(silent), undefined, 100))?.message).toMatch(/context deadline exceeded$/);
  const abort = new AbortController();
  const aborted = probe(health.port, 'slow', 60_000, abort.signal);
  abort.abort();
  expect(await aborted).toEqual({ outcome: 'failure', message: 'aborted' });
});

test('a Pod is ready when its health service says so', async () => {
  let serving = 2;
  const image: InProcessMain = async (ctx) => {
    const { server } = await healthServer((service) => (service === 'ready' ? serving : 'unknown'), ctx.host, ctx.port(9000));
    await ctx.stopped;
    server.forceShutdown();
  };
  await using cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new InProcessRuntime({ images: { 'grpc:1': image } }) }] });
  await using pod = await cluster.pods.create({
    metadata: { name: 'grpc' },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'grpc:1',
          ports: [{ containerPort: 9000 }],
          readinessProbe: { grpc: { port: 9000, service: 'ready' }, periodSeconds: 1 },
        },
      ],
    },
  });
  await cluster.client.waitFor(
    'a failed probe',
    () => cluster.events.list().some(({ object: { message = '' } }) => message.includes('NOT_SERVING')) || undefined,
    () => pod.evidence(),
  );
  expect(pod.ready).toBe(false);
  serving = 1;
  await pod.waitFor('Ready');
});

import { Resolver } from 'node:dns/promises';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Cluster, type ReplicationController, type Service } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { InProcessMain } from '../../src/runtimes/in-process/in-process-image.ts';
import { Load } from './load.ts';

/** A server that stops at once when it is told to: whoever still talks to it is cut. */
const program: InProcessMain = async (ctx) => {
  const server = createServer((_request, response) => response.end(ctx.podName));
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      webSocket.on('message', (data) => webSocket.send(`echo ${String(data)}`)),
    );
  });
  await ctx.listen(server, 8080);
  await ctx.stopped;
  server.closeAllConnections();
  for (const client of webSockets.clients) client.terminate();
};

let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;

beforeAll(async () => {
  cluster = await Cluster.create({
    dns: {},
    proxy: { webSocketDrainMs: 500 },
    nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new InProcessRuntime({ images: { 'web:1': program } }) })),
  });
  running = cluster.run({ signal: stop.signal });
  const probe = { httpGet: { port: 8080 }, periodSeconds: 1 };
  web = await cluster.replicationControllers.create({
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { app: 'web' },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1', readinessProbe: probe }] } },
    },
  });
  // Nothing here says that it is HTTP.
  service = await cluster.services.create({
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await web.ready();
  await service.ready();
});

afterAll(async () => {
  stop.abort();
  await running;
  await cluster.close();
});

describe('functions behind a Service of which nobody says what it carries', () => {
  test('the only pod is replaced under 500 requests a second, and no request fails', async () => {
    const load = new Load(service.url()!, 500);
    for (let round = 0; round < 2; round++) {
      const victim = web.pods().find((pod) => pod.ready)!;
      const sent = load.sent;
      await cluster.client.waitFor(
        'load',
        () => (load.sent > sent + 200 ? true : undefined),
        () => '',
      );
      await victim.delete();
      await victim.waitForDeletion();
      await web.ready();
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.answers.size).toBe(3);
  });

  test('a WebSocket is told that its pod goes, and comes back to another', async () => {
    const url = service.url()!.replace('http', 'ws');
    const open = async (): Promise<WebSocket> => {
      const webSocket = new WebSocket(url);
      await new Promise((resolve, reject) => webSocket.once('open', resolve).once('error', reject));
      return webSocket;
    };
    const first = await open();
    const code = new Promise<number>((resolve) => first.once('close', resolve));
    const victim = web.pods().find((pod) => pod.ready)!;
    await victim.delete();
    expect(await code).toBe(1001);
    await web.ready();
    const second = await open();
    const echo = new Promise((resolve) => second.once('message', (data) => resolve(String(data))));
    second.send('hello');
    expect(await echo).toBe('echo hello');
    second.terminate();
    await victim.waitForDeletion();
  });

  test('the Service has a name, and the marks of pods that are gone are forgotten', async () => {
    const { address, port } = cluster.nameServer!.address()!;
    const resolver = new Resolver();
    resolver.setServers([`${address}:${port}`]);
    expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual([service.spec.clusterIP]);
    await cluster.client.waitFor(
      'no marks',
      () => (cluster.view.table('drained').size === 0 ? true : undefined),
      () => [...cluster.view.table('drained').keys()].join(),
    );
    expect(cluster.proxy?.serviceCounters('default', 'web')?.requests).toBeGreaterThan(400);
  });
});

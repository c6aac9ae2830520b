import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { ServerHandle } from '../../src/server/index.ts';

let cluster: Cluster;
let server: ServerHandle;
let running: Promise<void>;
let seen: IncomingHttpHeaders = {};
const stop = new AbortController();
const pods = '/api/v1/namespaces/default/pods';
const services = '/api/v1/namespaces/default/services';

beforeAll(async () => {
  const echo = createServer((request, response) => {
    seen = request.headers;
    void text(request).then((body) => {
      response.writeHead(request.url === '/teapot' ? 418 : 200, { 'x-from': 'pod' });
      response.end(`${request.method} ${request.url} ${body}`);
    });
  });
  echo.on('upgrade', (request, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`);
    socket.on('data', (chunk: Buffer) => socket.end(`you said ${chunk.toString()}`));
  });
  const runtime = new InProcessRuntime({
    images: {
      web: (ctx) =>
        new Promise<void>((resolve) => {
          echo.listen(8080, ctx.env['HOST']);
          ctx.signal.addEventListener('abort', () => {
            echo.closeAllConnections();
            echo.close(() => resolve());
          });
        }),
    },
  });
  cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime }] });
  running = cluster.run({ signal: stop.signal });
  server = await cluster.serve({ tls: false, token: 'admin' });
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec:
  containers: [{name: main, image: web, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: default}
spec: {selector: {app: nothing}, ports: [{port: 80}]}
`);
  await cluster.pods.get('web')!.waitFor('Ready');
  await cluster.services.get('web')!.ready();
});

afterAll(async () => {
  stop.abort();
  await running;
  await cluster.close();
});

const ask = (
  path: string,
  init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> =>
  fetch(server.url + path, { redirect: 'manual', ...init, headers: { authorization: 'Bearer admin', ...init.headers } });

test.each([
  [`${pods}/web/proxy/a/b?c=d`, 'GET /a/b?c=d '],
  [`${pods}/web:8080/proxy/`, 'GET / '],
  [`${services}/web/proxy/x`, 'GET /x '],
  [`${services}/http:web:80/proxy/x%20y`, 'GET /x%20y '],
])('%s reaches the Pod', async (path, said) => {
  const response = await ask(path);
  expect(response.headers.get('x-from')).toBe('pod');
  expect(await response.text()).toBe(said);
});

test('method, body and status go through; credentials do not', async () => {
  const response = await ask(`${pods}/web/proxy/teapot`, {
    method: 'POST',
    body: 'tea',
    headers: { 'x-mine': 'yes', 'impersonate-user': 'system:admin' },
  });
  expect([response.status, await response.text()]).toEqual([418, 'POST /teapot tea']);
  expect(seen).toMatchObject({ host: 'web:8080', 'x-mine': 'yes' });
  expect(Object.keys(seen).filter((name) => name === 'authorization' || name.startsWith('impersonate'))).toEqual([]);
});

test.each([
  [`${pods}/none/proxy/`, 404, /pods "none" not found/],
  [`${services}/empty/proxy/`, 503, /no endpoints available for service "empty"/],
  [`${services}/web:9/proxy/`, 503, /no service port "9" found for service "web"/],
  [`${pods}/web:1/proxy/`, 503, /error trying to reach service/],
  [`${pods}/web:99999/proxy/`, 400, /as a port/],
  [`${pods}/https:web:1/proxy/`, 400, /only http is/],
  ['/api/v1/nodes/none/proxy/healthz', 404, /nodes "none" not found/],
])('%s: %i', async (path, status, message) => {
  const response = await ask(path);
  expect(response.status).toBe(status);
  expect(((await response.json()) as { message: string }).message).toMatch(message);
});

test('without its last slash it sends the client there', async () => {
  const response = await ask(`${pods}/web/proxy?a=b`);
  expect([response.status, response.headers.get('location')]).toEqual([301, `${pods}/web/proxy/?a=b`]);
});

test('a node answers for its health and its Pods', async () => {
  expect(await (await ask('/api/v1/nodes/n1/proxy/healthz')).text()).toBe('ok');
  expect(await (await ask('/api/v1/nodes/n1/proxy/pods')).json()).toMatchObject({
    kind: 'PodList',
    items: [{ metadata: { name: 'web' } }],
  });
});

test('a connection may be upgraded through it', async () => {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET ${pods}/web/proxy/up HTTP/1.1\r\nhost: x\r\nauthorization: Bearer admin\r\nconnection: Upgrade\r\nupgrade: chat\r\n\r\n`,
  );
  socket.once('data', () => socket.write('hello'));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 101 [^]*upgrade: chat\r\n\r\nyou said hello$/);
});

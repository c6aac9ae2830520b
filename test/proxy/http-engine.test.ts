import { once } from 'node:events';
import { Agent } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { ManualClock } from '../../src/env/manual-clock.ts';
import type { ProxyPod } from '../../src/testing/proxy-pods.ts';
import { ask } from '../../src/testing/proxy-requests.ts';
import { engines, rawService, withBed, type ProxyBed } from './proxy-bed.ts';

const ok = (body: string, ...fields: readonly string[]): string =>
  ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n');
const get = (path: string, ...fields: readonly string[]): string =>
  ['GET ' + path + ' HTTP/1.1', 'Host: web', ...fields, '', ''].join('\r\n');
const post = (path: string, body: string, ...fields: readonly string[]): string =>
  ['POST ' + path + ' HTTP/1.1', 'Host: web', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n');

/** Sends bytes and returns all that comes back until the proxy closes. */
async function exchange(bed: ProxyBed, port: number, bytes: string): Promise<string> {
  const connection = bed.connect(port);
  connection.socket.write(bytes, 'latin1');
  await bed.until(() => connection.ended || connection.closed, 'the end of the connection');
  return connection.heard;
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

describe.each(engines)('the engine %s', (engine) => {
  it('answers requests that come all at once one after the other, in their order', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket, text) => socket.write(ok(/ (\S+) /.exec(text)?.[1] ?? '')));
      const answers = await exchange(bed, port, get('/1') + post('/2', 'body') + get('/3') + get('/4', 'Connection: close'));
      expect([...answers.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path)).toEqual(['/1', '/2', '/3', '/4']);
      await close();
    }));

  it('drops what concerns one connection only, both ways', () =>
    withBed({ engine }, async (bed) => {
      const { pod, port, close } = await rawService(bed, (socket) => socket.write(ok('x', 'Keep-Alive: timeout=9', 'X-Pod: 1')));
      const request = get('/', 'Keep-Alive: timeout=3', 'Proxy-Connection: keep-alive', 'TE: gzip', 'X-Client: 1', 'Connection: close');
      const answer = await exchange(bed, port, request);
      expect(answer).toMatch(/x-pod: 1/i);
      expect(answer).not.toMatch(/keep-alive: timeout/i);
      expect(pod.seen[0]).toMatch(/x-client: 1/i);
      expect(pod.seen[0]).not.toMatch(/(\r\nkeep-alive:|proxy-connection|\r\nte:|connection: close)/i);
      await close();
    }));

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
  ])('passes an answer to %s without a body: %j', (method, answer) =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket) => socket.write(answer));
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 2; i++) expect(await bed.ask(port, '/', { method, agent })).toMatchObject({ body: '' });
      agent.destroy();
      await close();
    }),
  );

  it('passes a body that ends with the connection, and ends the connection', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
      const { body } = await bed.ask(port, '/');
      expect(body).toBe('all of it');
      await close();
    }));

  it('answers an HTTP/1.0 client and closes', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket) => socket.write(ok('hello')));
      expect(bodyOf(await exchange(bed, port, 'GET / HTTP/1.0\r\n\r\n'))).toBe('hello');
      await close();
    }));

  it('lets a client that asks first send its body (Expect: 100-continue)', () =>
    withBed({ engine }, async (bed) => {
      const pod = await bed.http('a');
      bed.service();
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      connection.socket.write('POST /echo HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n');
      await bed.until(() => connection.heard.startsWith('HTTP/1.1 100'), '100 Continue');
      connection.socket.write('body');
      await bed.until(() => connection.ended, 'the answer');
      expect(connection.heard).toMatch(/HTTP\/1\.1 200[^]*body/);
    }));

  it.each([
    ['GET', 200, 'answered'],
    ['PUT', 200, 'answered'],
    ['POST', 502, ''],
  ])('a kept connection that was closed under a %s: %i', (method, status, text) =>
    withBed({ engine }, async (bed) => {
      // The first connection is kept, and closed when the next request comes in.
      const { pod, port, close } = await rawService(bed, (socket, _text, { seen, sockets }) => {
        if (seen.length === 2 && sockets[0] === socket) socket.destroy();
        else socket.write(ok('answered'));
      });
      await bed.ask(port, '/first');
      const answer = await bed.ask(port, '/second', { method, ...(method === 'GET' ? {} : { body: 'body' }) });
      expect([answer.status, status === 200 ? answer.body : '']).toEqual([status, text]);
      expect(pod.sockets.length).toBe(method === 'POST' ? 1 : 2);
      await close();
    }),
  );

  it('a process that stood still while a pod took the connection does not blame the pod', () =>
    withBed({ engine, clock: new ManualClock(), connectTimeoutMs: 2_000 }, async (bed) => {
      const pod = await bed.http('a');
      bed.pod(pod);
      bed.service();
      // The time is up before the event loop can hear that the connection stands.
      const late: ProxyPod = {
        ...pod,
        get port() {
          setImmediate(() => bed.pass(2_000));
          return pod.port;
        },
      };
      bed.endpoints([late]);
      const port = await bed.port();
      expect(await bed.ask(port, '/name')).toMatchObject({ status: 200, body: 'a' });
      const webSocket = new WebSocket(`ws://127.0.0.1:${port}/`);
      await once(webSocket, 'open');
      webSocket.terminate();
    }));

  it('a pod that takes a request and dies costs another pod one attempt, if the request may be repeated', () =>
    withBed({ engine }, async (bed) => {
      const { port, pod, close } = await rawService(bed, (socket) => socket.destroy());
      expect((await bed.ask(port, '/')).status).toBe(502);
      const other = await bed.http('other');
      bed.endpoints([pod, other]);
      for (let i = 0; i < 4; i++) expect((await bed.ask(port, '/name')).status).toBe(200);
      await close();
    }));

  it('does not use a connection for longer than the pod says it keeps it', () =>
    withBed({ engine, clock: new ManualClock() }, async (bed) => {
      const { pod, port, close } = await rawService(bed, (socket) => socket.write(ok('x', 'Keep-Alive: timeout=3')));
      for (let i = 0; i < 3; i++) await bed.ask(port, '/');
      expect(pod.sockets.length).toBe(1);
      let closed = false;
      pod.sockets[0]!.once('close', () => (closed = true));
      bed.pass(1_900);
      await turn();
      expect(closed).toBe(false);
      bed.pass(101);
      await bed.until(() => closed, 'the end of the idle connection');
      await bed.ask(port, '/');
      expect(pod.sockets.length).toBe(2);
      await close();
    }));

  it('does not keep a connection that the pod wants closed', () =>
    withBed({ engine }, async (bed) => {
      const { pod, port, close } = await rawService(bed, (socket) => socket.write(ok('x', 'Connection: close')));
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 3; i++) expect((await bed.ask(port, '/', { agent })).headers.connection).not.toBe('close');
      expect(pod.sockets.length).toBe(3);
      agent.destroy();
      await close();
    }));

  it('closes an idle connection of a client when its time is up', () =>
    withBed({ engine, clock: new ManualClock(), clientIdleMs: 5_000 }, async (bed) => {
      const pod = await bed.http('a');
      bed.service();
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      connection.socket.write(get('/name'));
      await bed.until(() => connection.heard.endsWith('a'), 'an answer');
      for (let i = 0; i < 10; i++) await turn();
      bed.pass(4_999);
      await turn();
      expect(connection.closed || connection.ended).toBe(false);
      bed.pass(1);
      await bed.until(() => connection.closed || connection.ended, 'the end of the connection');
    }));

  it('holds a pod back that sends faster than the client reads', () =>
    withBed({ engine }, async (bed) => {
      const size = 640 * 65_536;
      let sent = 0;
      const { port, close } = await rawService(bed, (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        const pump = (): void => {
          for (let room = true; room && sent < size; sent += 65_536) room = socket.write(Buffer.alloc(65_536, 'x'));
        };
        socket.on('drain', pump);
        pump();
      });
      const connection = bed.connect(port);
      connection.socket.pause();
      connection.socket.write(get('/', 'Connection: close'));
      let [before, looks] = [0, 0];
      await bed.until(() => {
        looks = sent > 0 && sent === before ? looks + 1 : 0;
        before = sent;
        return looks === 10;
      }, 'the pod to be held back');
      expect(sent).toBeLessThan(size);
      let received = 0;
      connection.socket.removeAllListeners('data');
      connection.socket.on('data', (data: Buffer) => (received += data.length));
      connection.socket.resume();
      await once(connection.socket, 'end');
      expect(received).toBeGreaterThan(size);
      await close();
    }));

  it('says that a connection will be closed once its listener is, and lets requests in flight end', () =>
    withBed({ engine }, async (bed) => {
      const pod = await bed.http('a');
      bed.service();
      bed.endpoints([pod]);
      const port = await bed.port();
      const [idle, busy] = [bed.connect(port), bed.connect(port)];
      idle.socket.write(get('/name'));
      busy.socket.write(get('/slow'));
      await bed.until(() => idle.heard.endsWith('a') && pod.slow.length === 1, 'one answer, one request in flight');
      for (let i = 0; i < 10; i++) await turn();
      bed.remove('Service', 'web');
      await bed.until(() => idle.ended || idle.closed, 'the end of the idle connection');
      expect(busy.ended).toBe(false);
      pod.slow[0]?.();
      await bed.until(() => busy.ended, 'the end of the busy one');
      expect(busy.heard).toMatch(/^HTTP\/1\.1 200[^]*connection: close\r\n[^]*a$/i);
    }));

  it('passes an answer that comes before the whole request', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket, _text, { seen }) => {
        if (seen.length === 1) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!');
      });
      const connection = bed.connect(port);
      connection.socket.write('POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 1000000\r\n\r\nthe beginning');
      await bed.until(() => connection.heard.endsWith('no!'), 'the answer');
      expect(connection.heard).toMatch(/^HTTP\/1\.1 413/);
      await close();
    }));

  it('takes no request for two, nor two for one: what is ambiguous is refused', () =>
    withBed({ engine }, async (bed) => {
      const { pod, port, close } = await rawService(bed, (socket) => socket.write(ok('x')));
      const hidden = get('/hidden');
      const attempts = [
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
        `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
        `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
        `POST / HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n${hidden}`,
      ];
      for (const attempt of attempts) expect(await exchange(bed, port, attempt)).toMatch(/^HTTP\/1\.1 (400|501)/);
      expect(pod.seen.join('')).not.toContain('/hidden');
      await close();
    }));

  it('refuses a malformed chunk in the middle of a body', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, () => undefined);
      const connection = bed.connect(port);
      connection.socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      await turn();
      connection.socket.write('zz\r\n');
      await bed.until(() => connection.ended || connection.closed, 'the end of the connection');
      expect(connection.heard === '' || connection.heard.startsWith('HTTP/1.1 400')).toBe(true);
      await close();
    }));

  it('refuses a head without end', () =>
    withBed({ engine }, async (bed) => {
      const { pod, port, close } = await rawService(bed, () => undefined);
      expect(await exchange(bed, port, `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(70_000)}`)).toMatch(/^HTTP\/1\.1 431/);
      expect(pod.seen).toEqual([]);
      await close();
    }));

  it('answers 502 to a pod that does not speak HTTP', () =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket) => socket.write('220 mail.example ESMTP\r\n\r\n'));
      expect((await bed.ask(port, '/', { method: 'POST' })).status).toBe(502);
      expect(bed.proxy.serviceCounters('default', 'web')?.errors).toBe(1);
      await close();
    }));

  it('repeats a body that was taken in before a pod refused the connection', () =>
    withBed({ engine }, async (bed) => {
      const [dead, pod] = [await bed.http('dead'), await bed.http('a')];
      bed.service({ sessionAffinity: 'None' });
      bed.endpoints([dead, pod]);
      const port = await bed.port();
      await dead.kill();
      const body = 'y'.repeat(500_000);
      for (let i = 0; i < 3; i++) expect((await bed.ask(port, '/echo', { method: 'POST', body })).body).toBe(body);
    }));

  it('leaves no request unanswered when many are sent at once over few connections', () =>
    withBed({ engine }, async (bed) => {
      const pods = [await bed.http('a'), await bed.http('b')];
      bed.service();
      bed.endpoints(pods);
      const port = await bed.port();
      const agent = new Agent({ keepAlive: true, maxSockets: 4 });
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => ask(port, '/echo', { method: 'POST', body: `n${i}`, agent })),
      );
      expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 200 }, (_, i) => `n${i}`));
      agent.destroy();
    }));
});

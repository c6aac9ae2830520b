import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { begin } from './proxy-requests.ts';
import { proxyCase, type ProxyCase, type ProxyProbe } from './proxy-probe.ts';
import type { HttpPod } from './proxy-pods.ts';

async function onePod(probe: ProxyProbe): Promise<{ pod: HttpPod; port: number }> {
  const pod = await probe.http('a');
  probe.service();
  probe.endpoints([pod]);
  return { pod, port: await probe.port() };
}

/** Bytes of every value, `length` of them. */
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255));

const http: readonly ProxyCase[] = [
  proxyCase('http: bodies of any size pass unchanged, both ways', async (probe) => {
    const { port } = await onePod(probe);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (const length of [0, 1, 1_000, 70_000, 3_000_000]) {
        const body = bytes(length);
        const answer = await probe.ask(port, '/echo', { method: 'POST', body, agent });
        assert.equal(answer.status, 200);
        assert.ok(Buffer.from(answer.body, 'latin1').equals(body), `a body of ${length} bytes came back as ${answer.body.length}`);
      }
    } finally {
      agent.destroy();
    }
  }),
  proxyCase('http: method, path and status pass as they are', async (probe) => {
    const { pod, port } = await onePod(probe);
    const answer = await probe.ask(port, '/status?418', { method: 'PUT' });
    assert.equal(answer.status, 418);
    await probe.ask(port, '//a/../b%2Fc?x=1&x=2', { method: 'PATCH' });
    await probe.ask(port, '/name', { method: 'HEAD' });
    assert.deepEqual(pod.seen, ['PUT /status?418', 'PATCH //a/../b%2Fc?x=1&x=2', 'HEAD /name']);
  }),
  ...(['/wait', '/hang'] as const).flatMap((path) =>
    (['GET', 'POST'] as const).map((method) =>
      proxyCase(
        `http: a client that goes away is noticed by the pod (${method}, ${path === '/wait' ? 'before' : 'after'} the answer began)`,
        async (probe) => {
          const { pod, port } = await onePod(probe);
          const request = begin(port, path, method);
          let begun = false;
          request.once('response', (response) => {
            response.once('data', () => (begun = true));
            response.on('error', () => undefined);
          });
          await probe.until(() => (path === '/wait' ? pod.seen.length === 1 : begun), 'the request at the pod');
          request.destroy();
          await probe.until(() => pod.gone === 1, 'the pod to notice');
        },
      ),
    ),
  ),
  proxyCase('http: a pod that dies in the middle of an answer cuts the client', async (probe) => {
    const { port } = await onePod(probe);
    await assert.rejects(probe.ask(port, '/die'), { code: 'ECONNRESET' });
  }),
  proxyCase('http: a DELETE with a chunked body is one request for the pod', async (probe) => {
    const { pod, port } = await onePod(probe);
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const connection = probe.connect(port);
    connection.socket.write(`DELETE /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
    await probe.until(() => connection.heard.includes('\r\n\r\n'), 'an answer');
    connection.socket.write('GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await probe.until(() => connection.ended, 'the second answer');
    assert.deepEqual(pod.seen, ['DELETE /one', 'GET /two']);
  }),
];

const streams: readonly ProxyCase[] = [
  proxyCase('tcp: each side may end before the other', async (probe) => {
    const pod = await probe.tcp('a');
    probe.service({}, [{ port: 81 }]);
    probe.endpoints([pod]);
    const connection = probe.connect(await probe.port());
    connection.socket.end('all there is');
    await probe.until(() => connection.ended, 'the end of the answer');
    assert.equal(connection.heard, 'a\nall there isbye');
  }),
  proxyCase('tcp: a pod that dies cuts its clients', async (probe) => {
    const pod = await probe.tcp('a');
    probe.service({}, [{ port: 81 }]);
    probe.endpoints([pod]);
    const connection = probe.connect(await probe.port());
    await probe.until(() => connection.heard === 'a\n', 'a greeting');
    await pod.kill();
    await probe.until(() => connection.ended || connection.closed, 'the end of the connection');
  }),
];

const figures: readonly ProxyCase[] = [
  proxyCase('requests are counted for the Service and for each pod', async (probe) => {
    const { pod, port } = await onePod(probe);
    const slow = probe.ask(port, '/slow');
    await probe.until(() => pod.slow.length === 1, 'the slow request at its pod');
    for (let i = 0; i < 5; i++) await probe.ask(port, i === 0 ? '/status?500' : '/name');
    const during = probe.proxy.serviceCounters('default', 'web');
    assert.deepEqual([during?.requests, during?.inFlight, during?.serverErrors, during?.errors], [6, 1, 1, 0]);
    pod.slow[0]?.();
    await slow;
    await probe.until(() => probe.proxy.inFlight(pod.uid) === 0, 'nothing in flight');
    const counters = probe.proxy.podCounters(pod.uid);
    assert.deepEqual([counters?.requests, counters?.inFlight, counters?.serverErrors], [6, 0, 1]);
    assert.equal(counters?.latencyBuckets.length, probe.proxy.latencyBucketsMs.length + 1);
    assert.equal(counters?.latencyBuckets.at(-1), 6);
    assert.equal(probe.proxy.serviceCounters('default', 'no-such-service'), undefined);
    assert.equal(probe.proxy.podCounters('no-such-pod'), undefined);
  }),
  proxyCase('what the proxy could not carry is counted as an error', async (probe) => {
    const { pod, port } = await onePod(probe);
    await pod.kill();
    const { status } = await probe.ask(port, '/name');
    assert.ok(status === 502 || status === 503, `expected 502 or 503, got ${status}`);
    assert.equal(probe.proxy.serviceCounters('default', 'web')?.errors, 1);
  }),
  proxyCase('tcp: connections are counted', async (probe) => {
    const pod = await probe.tcp('a');
    probe.service({}, [{ port: 81 }]);
    probe.endpoints([pod]);
    const connection = probe.connect(await probe.port());
    await probe.until(() => connection.heard === 'a\n', 'a greeting');
    const counters = probe.proxy.podCounters(pod.uid);
    assert.deepEqual([counters?.connections, counters?.inFlight], [1, 1]);
    connection.socket.destroy();
    await probe.until(() => probe.proxy.inFlight(pod.uid) === 0, 'nothing in flight');
  }),
  proxyCase('close() ends listeners and connections, and may be repeated', async (probe) => {
    const { pod, port } = await onePod(probe);
    const idle = probe.connect(port);
    const busy = probe.connect(port);
    busy.socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await probe.until(() => pod.slow.length === 1, 'the slow request at its pod');
    await probe.close();
    await probe.close();
    await probe.until(() => (idle.closed || idle.ended) && (busy.closed || busy.ended), 'the end of all connections');
    await probe.until(() => pod.connections() === 0, 'no connection to the pod');
    await assert.rejects(probe.ask(port, '/name'), { code: 'ECONNREFUSED' });
  }),
];

/** What traffic is like on the way, and what is known of it. */
export const proxyCarriageCases: readonly ProxyCase[] = [...http, ...streams, ...figures];

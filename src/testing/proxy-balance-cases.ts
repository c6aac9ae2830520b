import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { proxyCase, type ProxyCase, type ProxyProbe } from './proxy-probe.ts';

/** Names of the pods that answered `count` requests, in order. */
async function answeredBy(probe: ProxyProbe, port: number, count: number, agent?: Agent): Promise<readonly string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const { status, body } = await probe.ask(port, '/name', agent === undefined ? {} : { agent });
    assert.equal(status, 200, `request ${i + 1} of ${count}: ${body}`);
    names.push(body);
  }
  return names;
}

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();

/** The name a TCP pod says first. */
async function greeting(probe: ProxyProbe, port: number): Promise<string> {
  const connection = probe.connect(port);
  await probe.until(() => connection.heard.endsWith('\n') || connection.closed, 'a greeting');
  connection.socket.destroy();
  return connection.heard.trim();
}

const spreading: readonly ProxyCase[] = [
  proxyCase('http: requests over one kept connection are spread over all ready endpoints', async (probe) => {
    const pods = [await probe.http('a'), await probe.http('b'), await probe.http('c')];
    probe.service();
    probe.endpoints(pods);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const names = await answeredBy(probe, await probe.port(), 60, agent);
      assert.deepEqual(sorted(names), ['a', 'b', 'c']);
      for (const pod of pods) assert.ok(pod.seen.length >= 5, `${pod.name} got ${pod.seen.length} of 60 requests`);
    } finally {
      agent.destroy();
    }
  }),
  proxyCase('tcp: connections are spread over all ready endpoints', async (probe) => {
    const pods = [await probe.tcp('a'), await probe.tcp('b')];
    probe.service({}, [{ port: 81 }]);
    probe.endpoints(pods);
    const port = await probe.port();
    const names: string[] = [];
    for (let i = 0; i < 16; i++) names.push(await greeting(probe, port));
    assert.deepEqual(sorted(names), ['a', 'b']);
  }),
  proxyCase('udp: the datagrams of one client go to one pod, and answers come back', async (probe) => {
    const pods = [await probe.udp('a'), await probe.udp('b')];
    probe.service({}, [{ port: 53, protocol: 'UDP' }]);
    probe.endpoints(pods, 'UDP');
    const client = probe.datagrams(await probe.port());
    for (let i = 0; i < 5; i++) {
      client.send(`n${i}`);
      await probe.until(() => client.heard.length > i, `an answer to datagram ${i}`);
    }
    const name = client.heard[0]?.split(':')[0];
    assert.deepEqual(
      client.heard,
      [0, 1, 2, 3, 4].map((i) => `${name}:n${i}`),
    );
  }),
  proxyCase('two ports of a Service are two listeners, each with its own endpoints', async (probe) => {
    const web = await probe.http('web');
    const db = await probe.tcp('db');
    probe.service({}, [
      { name: 'web', port: 80, appProtocol: 'http' },
      { name: 'db', port: 5432 },
    ]);
    probe.endpoints([web], 'TCP', 'web');
    probe.endpoints([db], 'TCP', 'db');
    assert.deepEqual(await answeredBy(probe, await probe.port('web'), 1), ['web']);
    assert.equal(await greeting(probe, await probe.port('db')), 'db');
  }),
];

const choosing: readonly ProxyCase[] = [
  proxyCase('an endpoint that is not ready gets nothing', async (probe) => {
    const [a, b] = [await probe.http('a'), await probe.http('b')];
    probe.service();
    probe.endpoints([a, [b, { ready: false }]]);
    await answeredBy(probe, await probe.port(), 10);
    assert.deepEqual([a.seen.length, b.seen.length], [10, 0]);
  }),
  proxyCase('terminating endpoints that serve get traffic only while nothing is ready', async (probe) => {
    const [a, b] = [await probe.http('a'), await probe.http('b')];
    const leaving = { ready: false, serving: true, terminating: true };
    probe.service();
    probe.endpoints([[a, leaving]]);
    const port = await probe.port();
    assert.deepEqual(sorted(await answeredBy(probe, port, 3)), ['a']);
    probe.endpoints([[a, leaving], b]);
    assert.deepEqual(sorted(await answeredBy(probe, port, 10)), ['b']);
  }),
  proxyCase('http: without an endpoint a request is answered with 503', async (probe) => {
    const a = await probe.http('a');
    probe.service();
    probe.endpoints([[a, { ready: false }]]);
    const { status } = await probe.ask(await probe.port(), '/name');
    assert.equal(status, 503);
    assert.equal(a.seen.length, 0);
  }),
  proxyCase('tcp: without an endpoint a connection is closed', async (probe) => {
    probe.service({}, [{ port: 81 }]);
    const connection = probe.connect(await probe.port());
    await probe.until(() => connection.closed, 'the end of the connection');
    assert.equal(connection.heard, '');
  }),
  proxyCase('an endpoint that refuses connections costs no request, POST included', async (probe) => {
    const [dead, a] = [await probe.http('dead'), await probe.http('a')];
    probe.service();
    probe.endpoints([dead, a]);
    await dead.kill();
    const port = await probe.port();
    for (let i = 0; i < 6; i++) {
      const body = `body ${i}`;
      const answer = await probe.ask(port, '/echo', { method: 'POST', body });
      assert.deepEqual([answer.status, answer.body], [200, body]);
    }
  }),
  proxyCase('a Service keeps its address while its endpoints come and go, and answers no more when deleted', async (probe) => {
    const [a, b] = [await probe.http('a'), await probe.http('b')];
    probe.service();
    const port = await probe.port();
    probe.endpoints([a]);
    assert.deepEqual(await answeredBy(probe, port, 1), ['a']);
    probe.endpoints([b]);
    assert.equal(await probe.port(), port);
    assert.deepEqual(await answeredBy(probe, port, 1), ['b']);
    probe.remove('Service', 'web');
    await probe.until(() => probe.proxy.listeners().length === 0, 'no listener');
    await assert.rejects(probe.ask(port, '/name'), { code: 'ECONNREFUSED' });
  }),
];

const affine = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };

const sessions: readonly ProxyCase[] = [
  proxyCase('sessionAffinity ClientIP: a client stays with its pod, over updates as well', async (probe) => {
    const pods = [await probe.http('a'), await probe.http('b'), await probe.http('c')];
    probe.service(affine);
    probe.endpoints(pods);
    const port = await probe.port();
    const [first = ''] = await answeredBy(probe, port, 1);
    probe.endpoints([...pods, await probe.http('d')]);
    probe.service({ ...affine, publishNotReadyAddresses: true });
    assert.deepEqual(sorted(await answeredBy(probe, port, 12)), [first]);
  }),
  proxyCase('sessionAffinity ClientIP: when its pod leaves, a client stays with another', async (probe) => {
    const pods = [await probe.http('a'), await probe.http('b'), await probe.http('c')];
    probe.service(affine);
    probe.endpoints(pods);
    const port = await probe.port();
    const [first = ''] = await answeredBy(probe, port, 1);
    probe.endpoints(pods.filter(({ name }) => name !== first));
    const [second = '', ...others] = await answeredBy(probe, port, 12);
    assert.notEqual(second, first);
    assert.deepEqual(sorted(others), [second]);
  }),
];

/** Who gets what. */
export const proxyBalanceCases: readonly ProxyCase[] = [...spreading, ...choosing, ...sessions];

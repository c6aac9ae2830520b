import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { WebSocket } from 'ws';
import { proxyCase, type ProxyCase, type ProxyProbe } from './proxy-probe.ts';
import type { HttpPod } from './proxy-pods.ts';

/** What slices say of a pod that is being deleted and still answers. */
const leaving = { ready: false, serving: true, terminating: true };

/** Two pods behind `web`, the first with a request in flight that the caller ends. */
async function withSlowRequest(probe: ProxyProbe): Promise<{ a: HttpPod; b: HttpPod; port: number; slow: Promise<{ body: string }> }> {
  const [a, b] = [await probe.http('a'), await probe.http('b')];
  for (const pod of [a, b]) probe.pod(pod);
  probe.service();
  probe.endpoints([a]);
  const port = await probe.port();
  const slow = probe.ask(port, '/slow');
  await probe.until(() => a.slow.length === 1, 'the slow request at its pod');
  return { a, b, port, slow };
}

const marks: readonly ProxyCase[] = [
  proxyCase('a request in flight is finished after its endpoint has left, and only then is the pod drained', async (probe) => {
    const { a, b, port, slow } = await withSlowRequest(probe);
    probe.pod(a, 'terminating');
    probe.endpoints([[a, leaving], b]);
    await probe.quiet();
    assert.deepEqual(probe.drained, []);
    assert.equal(probe.proxy.inFlight(a.uid), 1);
    const others = await Promise.all(Array.from({ length: 8 }, () => probe.ask(port, '/name')));
    assert.deepEqual([...new Set(others.map(({ body }) => body))], ['b']);
    a.slow[0]?.();
    assert.equal((await slow).body, 'a');
    await probe.until(() => probe.drained.length > 0, 'the mark');
    assert.deepEqual(probe.drained, [a.uid]);
    assert.equal(probe.proxy.inFlight(a.uid), 0);
  }),
  proxyCase('a terminating pod that its slices still call ready is not drained', async (probe) => {
    const a = await probe.http('a');
    probe.pod(a);
    probe.service();
    probe.endpoints([a]);
    await probe.port();
    probe.pod(a, 'terminating');
    await probe.quiet();
    assert.deepEqual(probe.drained, []);
    probe.endpoints([]);
    await probe.until(() => probe.drained.length > 0, 'the mark');
  }),
  proxyCase('a pod behind no Service is drained in the next step, and reported once', async (probe) => {
    const a = await probe.http('a');
    probe.pod(a);
    await probe.quiet();
    assert.deepEqual(probe.drained, []);
    probe.pod(a, 'terminating');
    await probe.quiet();
    probe.pod(a, 'terminating');
    await probe.quiet();
    assert.deepEqual(probe.drained, [a.uid]);
  }),
  proxyCase('a pod that is drained gets nothing more, whatever the slices say', async (probe) => {
    const a = await probe.http('a');
    probe.pod(a, 'terminating');
    await probe.until(() => probe.drained.length === 1, 'the mark');
    probe.service();
    probe.endpoints([[a, leaving]]);
    const { status } = await probe.ask(await probe.port(), '/name');
    assert.deepEqual([status, a.seen], [503, []]);
  }),
  proxyCase('tcp: an open connection goes on after its endpoint has left, and holds the mark back', async (probe) => {
    const [a, b] = [await probe.tcp('a'), await probe.tcp('b')];
    probe.pod(a);
    probe.service({}, [{ port: 81 }]);
    probe.endpoints([a]);
    const connection = probe.connect(await probe.port());
    await probe.until(() => connection.heard === 'a\n', 'a greeting');
    probe.pod(a, 'terminating');
    probe.endpoints([[a, leaving], b]);
    await probe.quiet();
    assert.deepEqual(probe.drained, []);
    connection.socket.write('still here');
    await probe.until(() => connection.heard === 'a\nstill here', 'an echo');
    connection.socket.end();
    await probe.until(() => probe.drained.length === 1, 'the mark');
  }),
  proxyCase('idle connections to a pod are closed as soon as its endpoint leaves', async (probe) => {
    const [a, b] = [await probe.http('a'), await probe.http('b')];
    probe.service();
    probe.endpoints([a]);
    await probe.ask(await probe.port(), '/name');
    probe.endpoints([b]);
    await probe.until(() => a.connections() === 0, 'no connection to the pod');
  }),
];

const replacing: readonly ProxyCase[] = [
  proxyCase('pods are replaced under load, and no request fails', async (probe) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let pods = [await probe.http('a0'), await probe.http('b0')];
    for (const pod of pods) probe.pod(pod);
    probe.service();
    probe.endpoints(pods);
    const port = await probe.port();
    let running = true;
    let answered = 0;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      for (let i = 0; running; i++) {
        const options = i % 3 === 0 ? { agent, method: 'POST', body: 'x'.repeat(100) } : { agent };
        const { status, body } = await probe.ask(port, '/name', options);
        answered++;
        if (status !== 200) failures.push(`${status} ${body}`);
      }
    };
    const clients = Array.from({ length: 8 }, () => client().catch((error: unknown) => void failures.push(String(error))));
    for (const round of [1, 2, 3]) {
      const fresh = [await probe.http(`a${round}`), await probe.http(`b${round}`)];
      for (const pod of fresh) probe.pod(pod);
      probe.endpoints([...pods, ...fresh]);
      for (const pod of pods) probe.pod(pod, 'terminating');
      probe.endpoints([...pods.map((pod) => [pod, leaving] as const), ...fresh]);
      await probe.until(() => pods.every(({ uid }) => probe.drained.includes(uid)), `the marks of round ${round}`);
      for (const pod of pods) {
        await pod.kill();
        probe.remove('Pod', pod.name);
      }
      probe.endpoints(fresh);
      pods = fresh;
      const soFar = answered;
      await probe.until(() => answered > soFar + 20, 'some more requests');
    }
    running = false;
    await probe.within(Promise.all(clients), 'the end of all requests');
    agent.destroy();
    assert.deepEqual(failures, []);
  }),
  proxyCase('a WebSocket is closed with 1001 when its pod leaves', async (probe) => {
    const [a, b] = [await probe.http('a'), await probe.http('b')];
    probe.pod(a);
    probe.service();
    probe.endpoints([a]);
    const webSocket = new WebSocket(`ws://127.0.0.1:${await probe.port()}/socket`);
    const heard: string[] = [];
    let code = 0;
    webSocket.on('error', () => undefined);
    webSocket.on('message', (data: Buffer) => heard.push(data.toString()));
    webSocket.once('close', (closedWith: number) => (code = closedWith));
    webSocket.once('open', () => webSocket.send('hello'));
    await probe.until(() => heard.length === 1, 'an echo');
    assert.deepEqual([heard, probe.proxy.inFlight(a.uid)], [['hello'], 1]);
    probe.pod(a, 'terminating');
    probe.endpoints([[a, leaving], b]);
    await probe.until(() => code !== 0, 'the end of the WebSocket');
    assert.equal(code, 1001);
    await probe.until(() => probe.drained.length === 1, 'the mark');
  }),
];

/** How pods leave. */
export const proxyDrainCases: readonly ProxyCase[] = [...marks, ...replacing];

import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { engines, ProxyBed } from './proxy-bed.ts';

const open = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((each) => !/^(Immediate|TickObject|.*Pipe.*|FSReq.*)$/.test(each));

it.each(engines)('%s: close() leaves no socket and no timer, in whatever state it finds things', async (engine) => {
  const before = open().length;
  const clock = new ManualClock();
  const bed = new ProxyBed({
    engine,
    clock,
    hold: ({ metadata }) => (metadata.name === 'web' ? undefined : { maxRequests: 5, maxWaitMs: 1e6 }),
  });
  const http = await bed.http('a');
  const tcp = await bed.tcp('b');
  const udp = await bed.udp('c');
  bed.service({}, [
    { name: 'http', port: 80, appProtocol: 'http' },
    { name: 'tcp', port: 81 },
    { name: 'udp', port: 82, protocol: 'UDP' },
    { name: 'gone', port: 83, appProtocol: 'http' },
  ]);
  bed.put('v1', 'Service', 'empty', { spec: { clusterIP: '240.0.0.2', ports: [{ port: 80, appProtocol: 'http' }] } } as object);
  bed.endpoints([http], 'TCP', 'http');
  bed.endpoints([tcp], 'TCP', 'tcp');
  bed.endpoints([udp], 'UDP', 'udp');
  bed.endpoints([http], 'TCP', 'gone');
  const ports = [await bed.port('http'), await bed.port('tcp'), await bed.port('udp'), await bed.port('gone')] as const;
  const empty = bed.proxy.listeners().find(({ service }) => service.name === 'empty')!.localPort;
  // Idle, in mid-head, in flight, in mid-body, WebSocket, relayed, waiting, and on a listener that is going.
  const clients = [ports[0], ports[0], ports[0], ports[0], ports[1], empty, ports[3]].map((port) => bed.connect(port));
  const texts = ['GET /name HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /na', 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'];
  texts.push('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nbegun', 'hello');
  texts.push('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  for (const [i, { socket }] of clients.entries()) socket.write(texts[i]!);
  const webSocket = new WebSocket(`ws://127.0.0.1:${ports[0]}/`);
  let code = 0;
  webSocket.once('close', (closedWith: number) => (code = closedWith));
  await new Promise((resolve) => webSocket.once('open', resolve));
  const datagrams = bed.datagrams(ports[2]);
  datagrams.send('x');
  await bed.until(() => datagrams.heard.length === 1 && clients[4]!.heard === 'b\nhello' && http.slow.length === 2, 'traffic of all kinds');
  await bed.until(() => bed.proxy.serviceCounters('default', 'empty')?.held === 1 && clients[0]!.heard.endsWith('a'), 'one that waits');
  bed.service({}, [
    { name: 'http', port: 80, appProtocol: 'http' },
    { name: 'tcp', port: 81 },
    { name: 'udp', port: 82, protocol: 'UDP' },
  ]);
  await bed.quiet();
  await bed.close();
  await bed.until(() => clients.every(({ ended, closed }) => ended || closed) && code !== 0, 'the end of everything');
  expect(code).toBe(1001);
  expect(clock.timers).toBe(0);
  await bed.until(() => http.connections() === 0, 'no connection to a pod');
  await bed.dispose();
  // The kernel and the other ends of what was closed take their time.
  for (const since = performance.now(); open().length > before && performance.now() - since < patienceMs;) await turn();
  expect(open().length).toBeLessThanOrEqual(before);
});

it('a proxy that is closed while it is still binding leaves nothing', async () => {
  const clock = new ManualClock();
  const proxy = new UserspaceServiceProxy({
    clock,
    random: new SeededRandom(1),
    resolve: () => undefined,
    markDrained: () => undefined,
  });
  proxy.start(() => undefined);
  const metadata = { name: 'a', namespace: 'default', uid: 'a', resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' };
  const spec = { clusterIP: '240.0.0.1', ports: [{ port: 80 }] };
  proxy.onChanges([{ type: 'added', object: { apiVersion: 'v1', kind: 'Service', metadata, spec }, previous: undefined }]);
  expect(proxy.step(clock.now()).inFlight).toBe(1);
  await proxy.close();
  expect([proxy.listeners(), clock.timers]).toEqual([[], 0]);
});

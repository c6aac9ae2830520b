import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { networkProbe } from '../../src/runtimes/probes/network-probe.ts';
import type { ProbeTarget } from '../../src/runtimes/probes/probe-target.ts';

/** A server of which every answer is on its way when the prober's process stands still for a second, and a prober of it. */
async function bed() {
  const clock = new ManualClock();
  const standStill = (): void => {
    clock.moveTo(clock.now() + 1_000);
    clock.fireDue();
  };
  const server = createServer((_request, response) => {
    response.end('hello');
    setImmediate(standStill);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target: ProbeTarget = {
    clock,
    podIp: '127.0.0.1',
    container: { name: 'main' },
    reach: (to) => ({ host: '127.0.0.1', port: to }),
  };
  return { clock, port, target, standStill, [Symbol.dispose]: () => void server.close() };
}

test('an HTTP answer that came while the prober stood still counts', async () => {
  using it = await bed();
  expect(await networkProbe({ httpGet: { port: it.port } }, it.target, 1_000)).toEqual({ outcome: 'success', message: 'hello' });
});

test('a connection that came about while the prober stood still counts', async () => {
  using it = await bed();
  await it.clock.turn();
  const probed = networkProbe({ tcpSocket: { port: it.port } }, it.target, 1_000);
  it.standStill();
  expect(await probed).toEqual({ outcome: 'success', message: '' });
});

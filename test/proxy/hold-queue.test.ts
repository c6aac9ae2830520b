import { describe, expect, it } from 'vitest';
import type { ServiceManifest } from '../../src/api/generated/models.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { engines, withBed } from './proxy-bed.ts';

const hold = () => ({ maxRequests: 3, maxWaitMs: 30_000 });

describe.each(engines)('requests of a Service without pods (engine %s)', (engine) => {
  it('wait for the first pod, are told of, and are answered in full', () => {
    const told: number[] = [];
    return withBed({ engine, hold, onHeld: (_service, held) => told.push(held) }, async (bed) => {
      const pod = await bed.http('a');
      bed.service();
      const port = await bed.port();
      const answers = [1, 2, 3].map((i) => bed.ask(port, '/echo', { method: 'POST', body: `body ${i}` }));
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 3, 'three requests that wait');
      expect(told).toEqual([1, 2, 3]);
      bed.endpoints([[pod, { ready: false }]]);
      await bed.quiet();
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ held: 3, heldTotal: 3, inFlight: 3 });
      bed.endpoints([pod]);
      const bodies = (await Promise.all(answers)).map(({ body }) => body);
      expect(bodies).toEqual(['body 1', 'body 2', 'body 3']);
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ held: 0, heldTotal: 3, errors: 0 });
    });
  });

  it('are bounded in number: one more is refused with 503', () =>
    withBed({ engine, hold }, async (bed) => {
      bed.service();
      const port = await bed.port();
      const waiting = [1, 2, 3].map(() => bed.connect(port));
      for (const { socket } of waiting) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 3, 'three requests that wait');
      expect((await bed.ask(port, '/')).status).toBe(503);
    }));

  it('are bounded in time: then they are refused with 503', () =>
    withBed({ engine, hold, clock: new ManualClock() }, async (bed) => {
      bed.service();
      const answer = bed.ask(await bed.port(), '/');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 1, 'a request that waits');
      bed.pass(29_999);
      await bed.quiet();
      expect(bed.proxy.serviceCounters('default', 'web')?.held).toBe(1);
      bed.pass(1);
      expect((await answer).status).toBe(503);
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ held: 0, errors: 1, inFlight: 0 });
    }));

  it('wait no longer than their client does', () =>
    withBed({ engine, hold }, async (bed) => {
      bed.service();
      const connection = bed.connect(await bed.port());
      connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 1, 'a request that waits');
      connection.socket.destroy();
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 0, 'nobody that waits');
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ inFlight: 0, errors: 0 });
    }));

  it('are refused when the Service is deleted', () =>
    withBed({ engine, hold }, async (bed) => {
      bed.service();
      const answer = bed.ask(await bed.port(), '/');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 1, 'a request that waits');
      bed.remove('Service', 'web');
      expect((await answer).status).toBe(503);
    }));

  it('wait where the annotation of the Service says so', () =>
    withBed({ engine }, async (bed) => {
      const pod = await bed.http('a');
      const annotations = { 'coxswain.dev/hold-requests': '1', 'coxswain.dev/hold-seconds': '20' };
      bed.put<ServiceManifest>(
        'v1',
        'Service',
        'web',
        { spec: { clusterIP: '240.0.0.1', ports: [{ port: 80, appProtocol: 'http' }] } },
        { annotations },
      );
      const answer = bed.ask(await bed.port(), '/name');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 1, 'a request that waits');
      bed.endpoints([pod]);
      expect((await answer).body).toBe('a');
    }));
});

describe('connections of a Service without pods', () => {
  it('wait as well, and lose nothing that was sent meanwhile', () =>
    withBed({ hold }, async (bed) => {
      const pod = await bed.tcp('a');
      bed.service({}, [{ port: 81 }]);
      const connection = bed.connect(await bed.port());
      connection.socket.write('early');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.held === 1, 'a connection that waits');
      bed.endpoints([pod]);
      await bed.until(() => connection.heard.length === 7, 'an echo');
      expect(connection.heard).toBe('a\nearly');
    }));
});

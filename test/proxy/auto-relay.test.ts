import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { engines, withBed, type ProxyBed } from './proxy-bed.ts';

const get = 'GET /name HTTP/1.1\r\nHost: a\r\n\r\n';

/** Two HTTP pods behind a port of which nobody says what it carries. */
async function twoPods(bed: ProxyBed): Promise<number> {
  const pods = [await bed.http('a'), await bed.http('b')];
  bed.service({}, [{ port: 80 }]);
  bed.endpoints(pods);
  return bed.port();
}

const names = (heard: string): readonly string[] => [...heard.matchAll(/\r\n\r\n(?:1\r\n)?([ab])/g)].map(([, name]) => name ?? '');

describe.each(engines)('a port of which nobody says what it carries (engine %s)', (engine) => {
  it('balances requests one by one when clients speak HTTP', () =>
    withBed({ engine }, async (bed) => {
      const port = await twoPods(bed);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const heard = new Set<string>();
      for (let i = 0; i < 4; i++) heard.add((await bed.ask(port, '/name', { agent })).body);
      expect(heard).toEqual(new Set(['a', 'b']));
      expect((await bed.ask(port, '/echo', { method: 'POST', body: 'x'.repeat(200_000), agent })).body).toHaveLength(200_000);
      agent.destroy();
      expect(bed.proxy.listeners()[0]?.mode).toBe('auto');
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ requests: 5, connections: 1, errors: 0 });
    }));

  it('takes a head that comes in pieces for what it is', () =>
    withBed({ engine, clock: new ManualClock() }, async (bed) => {
      const connection = bed.connect(await twoPods(bed));
      connection.socket.write(get.slice(0, 10));
      await bed.quiet();
      connection.socket.write(get.slice(10) + get);
      await bed.until(() => names(connection.heard).length === 2, 'two answers');
      expect(new Set(names(connection.heard))).toEqual(new Set(['a', 'b']));
    }));

  it('takes a connection that was made ahead of time for what it turns out to be', () =>
    withBed({ engine, clock: new ManualClock() }, async (bed) => {
      const port = await twoPods(bed);
      const connection = bed.connect(port);
      await bed.until(() => connection.socket.readyState === 'open', 'a connection');
      await bed.until(() => {
        bed.pass(20);
        return bed.proxy.serviceCounters('default', 'web')?.connections === 1;
      }, 'a pod that is connected ahead of time');
      connection.socket.write(get + get);
      await bed.until(() => names(connection.heard).length === 2, 'two answers');
      expect(new Set(names(connection.heard))).toEqual(new Set(['a', 'b']));
      await bed.until(() => bed.proxy.inFlight('pod-a') + bed.proxy.inFlight('pod-b') === 0, 'nothing in flight');
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ requests: 2, connections: 1, errors: 0 });
    }));
});

describe('a port of which nobody says what it carries', () => {
  it('relays what is no HTTP, whoever speaks first', () =>
    withBed({}, async (bed) => {
      const pod = await bed.tcp('a');
      bed.service({}, [{ port: 81 }]);
      bed.endpoints([pod]);
      const port = await bed.port();
      const [listener, talker, redis] = [bed.connect(port), bed.connect(port), bed.connect(port)];
      talker.socket.write('EHLO me\r\n');
      redis.socket.write('GET key\r\n');
      await bed.until(() => talker.heard.endsWith('me\r\n') && redis.heard.endsWith('key\r\n') && listener.heard !== '', 'all answers');
      expect([listener.heard, talker.heard, redis.heard]).toEqual(['a\n', 'a\nEHLO me\r\n', 'a\nGET key\r\n']);
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ requests: 0, connections: 3, inFlight: 3 });
    }));

  it.each(['', 'GET / HT', 'anything'])('relays %j of a client that says no more', (text) =>
    withBed({}, async (bed) => {
      const pod = await bed.tcp('a');
      bed.service({}, [{ port: 81 }]);
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      connection.socket.end(text);
      await bed.until(() => connection.ended, 'the end');
      expect(connection.heard).toBe(`a\n${text}bye`);
    }),
  );

  it('lets go of everything when a client that said nothing leaves', () =>
    withBed({ clock: new ManualClock() }, async (bed) => {
      const pod = await bed.tcp('a');
      bed.service({}, [{ port: 81 }]);
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      await bed.until(() => connection.socket.readyState === 'open', 'a connection');
      await bed.quiet();
      connection.socket.resetAndDestroy();
      await bed.until(() => {
        bed.pass(20);
        return bed.proxy.inFlight(pod.uid) === 0;
      }, 'nothing in flight');
      await bed.close();
      expect(bed.manual?.timers).toBe(0);
    }));
});

import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { engines, rawService, withBed } from './proxy-bed.ts';

const leaving = { ready: false, serving: true, terminating: true };

describe('draining', () => {
  it('lets the last pod of a Service serve until it was unused for a while', () =>
    withBed({ clock: new ManualClock(), fallbackIdleMs: 1_000 }, async (bed) => {
      const pod = await bed.http('a');
      bed.pod(pod);
      bed.service();
      bed.endpoints([pod]);
      const port = await bed.port();
      bed.pod(pod, 'terminating');
      bed.endpoints([[pod, leaving]]);
      bed.pass(900);
      expect((await bed.ask(port, '/name')).status).toBe(200);
      bed.pass(999);
      await bed.quiet();
      expect(bed.drained).toEqual([]);
      bed.pass(1);
      await bed.quiet();
      expect(bed.drained).toEqual([pod.uid]);
      expect((await bed.ask(port, '/name')).status).toBe(503);
    }));

  it('lets it serve for as long as a successor is coming up', () =>
    withBed({ clock: new ManualClock(), fallbackIdleMs: 1_000 }, async (bed) => {
      const [old, fresh] = [await bed.http('old'), await bed.http('fresh')];
      for (const pod of [old, fresh]) bed.pod(pod);
      bed.service();
      bed.endpoints([old]);
      const port = await bed.port();
      bed.pod(old, 'terminating');
      bed.endpoints([
        [old, leaving],
        [fresh, { ready: false }],
      ]);
      bed.pass(60_000);
      await bed.quiet();
      expect(bed.drained).toEqual([]);
      expect((await bed.ask(port, '/name')).body).toBe('old');
      bed.endpoints([[old, leaving], fresh]);
      await bed.until(() => bed.drained.length === 1, 'the mark');
      expect((await bed.ask(port, '/name')).body).toBe('fresh');
    }));

  it('waits for what a pod carries through another Service', () =>
    withBed({}, async (bed) => {
      const [a, b] = [await bed.http('a'), await bed.http('b')];
      bed.pod(a);
      bed.service();
      bed.endpoints([a]);
      const slow = bed.ask(await bed.port(), '/slow');
      await bed.until(() => a.slow.length === 1, 'the slow request at its pod');
      bed.remove('Service', 'web');
      bed.remove('EndpointSlice', 'web-tcp');
      bed.pod(a, 'terminating');
      bed.service();
      bed.endpoints([b]);
      await bed.quiet();
      expect(bed.drained).toEqual([]);
      a.slow[0]?.();
      expect((await slow).body).toBe('a');
      await bed.until(() => bed.drained.length === 1, 'the mark');
    }));

  it('does not wait for UDP flows, and sends the next datagram elsewhere', () =>
    withBed({}, async (bed) => {
      const [a, b] = [await bed.udp('a'), await bed.udp('b')];
      bed.pod(a);
      bed.service({}, [{ port: 53, protocol: 'UDP' }]);
      bed.endpoints([a], 'UDP');
      const client = bed.datagrams(await bed.port());
      client.send('1');
      await bed.until(() => client.heard.length === 1, 'an answer');
      bed.pod(a, 'terminating');
      bed.endpoints([[a, leaving], b], 'UDP');
      await bed.until(() => bed.drained.length === 1, 'the mark');
      client.send('2');
      await bed.until(() => client.heard.length === 2, 'an answer');
      expect(client.heard).toEqual(['a:1', 'b:2']);
    }));

  it('forgets a pod that is gone', () =>
    withBed({}, async (bed) => {
      const a = await bed.http('a');
      bed.pod(a);
      bed.service();
      bed.endpoints([a]);
      await bed.ask(await bed.port(), '/name');
      expect(bed.proxy.podCounters(a.uid)).toMatchObject({ requests: 1, connections: 1 });
      bed.endpoints([]);
      bed.remove('Pod', 'a');
      await bed.until(() => bed.proxy.podCounters(a.uid) === undefined, 'no counters');
    }));

  it.each(engines)('%s: a WebSocket stays when its pod is only not ready, and until its time is up when it terminates', (engine) =>
    withBed({ engine, clock: new ManualClock(), webSocketDrainMs: 2_000 }, async (bed) => {
      const [a, b] = [await bed.http('a'), await bed.http('b')];
      bed.pod(a);
      bed.service();
      bed.endpoints([a]);
      const webSocket = new WebSocket(`ws://127.0.0.1:${await bed.port()}/`);
      let code = 0;
      const heard: string[] = [];
      webSocket.on('message', (data: Buffer) => heard.push(data.toString()));
      webSocket.once('close', (closedWith: number) => (code = closedWith));
      await new Promise((resolve) => webSocket.once('open', resolve));
      bed.endpoints([[a, { ready: false }], b]);
      bed.pass(100_000);
      webSocket.send('still here');
      await bed.until(() => heard.length === 1, 'an echo');
      bed.pod(a, 'terminating');
      bed.endpoints([[a, leaving], b]);
      bed.pass(1_999);
      webSocket.send('and here');
      await bed.until(() => heard.length === 2, 'an echo');
      expect(code).toBe(0);
      bed.pass(1);
      await bed.until(() => code !== 0, 'the end');
      expect(code).toBe(1001);
      await bed.until(() => bed.drained.length === 1, 'the mark');
    }),
  );

  it.each(engines)('%s: 1001 is said between two frames, never inside one', (engine) =>
    withBed({ engine, clock: new ManualClock(), webSocketDrainMs: 0 }, async (bed) => {
      const handshake = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
      // A text frame of 10 bytes, of which 4 are sent with the handshake.
      const { pod, port, close } = await rawService(bed, (socket, text) => {
        if (text.startsWith('GET')) socket.write(`${handshake}\x81\x0a0123`, 'latin1');
      });
      bed.pod(pod);
      const connection = bed.connect(port);
      connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await bed.until(() => connection.heard.endsWith('\x81\x0a0123'), 'the beginning of a frame');
      bed.pod(pod, 'terminating');
      bed.endpoints([]);
      bed.pass(1);
      await bed.until(() => pod.seen.length === 2, 'the close frame at the pod');
      expect(pod.seen[1]).toBe('\x88\x82\0\0\0\0\x03\xe9');
      await bed.quiet();
      expect(connection.heard.endsWith('0123')).toBe(true);
      pod.sockets[0]!.write('456789\x81\x01x', 'latin1');
      await bed.until(() => connection.ended, 'the end');
      expect(connection.heard.endsWith('\x81\x0a0123456789\x88\x02\x03\xe9')).toBe(true);
      await close();
    }),
  );

  it.each(engines)('%s: a client that is still speaking when its WebSocket ends hears why', (engine) =>
    withBed({ engine, clock: new ManualClock(), webSocketDrainMs: 0 }, async (bed) => {
      const handshake = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
      const { pod, port, close } = await rawService(bed, (socket, text) => {
        if (text.startsWith('GET')) socket.write(handshake);
      });
      bed.pod(pod);
      const connection = bed.connect(port);
      connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await bed.until(() => connection.heard.endsWith('\r\n\r\n'), 'the handshake');
      // A client that speaks before it listens, and whose words are unread when the time is up: a reset would keep it from listening.
      connection.socket.pause();
      bed.pod(pod, 'terminating');
      bed.endpoints([]);
      bed.pass(1);
      connection.socket.write('\x81\x81\0\0\0\0x', 'latin1');
      bed.pass(1_000);
      await bed.until(() => bed.drained.length === 1, 'the end');
      connection.socket.write('\x81\x81\0\0\0\0y', 'latin1');
      connection.socket.resume();
      await bed.until(() => connection.closed || connection.ended, 'the end at the client');
      expect(connection.heard.endsWith('\x88\x02\x03\xe9')).toBe(true);
      await close();
    }),
  );

  it.each(engines)('%s: a WebSocket whose one side dies ends for the other', (engine) =>
    withBed({ engine }, async (bed) => {
      const pod = await bed.http('a');
      bed.service();
      bed.endpoints([pod]);
      const port = await bed.port();
      const [mine, theirs] = [new WebSocket(`ws://127.0.0.1:${port}/`), new WebSocket(`ws://127.0.0.1:${port}/`)];
      for (const each of [mine, theirs]) await new Promise((resolve) => each.once('open', resolve));
      expect(bed.proxy.inFlight(pod.uid)).toBe(2);
      mine.terminate();
      await bed.until(() => bed.proxy.inFlight(pod.uid) === 1 && pod.connections() === 1, 'the pod to notice');
      let closed = false;
      theirs.once('close', () => (closed = true));
      await pod.kill();
      await bed.until(() => closed && bed.proxy.inFlight(pod.uid) === 0, 'the client to notice');
    }),
  );

  it.each(engines)('%s: a pod that declines a WebSocket is heard', (engine) =>
    withBed({ engine }, async (bed) => {
      const { port, close } = await rawService(bed, (socket) =>
        socket.write('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'),
      );
      const connection = bed.connect(port);
      connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await bed.until(() => connection.heard.includes('no'), 'the answer');
      expect(connection.heard).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
      await close();
    }),
  );

  it.each(engines)('%s: a WebSocket passes over a pod that refuses connections, and hears of 502 if all do', (engine) =>
    withBed({ engine }, async (bed) => {
      const [dead, pod] = [await bed.http('dead'), await bed.http('a')];
      await dead.kill();
      bed.service();
      bed.endpoints([dead, pod]);
      const port = await bed.port();
      for (let i = 0; i < 2; i++) {
        const webSocket = new WebSocket(`ws://127.0.0.1:${port}/`);
        await new Promise((resolve, reject) => webSocket.once('open', resolve).once('error', reject));
        webSocket.terminate();
      }
      bed.endpoints([dead]);
      const connection = bed.connect(port);
      connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await bed.until(() => connection.heard !== '', 'the answer');
      expect(connection.heard).toMatch(/^HTTP\/1\.1 502/);
    }),
  );
});

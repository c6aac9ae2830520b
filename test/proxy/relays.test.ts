import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import type { ProxyPod } from '../../src/testing/proxy-pods.ts';
import { withBed } from './proxy-bed.ts';

describe('TCP', () => {
  it('resets the client when the pod resets, and the pod when the client does', () =>
    withBed({}, async (bed) => {
      const errors: string[] = [];
      const server = createServer((socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
        socket.on('data', (data) => (data.toString() === 'reset me' ? socket.resetAndDestroy() : socket.write(data)));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const pod: ProxyPod = { name: 'a', uid: 'a', port, seen: [], kill: async () => undefined };
      bed.service({}, [{ port: 81 }]);
      bed.endpoints([pod]);
      const [first, second] = [bed.connect(await bed.port()), bed.connect(await bed.port())];
      let code = '';
      first.socket.once('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''));
      first.socket.write('reset me');
      await bed.until(() => first.closed, 'the reset at the client');
      expect(code).toBe('ECONNRESET');
      second.socket.write('hello');
      await bed.until(() => second.heard === 'hello', 'an echo');
      second.socket.resetAndDestroy();
      await bed.until(() => errors.length === 1, 'the reset at the pod');
      expect(errors).toEqual(['ECONNRESET']);
      await bed.close();
      await new Promise((resolve) => server.close(resolve));
    }));

  it('carries a lot, both ways at once, and keeps the order', () =>
    withBed({}, async (bed) => {
      const pod = await bed.tcp('a');
      bed.service({}, [{ port: 81 }]);
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      const sent = Buffer.from(Array.from({ length: 4_000_000 }, (_, i) => (i * 31 + (i >> 10)) & 255)).toString('latin1');
      connection.socket.end(Buffer.from(sent, 'latin1'));
      await bed.until(() => connection.ended, 'the end');
      expect(connection.heard === `a\n${sent}bye`).toBe(true);
    }));

  it('tries another pod when one does not answer in time', async () => {
    // A server that accepts nothing: its queue is filled, then the kernel drops what comes.
    const program = `
      const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        require('fs').writeSync(1, String(server.address().port));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [text] = (await once(child.stdout, 'data')) as [Buffer];
      const stuck: ProxyPod = { name: 'stuck', uid: 'stuck', port: Number(text.toString()), seen: [], kill: async () => undefined };
      await withBed({ clock: new ManualClock(), connectTimeoutMs: 500 }, async (bed) => {
        const fillers = Array.from({ length: 8 }, () => bed.connect(stuck.port));
        await bed.until(() => fillers.some(({ socket }) => !socket.connecting), 'a full queue');
        const pod = await bed.tcp('a');
        bed.service({}, [{ port: 81, appProtocol: 'smtp' }]);
        bed.endpoints([stuck, pod]);
        const port = await bed.port();
        const connections = [bed.connect(port), bed.connect(port)];
        await bed.until(() => connections.some(({ heard }) => heard === 'a\n'), 'the greeting of the other pod');
        await bed.quiet();
        expect(connections.filter(({ heard }) => heard === '')).toHaveLength(1);
        await bed.until(() => {
          bed.pass(250);
          return connections.every(({ heard }) => heard === 'a\n');
        }, 'both greetings');
      });
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('UDP', () => {
  it('ends a flow that is idle, and begins another', () =>
    withBed({ clock: new ManualClock(), udpIdleMs: 30_000 }, async (bed) => {
      const pods = [await bed.udp('a'), await bed.udp('b')];
      bed.service({}, [{ port: 53, protocol: 'UDP' }]);
      bed.endpoints(pods, 'UDP');
      const client = bed.datagrams(await bed.port());
      for (const [i, passMs] of [29_999, 29_999, 30_000, 0].entries()) {
        client.send(String(i));
        await bed.until(() => client.heard.length === i + 1, 'an answer');
        bed.pass(passMs);
      }
      const names = client.heard.map((text) => text.split(':')[0]);
      expect(new Set(names.slice(0, 3)).size).toBe(1);
      expect(names[3]).not.toBe(names[2]);
      expect(bed.proxy.serviceCounters('default', 'web')).toMatchObject({ connections: 2, inFlight: 0 });
    }));

  it('tells the flows of clients apart', () =>
    withBed({}, async (bed) => {
      const pods = [await bed.udp('a'), await bed.udp('b'), await bed.udp('c')];
      bed.service({}, [{ port: 53, protocol: 'UDP' }]);
      bed.endpoints(pods, 'UDP');
      const port = await bed.port();
      const clients = Array.from({ length: 6 }, () => bed.datagrams(port));
      for (const [i, client] of clients.entries()) for (let n = 0; n < 5; n++) client.send(`${i}-${n}`);
      await bed.until(() => clients.every(({ heard }) => heard.length === 5), 'all answers');
      for (const [i, { heard }] of clients.entries()) {
        const [name] = heard[0]!.split(':');
        expect([...heard].sort()).toEqual([0, 1, 2, 3, 4].map((n) => `${name}:${i}-${n}`));
      }
    }));

  it('drops datagrams while there is no pod, and counts them', () =>
    withBed({}, async (bed) => {
      bed.service({}, [{ port: 53, protocol: 'UDP' }]);
      const client = bed.datagrams(await bed.port());
      client.send('lost');
      await bed.until(() => bed.proxy.serviceCounters('default', 'web')?.errors === 1, 'an error');
      const pod = await bed.udp('a');
      bed.endpoints([pod], 'UDP');
      client.send('found');
      await bed.until(() => client.heard.length === 1, 'an answer');
      expect(client.heard).toEqual(['a:found']);
    }));

  it('takes another pod when one refuses', () =>
    withBed({}, async (bed) => {
      const [dead, pod] = [await bed.udp('dead'), await bed.udp('a')];
      await dead.kill();
      bed.service({}, [{ port: 53, protocol: 'UDP' }]);
      bed.endpoints([dead, pod], 'UDP');
      const client = bed.datagrams(await bed.port());
      await bed.until(() => {
        client.send('x');
        return client.heard.length > 0;
      }, 'an answer');
      expect(client.heard[0]).toBe('a:x');
    }));
});

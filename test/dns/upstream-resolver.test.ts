import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';
import { ClusterNameServer, type ClusterNameServerOptions } from '../../src/dns/cluster-name-server.ts';
import type { NameServerAddress } from '../../src/dns/name-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A server that is bound, and what it answers to a name. */
async function serverOf(options: Partial<ClusterNameServerOptions> = {}) {
  const clock = options.clock ?? new SystemClock();
  const server = new ClusterNameServer({ clock, secureRandom: new SystemSecureRandom(), ...options });
  closing.push(() => server.close());
  let bound: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (bound = resolve));
  server.start(() => bound());
  server.step(clock.now());
  await ready;
  const resolver = new Resolver({ timeout: 60_000, tries: 1 });
  const { address, port } = server.address()!;
  resolver.setServers([`${address}:${port}`]);
  const ask = (name: string): Promise<unknown> => resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => error.code);
  return { server, ask, at: { address, port } };
}

function zone(server: ClusterNameServer, name: string, spec: object): void {
  const metadata = { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' };
  server.onChanges([{ type: 'added', object: { apiVersion: 'v1', kind: 'Service', metadata, spec }, previous: undefined }]);
}

/** A UDP server that does what the test says with a message. */
async function scripted(onMessage: (message: Buffer, reply: (answer: Buffer) => void, socket: Socket) => void): Promise<NameServerAddress> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => onMessage(message, (answer) => socket.send(answer, from.port, from.address), socket));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closing.push(() => new Promise<void>((resolve) => socket.close(resolve)));
  return { address: '127.0.0.1', port: socket.address().port };
}

const answerTo = (message: Buffer, ip: string): Buffer => {
  const { id = 0, questions = [] } = decode(message);
  return encode({ type: 'response', id, questions, answers: [{ type: 'A', name: questions[0]?.name ?? '', ttl: 1, data: ip }] });
};

describe("names that are none of the cluster's", () => {
  it('are asked of another server, over UDP and, if that is too little, over TCP', async () => {
    const other = await serverOf({ zone: 'other.example' });
    const ips = Array.from({ length: 120 }, (_, i) => `10.0.0.${i + 1}`);
    zone(other.server, 'few', { clusterIP: '10.0.0.1' });
    zone(other.server, 'many', { clusterIPs: ips });
    const { ask, server } = await serverOf({ upstream: [other.at], shortNamespace: null });
    expect(await ask('few.default.svc.other.example')).toEqual(['10.0.0.1']);
    expect(await ask('many.default.svc.other.example')).toHaveLength(120);
    expect(await ask('none.default.svc.other.example')).toBe('ENOTFOUND');
    expect(await ask('none.default.svc.cluster.local')).toBe('ENOTFOUND');
    expect(server.counters()).toMatchObject({ answered: 1, failed: 0 });
  });

  it('are followed where an alias leads to them', async () => {
    const other = await serverOf({ zone: 'other.example' });
    zone(other.server, 'real', { clusterIP: '10.0.0.9' });
    const { ask, server } = await serverOf({ upstream: [other.at] });
    zone(server, 'alias', { type: 'ExternalName', externalName: 'real.default.svc.other.example' });
    expect(await ask('alias.default.svc.cluster.local')).toEqual(['10.0.0.9']);
  });

  it('are asked of the next server if one is silent, and fail if all are', async () => {
    const clock = new ManualClock();
    let asked = 0;
    let heard: () => void = () => undefined;
    const silent = await scripted(() => {
      asked++;
      heard();
    });
    const next = (): Promise<void> => new Promise((resolve) => (heard = resolve));
    const speaking = await scripted((message, reply) => reply(answerTo(message, '10.0.0.5')));
    const pass = (): void => {
      clock.moveTo(clock.now() + 2_000);
      clock.fireDue();
    };
    const { ask } = await serverOf({ clock, upstream: [silent, speaking] });
    let once = next();
    const answer = ask('www.example.com');
    await once;
    pass();
    expect(await answer).toEqual(['10.0.0.5']);
    const alone = await serverOf({ clock, upstream: [silent] });
    once = next();
    const failing = alone.ask('www.example.com');
    await once;
    pass();
    expect(await failing).toBe('ESERVFAIL');
    expect([asked, alone.server.counters().failed]).toEqual([2, 1]);
  });

  it('are not answered by whoever guesses wrong', async () => {
    const upstream = await scripted((message, reply) => {
      const wrong = answerTo(message, '6.6.6.6');
      wrong.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff, 0);
      reply(wrong);
      reply(Buffer.from('x'));
      reply(answerTo(message, '10.0.0.5'));
    });
    const { ask } = await serverOf({ upstream: [upstream] });
    expect(await ask('www.example.com')).toEqual(['10.0.0.5']);
  });

  it('have no answer once the server is closed', async () => {
    const clock = new ManualClock();
    let heard: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (heard = resolve));
    const silent = await scripted(() => heard());
    const { server, at } = await serverOf({ clock, upstream: [silent] });
    const client = createSocket('udp4');
    client.send(encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'www.example.com' }] }), at.port, at.address);
    await asked;
    await server.close();
    client.close();
    expect(clock.timers).toBe(0);
  });
});

describe('the server over TCP', () => {
  it('answers many questions of one connection, in pieces or at once', async () => {
    const { server, at } = await serverOf();
    zone(server, 'web', { clusterIP: '10.96.0.1' });
    const framed = (id: number): Buffer => {
      const message = encode({ type: 'query', id, questions: [{ type: 'A', name: 'web.default.svc.cluster.local' }] });
      return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
    };
    const all = Buffer.concat(Array.from({ length: 200 }, (_, id) => framed(id)));
    const socket = connect(at.port, at.address);
    closing.push(() => socket.destroy());
    let heard = Buffer.alloc(0);
    const ids: number[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        heard = Buffer.concat([heard, chunk]);
        while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
          ids.push(decode(heard.subarray(2, 2 + heard.readUInt16BE(0))).id ?? -1);
          heard = heard.subarray(2 + heard.readUInt16BE(0));
        }
        if (ids.length === 200) resolve();
      });
    });
    socket.write(all.subarray(0, 3));
    await new SystemClock().turn();
    socket.write(all.subarray(3));
    await done;
    expect(new Set(ids).size).toBe(200);
  });

  it('ends a connection that is silent', async () => {
    const clock = new ManualClock();
    const { at } = await serverOf({ clock });
    const socket = connect(at.port, at.address);
    closing.push(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    // The other end of the connection may come into being a little later than this one.
    while (clock.timers === 0) await new SystemClock().turn();
    clock.moveTo(clock.now() + 10_000);
    clock.fireDue();
    await closed;
    expect(clock.timers).toBe(0);
  });
});

describe('a port that is taken', () => {
  it('is told of, and tried again', async () => {
    const clock = new ManualClock();
    const taken = await scripted(() => undefined);
    const server = new ClusterNameServer({ clock, secureRandom: new SystemSecureRandom(), port: taken.port });
    closing.push(() => server.close());
    let woken: () => void = () => undefined;
    const wake = (): Promise<void> => new Promise((resolve) => (woken = resolve));
    server.start(() => woken());
    let told = wake();
    expect(server.step(clock.now())).toMatchObject({ inFlight: 1, progressed: true });
    await told;
    expect(server.problem()).toContain(`127.0.0.1:${taken.port} cannot be bound`);
    expect(server.step(clock.now())).toEqual({ inFlight: 0, wakeAt: clock.now() + 1_000, progressed: false });
    await closing.shift()!();
    clock.moveTo(clock.now() + 1_000);
    told = wake();
    server.step(clock.now());
    await told;
    expect([server.problem(), server.address()]).toEqual([undefined, taken]);
    expect(server.step(clock.now())).toEqual({ inFlight: 0, wakeAt: undefined, progressed: false });
  });
});

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock } from '../../src/env/system-clock.ts';
import { EtcdConnection, type EtcdTls } from '../../src/stores/etcd-connection.ts';
import { endOfPrefix } from '../../src/stores/etcd-messages.ts';
import { EtcdStore, type EtcdStoreOptions } from '../../src/stores/etcd-store.ts';
import { ProtobufWriter } from '../../src/stores/protobuf-writer.ts';
import { EtcdServers, hasEtcd, type EtcdOptions } from './etcd-server.ts';

const clock = new SystemClock();

async function server(options: EtcdOptions = {}): Promise<EtcdServers> {
  const servers = await EtcdServers.start(1, options);
  onTestFinished(() => servers.remove());
  return servers;
}

function storeOf(servers: EtcdServers, options: Partial<EtcdStoreOptions> = {}): EtcdStore {
  const store = new EtcdStore({ endpoints: servers.endpoints, requestTimeoutMs: 10_000, compactionIntervalMs: 0, ...options });
  onTestFinished(() => store.close());
  return store;
}

const entry = (key: string, n: number): { key: string; value: object; expected: number } => ({
  key,
  value: Object.freeze({ n }),
  expected: 0,
});

interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority, and what it signs, in a directory of this test. */
class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), 'coxswain-tls-'));

  constructor() {
    onTestFinished(() => rmSync(this.directory, { recursive: true }));
    this.#run(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
  }

  get ca(): string {
    return readFileSync(join(this.directory, 'ca.pem'), 'utf8');
  }

  /** For an etcd that serves with the certificate of `server`. */
  get serverArguments(): readonly string[] {
    return ['--cert-file', join(this.directory, 'server.pem'), '--key-file', join(this.directory, 'server.key')];
  }

  sign(name: string): Pem {
    const extensions = 'subjectAltName=IP:127.0.0.1';
    this.#run(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-addext',
      extensions,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    this.#run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.pem`,
    );
    return {
      cert: readFileSync(join(this.directory, `${name}.pem`), 'utf8'),
      key: readFileSync(join(this.directory, `${name}.key`), 'utf8'),
    };
  }

  #run(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: this.directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  }
}

describe.skipIf(!hasEtcd)('EtcdStore: who may', () => {
  it('TLS with client certificates: with the right ones it works, without them it does not', async () => {
    const authority = new Authority();
    authority.sign('server');
    const { cert, key } = authority.sign('client');
    const extra = [...authority.serverArguments, '--trusted-ca-file', join(authority.directory, 'ca.pem'), '--client-cert-auth'];
    const servers = await server({ scheme: 'https', extra });
    const store = storeOf(servers, { tls: { ca: authority.ca, cert, key } });
    await store.open();
    expect(await store.write([entry('/a', 1)])).toMatchObject([{ ok: true }]);
    const nobody = storeOf(servers, { tls: { ca: authority.ca }, requestTimeoutMs: 1_500 });
    await expect(nobody.open()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    const stranger = storeOf(servers, { tls: { ca: new Authority().ca, cert, key }, requestTimeoutMs: 1_500 });
    await expect(stranger.open()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  it.each(['http', 'https'] as const)(
    'user and password, %s: a user may what its role may; a token that is no longer good is renewed',
    async (scheme) => {
      const authority = new Authority();
      authority.sign('server');
      const servers = await server({ scheme, extra: scheme === 'https' ? authority.serverArguments : [] });
      const tls = { ca: authority.ca };
      await enableUsers(servers.endpoints, tls);
      const store = storeOf(servers, { user: 'helm', password: 'tiller', prefix: '/helm', tls });
      await store.open();
      expect(await store.write([entry('/a', 1)])).toMatchObject([{ ok: true }]);
      const outside = storeOf(servers, { user: 'helm', password: 'tiller', prefix: '/other', tls });
      await expect(outside.open()).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED', retryable: false });
      const wrong = storeOf(servers, { user: 'helm', password: 'oar', prefix: '/helm', tls });
      await expect(wrong.open()).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
      // etcd forgets tokens when it is restarted.
      const [member] = servers.members;
      await member!.signal('SIGTERM');
      member!.start();
      await expect(store.get('/a')).resolves.toMatchObject({ value: { n: 1 } });
      const told = new Promise((resolve, reject) => store.watch({ prefix: '/', after: 0, onChanges: resolve, onError: reject }));
      await expect(told).resolves.toMatchObject([{ key: '/a' }]);
    },
  );

  async function enableUsers(endpoints: readonly string[], tls: EtcdTls): Promise<void> {
    const connection = await EtcdConnection.open({
      endpoints,
      tls,
      requestTimeoutMs: 10_000,
      keepAliveMs: 5_000,
      keepAliveTimeoutMs: 2_000,
      clock,
    });
    const auth = (method: string, request: ProtobufWriter): Promise<Buffer> =>
      connection.call(`/etcdserverpb.Auth/${method}`, request.finish(), { repeat: true, what: method });
    const pair = (first: string, second: string): ProtobufWriter => new ProtobufWriter().text(1, first).text(2, second);
    await auth('UserAdd', pair('root', 'secret'));
    await auth('UserGrantRole', pair('root', 'root')).catch(() =>
      auth('RoleAdd', new ProtobufWriter().text(1, 'root')).then(() => auth('UserGrantRole', pair('root', 'root'))),
    );
    await auth('UserAdd', pair('helm', 'tiller'));
    await auth('RoleAdd', new ProtobufWriter().text(1, 'helm'));
    const permission = new ProtobufWriter().int(1, 2).text(2, '/helm').text(3, endOfPrefix('/helm'));
    await auth('RoleGrantPermission', new ProtobufWriter().text(1, 'helm').message(2, permission));
    await auth('UserGrantRole', pair('helm', 'helm'));
    await auth('AuthEnable', new ProtobufWriter());
    connection.close();
  }

  it('endpoints that make no sense, and none at all, are named', async () => {
    await expect(new EtcdStore({ endpoints: [] }).open()).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(new EtcdStore({ endpoints: ['localhost:2379'] }).open()).rejects.toThrow(
      /expected http:\/\/host:port .* got localhost:2379/,
    );
    const nowhere = new EtcdStore({ endpoints: ['http://127.0.0.1:1'], requestTimeoutMs: 500 });
    await expect(nowhere.open()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
    await nowhere.close();
  });
});

describe.skipIf(!hasEtcd)('EtcdStore: upkeep', () => {
  it('compacts history by itself, one process at a time, and keeps one interval of it', async () => {
    const servers = await server();
    const [one, other] = [storeOf(servers, { compactionIntervalMs: 300 }), storeOf(servers, { compactionIntervalMs: 300 })];
    await one.open();
    await other.open();
    const [made] = await one.write([entry('/a', 1)]);
    expect(made).toMatchObject({ ok: true });
    const first = await one.head();
    let failure: { code?: string } = {};
    for (let n = 0; failure.code === undefined; n++) {
      await other.write([entry(`/b/${n}`, n)]);
      await one.list('/a', { revision: first - 1 }).catch((error: { code: string }) => (failure = error));
      await clock.sleep(20);
    }
    expect(failure.code).toBe('STORE_COMPACTED');
    expect((await one.list('/a')).entries).toHaveLength(1);
    expect((await other.list('')).entries.filter((found) => !/^\/[ab]/.test(found.key))).toEqual([]);
  });

  it('a watch that begins in a past compacted by somebody else is told so', async () => {
    const servers = await server();
    const store = storeOf(servers);
    await store.open();
    const [made] = await store.write([entry('/a', 1)]);
    expect(made).toMatchObject({ ok: true });
    const errors: Error[] = [];
    const seen: string[] = [];
    store.watch({
      prefix: '/',
      after: 0,
      onError: (error) => errors.push(error),
      onChanges: (changes) => seen.push(...changes.map((change) => change.key)),
    });
    const other = storeOf(servers);
    await other.open();
    for (let n = 0; n < 50; n++) await other.write([entry(`/b/${n}`, n)]);
    // The first watch is on its way before its past is gone.
    while (seen.length === 0) await clock.sleep(10);
    await other.compact(await other.head());
    const late = storeOf(servers);
    await late.open();
    late.watch({ prefix: '/', after: 1, onError: (error) => errors.push(error), onChanges: () => undefined });
    while (errors.length === 0) await clock.sleep(10);
    expect(errors).toMatchObject([{ code: 'STORE_COMPACTED' }]);
    expect(seen.length).toBeGreaterThan(0);
  });

  it('a list of a compacted past comes to its end though the server falls silent just then', async () => {
    const servers = await server();
    const [host = '', port = ''] = servers.endpoints[0]!.replace('http://', '').split(':');
    // Lets the client's data through, and the server's as long as it is told to.
    let answersLeft = Infinity;
    const proxy = createServer((client) => {
      const upstream = connect(Number(port), host);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.on('close', () => upstream.destroy());
      client.pipe(upstream);
      upstream.on('data', (bytes) => {
        if (answersLeft-- > 0) client.write(bytes);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const store = storeOf(servers, {
      endpoints: [`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`],
      requestTimeoutMs: 5_000,
    });
    await store.open();
    const old = await store.head();
    for (let n = 0; n < 3; n++) await store.write([entry(`/k/${n}`, n)]);
    await store.compact(await store.head());
    await expect(store.list('/k/', { revision: old })).rejects.toMatchObject({ code: 'STORE_COMPACTED', compactRevision: old + 3 });
    // Of what comes next the first is the refusal, or nothing of it: it is told within its time in either case.
    answersLeft = 1;
    await expect(store.list('/k/', { revision: old })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  it('a lease holds its key while it is renewed, and loses it when it is closed or its process is gone', async () => {
    const servers = await server();
    const store = storeOf(servers);
    await store.open();
    const lease = await store.lease({ ttlMs: 3_000 });
    expect(await lease.hold('/here', { name: 'one' })).toBeGreaterThan(0);
    const second = await store.lease({ ttlMs: 3_000 });
    expect(await second.hold('/here', { name: 'two' })).toBe(false);
    // Longer than etcd keeps one that is not renewed.
    await clock.sleep(4_500);
    expect((await store.get('/here'))?.value).toEqual({ name: 'one' });
    await lease.close();
    expect(await store.get('/here')).toBeUndefined();
    await lease.lost;
    await expect(lease.hold('/there', {})).rejects.toMatchObject({ code: 'STORE_LEASE_LOST' });
    expect(await second.hold('/here', { name: 'two' })).toBeGreaterThan(0);
    await servers.members[0]!.signal('SIGSTOP');
    await second.lost;
    await servers.members[0]!.signal('SIGCONT');
    await expect(second.hold('/there', {})).rejects.toMatchObject({ code: 'STORE_LEASE_LOST' });
  });

  it('lists more than one page, and counts what is left', async () => {
    const servers = await server();
    const store = storeOf(servers);
    await store.open();
    await store.write(Array.from({ length: 2_300 }, (_, n) => entry(`/k/${String(n).padStart(5, '0')}`, n)));
    expect((await store.list('/k/')).entries).toHaveLength(2_300);
    const page = await store.list('/k/', { limit: 1_500 });
    expect([page.entries.length, page.more, page.remaining]).toEqual([1_500, true, 800]);
  });

  it('a prefix is not that of another store whose name goes on', async () => {
    const servers = await server();
    const [west, west2] = [storeOf(servers, { prefix: '/west' }), storeOf(servers, { prefix: '/west2' })];
    await west.open();
    await west2.open();
    const seen: string[] = [];
    west.watch({
      prefix: '',
      after: await west.head(),
      onError: () => undefined,
      onChanges: (told) => seen.push(...told.map((c) => c.key)),
    });
    await west2.write([entry('core/a', 2)]);
    await west.write([entry('core/b', 1)]);
    expect((await west.list('')).entries.map(({ key }) => key)).toEqual(['core/b']);
    expect((await west2.list('')).entries.map(({ key }) => key)).toEqual(['core/a']);
    while (!seen.includes('core/b')) await clock.sleep(10);
    expect(seen).toEqual(['core/b']);
    const all = storeOf(servers, { prefix: '/' });
    await all.open();
    expect((await all.list('west/')).entries.map(({ key }) => key)).toEqual(['west/core/b']);
  });

  it('an object that is too large is refused for good, by whoever finds it so', async () => {
    const servers = await server();
    const store = storeOf(servers);
    await store.open();
    for (const bytes of [1_600_000, 2_500_000]) {
      const write = store.write([{ key: '/a', value: Object.freeze({ text: 'x'.repeat(bytes) }), expected: 0 }]);
      await expect(write).rejects.toMatchObject({ code: 'STORE_REFUSED', retryable: false });
    }
    expect(await store.get('/a')).toBeUndefined();
  });

  it('what another program wrote under the prefix is refused by name', async () => {
    const servers = await server();
    const store = storeOf(servers, { prefix: '/mine' });
    await store.open();
    const foreign = storeOf(servers, { prefix: '/mine' });
    await foreign.open();
    const lease = await foreign.lease({ ttlMs: 5_000 });
    await lease.hold('/a', 'only a text' as never);
    await expect(store.get('/a')).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
    const head = await store.head();
    const ended = new Promise((resolve) => store.watch({ prefix: '/', after: 0, onChanges: () => undefined, onError: resolve }));
    await expect(ended).resolves.toMatchObject({ code: 'STORE_FOREIGN' });
    const told = new Promise((resolve, reject) => store.watch({ prefix: '/', after: head, onChanges: resolve, onError: reject }));
    await store.write([entry('/b', 1)]);
    await expect(told).resolves.toMatchObject([{ key: '/b' }]);
  });
});

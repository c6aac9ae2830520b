import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer as createPlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { createServer as createSecureServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Cluster, SystemClock } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { leftBehind } from './docker-fixture.ts';
import { withEngine } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { canStartDockerd, OwnDockerd, ownSubnet } from './own-dockerd.ts';
import { freePort } from './registry.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const clock = new SystemClock();
const here = await engineHere('engines by TLS and ssh');
let engine: Engine;
let folder: string;

/** The engine's socket. */
const socketOf = ({ address }: Engine): string => (address.type === 'socket' ? address.path : '');

/** Runs a pod, a command in it, and takes it away again: calls, streams and a connection both ways. */
async function usePod(
  env: NodeJS.ProcessEnv,
  name: string,
  command: readonly string[],
  input?: { readonly stdin: string },
): Promise<string> {
  const runtime = new DockerRuntime({ env, neverPull: true });
  const cluster = await Cluster.create({ name, nodes: [{ name: 'n1', runtime }] });
  const stop = new AbortController();
  const running = cluster.run({ signal: stop.signal });
  try {
    await cluster.pods.create({
      metadata: { name: 'a' },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: testImages.base, command: ['sleep', '1000'] }] },
    });
    const pod = await cluster.pods.get('a')!.waitFor('Ready');
    return (await pod.exec(command, input)).stdout;
  } finally {
    stop.abort();
    await running;
    await cluster.close();
  }
}

/** An authority, and what it signed for a server and a client, as `DOCKER_CERT_PATH` has it. */
function certificates(): void {
  const ssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  ssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  );
  writeFileSync(join(folder, 'server.ext'), 'subjectAltName=IP:127.0.0.1');
  writeFileSync(join(folder, 'client.ext'), 'extendedKeyUsage=clientAuth');
  for (const [who, key, cert] of [
    ['server', 'server-key.pem', 'server-cert.pem'],
    ['client', 'key.pem', 'cert.pem'],
  ] as const) {
    ssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
    ssl('x509', '-req', '-in', `${who}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-out', cert, '-days', '2', '-extfile', `${who}.ext`);
  }
}

describe.runIf(here)('ways to an engine', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    folder = mkdtempSync(join(tmpdir(), 'coxswain-ways-'));
    certificates();
  });
  afterAll(() => {
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('TCP with TLS on both sides, as DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say', async () => {
    const file = (name: string): Buffer => readFileSync(join(folder, name));
    const options = {
      ca: file('ca.pem'),
      cert: file('server-cert.pem'),
      key: file('server-key.pem'),
      requestCert: true,
      allowHalfOpen: true,
    };
    const open = new Set<Duplex>();
    const server = createSecureServer({ ...options, rejectUnauthorized: true }, (socket) => {
      const inner = connect(socketOf(engine));
      open.add(socket);
      for (const each of [socket, inner])
        each.on('error', () => undefined).on('close', () => [socket, inner].forEach((one) => one.destroy()));
      socket.pipe(inner).pipe(socket);
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const DOCKER_HOST = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const name = `tls-${process.pid}`;
      const env = { ...process.env, DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
      expect(await usePod(env, name, ['echo', '-n', 'there and back'])).toBe('there and back');
      expect(await leftBehind(engine, name)).toEqual([]);
      // Without a certificate of the client's, and without knowing the authority.
      const bare = mkdtempSync(join(folder, 'bare-'));
      await expect(findEngine({ env: { ...env, DOCKER_CERT_PATH: bare } }, clock)).rejects.toMatchObject({
        code: 'RUNTIME_NO_ENGINE',
        message: expect.stringMatching(new RegExp(`DOCKER_HOST \\(${DOCKER_HOST}\\): .*(certificate|verify)`)),
      });
    } finally {
      for (const each of open) each.destroy();
      // A handshake that failed may still have its connection: it is not waited for.
      server.close();
      server.unref();
    }
  });

  test.runIf(canStartDockerd())("over an engine's own TLS, input ends while the output goes on", async () => {
    const port = await freePort();
    const dockerd = await OwnDockerd.start({ subnet: ownSubnet(230), tls: { folder, port } });
    try {
      await withEngine(dockerd, (its) => ensureTestImages(its, 'base'));
      const env = { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
      // First what answers only when its input has ended, then what answers all the while.
      const script = 'cat > /tmp/x; stat -c %s /tmp/x; sleep 1; echo late; tail -c 3 /tmp/x';
      const stdin = 'x'.repeat(300_000);
      expect(await usePod(env, `tls-end-${process.pid}`, ['sh', '-c', script], { stdin })).toBe('300000\nlate\nxxx');
      expect(await usePod(env, `tls-both-${process.pid}`, ['sh', '-c', 'cat; echo end'], { stdin })).toBe(`${stdin}end\n`);
    } finally {
      await dockerd.close();
    }
  });

  test('ssh, by the command of the user', async () => {
    // In the place of ssh: what would run over there runs here.
    const script = `#!/bin/sh\necho "$@" >> '${folder}/asked'\nwhile [ "$1" != "--" ]; do shift; done\nshift 2\nDOCKER_HOST=unix://${socketOf(engine)} exec "$@"\n`;
    writeFileSync(join(folder, 'ssh'), script, { mode: 0o755 });
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    try {
      const name = `ssh-${process.pid}`;
      expect(await usePod({ ...process.env, DOCKER_HOST: 'ssh://me@there:2222' }, name, ['cat'], { stdin: 'there and back' })).toBe(
        'there and back',
      );
      expect(await leftBehind(engine, name)).toEqual([]);
      expect(readFileSync(join(folder, 'asked'), 'utf8').split('\n')[0]).toMatch(/-p 2222 -- me@there docker system dial-stdio$/);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

test('what takes over a connection sends nothing before what its user does', async () => {
  const sent: string[] = [];
  const server = createPlainServer((socket) => {
    let text = '';
    socket.on('data', (data) => {
      const upgrades = /\r\n\r\n/.test(text);
      text += data.toString('latin1');
      const [head = '', ...rest] = text.split('\r\n\r\n');
      if (head.startsWith('GET') && rest.length > 0) {
        socket.end(
          'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{"ApiVersion":"1.41"}',
        );
      } else if (!upgrades && rest.length > 0) {
        // As Podman does: it does not read the request's body before.
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      }
      if (head.startsWith('POST')) sent[0] = rest.join('\r\n\r\n');
    });
    socket.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { engine: it } = await findEngine({ host, env: {} }, clock);
  try {
    const connection = await it.hijack('attach', { method: 'POST', path: '/containers/x/attach', query: { stdin: true } });
    const ended = new Promise((resolve) => connection.once('end', resolve));
    connection.resume().end('words\n');
    await ended;
    expect(sent).toEqual(['words\n']);
  } finally {
    it.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('the version of the API', () => {
  test.each([
    ['1.41', '1.12', '1.41'],
    ['1.60', '1.44', '1.51'],
    ['1.51', '1.44', '1.51'],
    ['1.39', '1.12', undefined],
    ['1.70', '1.60', undefined],
  ])('an engine with up to %s, from %s: %s', async (ApiVersion, MinAPIVersion, agreed) => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ ApiVersion, MinAPIVersion }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const found = findEngine({ host, env: {} }, clock);
      if (agreed === undefined) {
        await expect(found).rejects.toMatchObject({
          code: 'RUNTIME_NO_ENGINE',
          message: expect.stringContaining('needs API 1.40 to 1.51'),
        });
        return;
      }
      const { engine: it } = await found;
      await it.json('info', { method: 'GET', path: '/info' });
      it.close();
      expect([it.apiVersion, paths]).toEqual([agreed, ['/version', `/v${agreed}/info`]]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

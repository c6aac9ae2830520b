import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { request as httpRequest } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Cluster, ManualClock } from '../../src/index.ts';
import type { ServerHandle } from '../../src/server/index.ts';
import { CertificateAuthority } from '../../src/server/index.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';

interface Answer {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
}

interface Given {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: { readonly ca?: string | undefined; readonly key?: string; readonly cert?: string };
}

function ask(url: string, { path, method = 'GET', headers = {}, tls }: Given): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const secure = url.startsWith('https:');
    const options = { method, headers };
    const request = secure ? httpsRequest(url + path, { ...options, agent: new Agent({ ...tls }) }) : httpRequest(url + path, options);
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { text } }),
      );
    });
    request.end();
  });
}

const env = { clock: new SystemClock(), random: new SystemSecureRandom() };

describe('served over TLS, as by default', () => {
  let cluster: Cluster;
  let server: ServerHandle;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coxswain-serve-test-'));
    cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
    server = await cluster.serve();
  });

  afterAll(async () => {
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  test('listens on the loopback with a certificate that its kubeconfig trusts', async () => {
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await ask(server.url, { path: '/api/v1/namespaces', headers: bearer(server.token), tls: { ca: server.ca } });
    expect(answer).toMatchObject({ status: 200, body: { kind: 'NamespaceList' } });
    const named = await ask(server.url.replace('127.0.0.1', 'localhost'), {
      path: '/version',
      headers: bearer(server.token),
      tls: { ca: server.ca },
    });
    expect(named.body).toMatchObject({ major: '1', minor: '33' });
    await expect(ask(server.url, { path: '/version' })).rejects.toThrow(/self-signed|unable to verify/);
  });

  test.each([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['a token of another scheme', { authorization: 'Basic YTpi' }],
  ])('answers %s with 401 as Status', async (_title, headers) => {
    const answer = await ask(server.url, { path: '/api/v1/namespaces', headers, tls: { ca: server.ca } });
    expect(answer).toEqual({
      status: 401,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      },
    });
  });

  test('writes a kubeconfig that only its owner can read, also over a file that others could', async () => {
    const file = join(folder, 'deep', 'kubeconfig');
    await server.writeKubeconfig(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await writeFile(file, 'old');
    await chmod(file, 0o644);
    await server.writeKubeconfig(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(parse(await readFile(file, 'utf8'))).toEqual(server.kubeconfig);
    expect(server.kubeconfig.users[0]?.user).toEqual({ token: server.token });
  });

  test('knows the holder of a client certificate of its authority by name and groups', async () => {
    const { key, cert } = await server.clientCertificate({ commonName: 'alice', organizations: ['dev', 'ops'] });
    const answer = await ask(server.url, { path: '/api/v1/namespaces/default', tls: { ca: server.ca, key, cert } });
    expect(answer.status).toBe(200);
    const stranger = CertificateAuthority.create('elsewhere', env).clientCertificate({
      commonName: 'alice',
      organizations: ['system:masters'],
    });
    expect((await ask(server.url, { path: '/api/v1/namespaces/default', tls: { ca: server.ca, ...stranger } })).status).toBe(401);
  });

  test('keeps its authority: a server that is started again is still trusted', async () => {
    const { key, cert } = await server.clientCertificate({ commonName: 'bob' });
    await using again = await cluster.serve({ token: 'second' });
    expect(again.ca).toBe(server.ca);
    expect((await ask(again.url, { path: '/version', tls: { ca: server.ca, key, cert } })).status).toBe(200);
  });

  test('makes certificates that openssl finds good', async () => {
    const { cert } = await server.clientCertificate({ commonName: 'carol', organizations: ['dev'] });
    await writeFile(join(folder, 'ca.pem'), server.ca!);
    await writeFile(join(folder, 'client.pem'), cert);
    const verify = (purpose: string): string =>
      execFileSync(
        'openssl',
        ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', join(folder, 'ca.pem'), join(folder, 'client.pem')],
        {
          encoding: 'utf8',
          stdio: 'pipe',
        },
      );
    expect(verify('sslclient')).toMatch(/client.pem: OK/);
    expect(() => verify('sslserver')).toThrow(/unsupported certificate purpose|unsuitable certificate purpose/);
    expect(new X509Certificate(cert).subject).toBe('O=dev\nCN=carol');
  });

  test('uses a certificate it is given', async () => {
    const authority = CertificateAuthority.create('given', env);
    const given = authority.serverCertificate(['127.0.0.1', '::1', 'api.example']);
    await using other = await cluster.serve({ tls: { ...given, ca: authority.certificate } });
    const answer = await ask(other.url, { path: '/version', headers: bearer(other.token), tls: { ca: authority.certificate } });
    expect(answer.status).toBe(200);
    expect(other.ca).toBe(authority.certificate);
    const presented = await new Promise<X509Certificate>((resolve) => {
      const socket = tlsConnect({ port: Number(new URL(other.url).port), host: '127.0.0.1', ca: authority.certificate }, () => {
        resolve(socket.getPeerX509Certificate()!);
        socket.destroy();
      });
    });
    expect(presented.subjectAltName).toBe('IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:api.example');
  });
});

test('serves plain HTTP when told so, and has no certificates then', async () => {
  await using cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
  await using server = await cluster.serve({ tls: false, token: 'secret' });
  expect(server.url).toMatch(/^http:/);
  expect((await ask(server.url, { path: '/version', headers: { authorization: 'Bearer secret' } })).status).toBe(200);
  await expect(server.clientCertificate({ commonName: 'alice' })).rejects.toThrow(/plain HTTP/);
  await expect(cluster.serve({ tls: false, auth: { clientCa: 'x' } })).rejects.toThrow(/clientCa needs TLS/);
});

test('keeps its keys in memory under a clock that stands still', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(0), controllers: 'none', scheduler: 'none' });
  await using server = await cluster.serve();
  expect((await ask(server.url, { path: '/livez', tls: { ca: server.ca } })).status).toBe(200);
  const secrets = await ask(server.url, {
    path: '/api/v1/secrets',
    headers: { authorization: `Bearer ${server.token}` },
    tls: { ca: server.ca },
  });
  expect(secrets.body).toMatchObject({ items: [] });
});

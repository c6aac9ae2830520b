import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const args = (...options: readonly string[]): string[] => ['--import', 'tsx', 'examples/serve.ts', '--port', '0', ...options];

interface Served {
  readonly line: string;
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

async function serve(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const child = spawn(process.execPath, args(...options), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for await (const line of createInterface(child.stdout)) return { line, url: /https?:\/\/[\d.:]+/.exec(line)![0], child, ended };
  throw new Error('it ended before it was ready');
}

/** What an HTTPS server with a certificate of its own answers. */
const ask = (url: string, token: string, body?: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request(url, { rejectUnauthorized: false, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });

const refused = (...options: readonly string[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, args(...options), { cwd: root }, (error, _out, said) => resolve({ code: Number(error?.code ?? 0), said }));
  });

describe('npm run serve', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coxswain-serve-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('TLS, the token of the environment, a kubeconfig for its owner alone, a state that stays, and an end at SIGTERM', async () => {
    const data = join(folder, 'data');
    const first = await serve(['--tls', '--data', data, '--controllers', 'all,-node-lifecycle', '--nodes', '1'], {
      COXSWAIN_TOKEN: 'of-env',
    });
    expect(first.line).toBe(`serving the Kubernetes API at ${first.url} (kubeconfig: ${data}/kubeconfig)`);
    expect((await stat(join(data, 'kubeconfig'))).mode & 0o777).toBe(0o600);
    const maps = '/api/v1/namespaces/default/configmaps';
    expect(await ask(`${first.url}${maps}`, 'of-env', { metadata: { name: 'kept' } })).toBe(201);
    expect(await ask(`${first.url}${maps}`, 'wrong')).toBe(401);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const second = await serve(['--tls', '--data', data, '--token', 'given', '--controllers', 'none'], { COXSWAIN_TOKEN: 'of-env' });
    expect(await ask(`${second.url}${maps}/kept`, 'given')).toBe(200);
    expect(await ask(`${second.url}${maps}/kept`, 'of-env')).toBe(401);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  test('a kubeconfig that was not asked for is gone with it', async () => {
    const { line, child, ended } = await serve(['--controllers', 'none']);
    const file = /kubeconfig: (\S+)\)/.exec(line)![1]!;
    expect(await readdir(join(file, '..'))).toEqual(['kubeconfig']);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test.each([
    [['--port', 'x'], '--port: expected a whole number from 0 to 65535, got "x"'],
    [['--nodes=-1'], '--nodes: expected a whole number from 0 to 100000, got "-1"'],
    [['--controllers', 'nonsense'], 'nonsense'],
    [['--nothing'], "Unknown option '--nothing'"],
  ])('%j is refused in a line', async (options, words) => {
    const { code, said } = await refused(...options);
    expect(code).toBe(1);
    expect(said).toMatch(/^serve: .*\n$/);
    expect(said).toContain(words);
  });
});

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Cluster, ManualClock, type ClusterOptions } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const linux = process.platform === 'linux';

/** A server; beside it, what a careless program leaves: a daemon that has left its session. */
const program = (mark: string): string => `
require('node:http').createServer((request, response) => response.end('it is ' + process.env.POD_IP)).listen(8080, process.env.HOST);
require('node:child_process').spawn('setsid', ['sleep', '${mark}'], { detached: true, stdio: 'ignore' }).unref();
`;

/** Command lines of all processes that contain the text. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(text) && Number(pid) !== process.pid ? [line] : [];
      } catch {
        return [];
      }
    });
}

/** Those of this process: another run on this machine has its own. */
const folders: string[] = [];
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leftovers-'));
  folders.push(folder);
  return folder;
}

/** How many of each kind of thing keep this process alive. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const fork = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } };

async function populated(options: ClusterOptions): Promise<Cluster> {
  const cluster = await Cluster.create(options);
  const web = await cluster.replicationControllers.create({
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { app: 'web' },
      template: {
        ...fork,
        spec: { containers: [{ ...fork.spec.containers[0]!, readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 } }] },
      },
    },
  });
  const service = await cluster.expose(web, { port: 80, targetPort: 8080, type: 'NodePort', protocol: 'http' });
  await web.ready({ timeoutMs: 60_000 });
  await service.ready({ timeoutMs: 60_000 });
  return cluster;
}

const answerOf = async (cluster: Cluster): Promise<string> => (await fetch(cluster.services.get('web')!.url()!)).text();

test('simulated nodes make no folder, so that a cluster nobody closed leaves none', async () => {
  const ownTemporary = ownFolder();
  vi.stubEnv('TMPDIR', ownTemporary);
  const cluster = await Cluster.create({ clock: new ManualClock(), nodes: [{ name: 'n1', runtime: new SimulatedRuntime({}) }] });
  const web = await cluster.run('web', 'web:1', { replicas: 2 });
  await web.ready();
  expect(readdirSync(ownTemporary)).toEqual([]);
  vi.unstubAllEnvs();
  await cluster.close();
});

describe('close', () => {
  test('leaves no process, no socket, no timer and no file', async () => {
    const mark = `86400.${process.pid}1`;
    const stateDir = join(ownFolder(), 'state');
    const before = resources();
    // Others make folders in the system's own while this runs.
    const ownTemporary = ownFolder();
    vi.stubEnv('TMPDIR', ownTemporary);
    const held: Socket[] = [];
    const cluster = await populated({
      stateDir,
      dns: {},
      nodes: ['n1', 'n2'].map((name) => ({
        name,
        runtime: new ProcessRuntime({ images: { 'web:1': { command: [process.execPath, '-e', program(mark)] } } }),
      })),
    });
    const api = await cluster.serve();
    const pod = cluster.pods.list()[0]!;
    const forward = await pod.portForward(8080);
    const following = (async () => {
      for await (const _ of pod.logs({ follow: true }));
    })().catch(() => 'ended');
    const watching = (async () => {
      for await (const _ of cluster.pods.watch());
    })().catch(() => 'ended');
    expect(await answerOf(cluster)).toMatch(/^it is \d/);
    if (linux) expect(processesWith(mark).length).toBeGreaterThanOrEqual(2);
    expect(existsSync(stateDir)).toBe(true);
    const ports = [forward.port, Number(new URL(api.url).port), cluster.nameServer!.address()!.port];
    for (const port of ports) held.push(connect(port, '127.0.0.1').on('error', () => undefined));
    const { host: address, port } = new URL(cluster.services.get('web')!.url()!) as URL & { readonly hostname: string };
    expect(address).toBeTruthy();

    await cluster.close();
    await Promise.all([following, watching]);
    for (const socket of held) socket.destroy();
    if (linux) expect(processesWith(mark)).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
    expect(readdirSync(ownTemporary)).toEqual([]);
    vi.unstubAllEnvs();
    for (const each of [...ports, Number(port)]) if (each > 0) await expect(reach(each)).rejects.toThrow(/ECONN/);
    // What the test itself used (fetch keeps its connections for a while) ends by itself.
    const after = resources();
    for (const name of ['ProcessWrap', 'TCPServerWrap', 'TCPServer', 'UDPWrap', 'FSEventWrap', 'StatWatcher'])
      expect([name, after[name] ?? 0]).toEqual([name, before[name] ?? 0]);
  });

  test('a program that has closed its cluster ends by itself', async () => {
    const text = `
      import { Cluster } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))};
      import { ProcessRuntime } from ${JSON.stringify(join(import.meta.dirname, '../../src/runtimes/process-runtime.ts'))};
      import { SimulatedRuntime } from ${JSON.stringify(join(import.meta.dirname, '../../src/runtimes/simulated-runtime.ts'))};
      const images = { 'sleep:1': { command: ['sleep', '1000'] } };
      const cluster = await Cluster.create({ dns: {}, nodes: [{ name: 'n1', runtime: new ProcessRuntime({ images }) }, { name: 'n2', runtime: new SimulatedRuntime() }] });
      await cluster.serve();
      const stop = new AbortController();
      const running = cluster.run({ signal: stop.signal });
      const pod = await cluster.pods.create({ metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'sleep:1' }] } });
      await pod.waitFor('Ready');
      await cluster.close();
      await running;
      console.log('closed');
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', text], {
      cwd: join(import.meta.dirname, '../..'),
      timeout: 200_000,
    });
    expect(stdout).toBe('closed\n');
  });
});

describe('two clusters in one process', () => {
  const options = (seed: number, answer: string): ClusterOptions => ({
    seed,
    nodes: [
      {
        name: 'n1',
        runtime: new InProcessRuntime({
          images: {
            'web:1': async (ctx) => {
              await ctx.listen(
                createServer((_request, response) => response.end(answer)),
                8080,
              );
              await ctx.stopped;
            },
          },
        }),
      },
    ],
  });
  let one: Cluster;
  let two: Cluster;

  // The same seed: the same names, uids and addresses, wherever something is shared.
  beforeAll(async () => {
    [one, two] = await Promise.all([populated(options(7, 'one')), populated(options(7, 'two'))]);
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  test('share nothing: the same names mean different things, and each hears only of itself', async () => {
    expect(await answerOf(one)).toBe('one');
    expect(await answerOf(two)).toBe('two');
    const heard: string[] = [];
    two.on('change', ({ object }) => heard.push(object.metadata.name));
    await one.configMaps.create({ metadata: { name: 'only-in-one' }, data: {} });
    await two.configMaps.create({ metadata: { name: 'only-in-two' }, data: {} });
    await one.reconcile();
    await two.reconcile();
    expect(two.configMaps.list().map(({ name }) => name)).not.toContain('only-in-one');
    expect(one.configMaps.list().map(({ name }) => name)).not.toContain('only-in-two');
    expect(heard).toContain('only-in-two');
    expect(heard).not.toContain('only-in-one');
    const ips = (cluster: Cluster) => cluster.pods.list().map(({ ip }) => ip);
    if (linux) expect(ips(one).filter((ip) => ips(two).includes(ip))).toEqual([]);
  });

  test('the end of one is no affair of the other', async () => {
    await one.close();
    expect(await answerOf(two)).toBe('two');
    await expect(one.reconcile()).rejects.toMatchObject({ code: 'CLOSED' });
    const web = two.replicationControllers.get('web')!;
    await web.scale(3);
    await web.ready({ timeoutMs: 60_000 });
    expect(web.pods()).toHaveLength(3);
  });
});

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

import {
  AppsV1Api,
  CoreV1Api,
  Cp,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  VersionApi,
  Watch,
  V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import type { ServerHandle } from '../../src/server/index.ts';

const program = `
require('node:http').createServer((request, response) => response.end('hello ' + request.url)).listen(8080, process.env.HOST);
console.log('first line');
setInterval(() => console.log('tick'), 100);
`;
const namespace = 'default';

let cluster: Cluster;
let server: ServerHandle;
let config: KubeConfig;
let core: CoreV1Api;
let folder: string;
let running: Promise<void>;
const stop = new AbortController();

function configOf(handle: ServerHandle): KubeConfig {
  const made = new KubeConfig();
  made.loadFromString(JSON.stringify(handle.kubeconfig));
  return made;
}

/** Resolves when the check holds; it is asked after every call of `look`. */
function waiting<T>(): { readonly until: (check: () => T | undefined) => Promise<T>; readonly look: () => void } {
  const checks = new Set<() => void>();
  return {
    look: () => checks.forEach((check) => check()),
    until: (check) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = check();
          if (found === undefined) return;
          checks.delete(look);
          resolve(found);
        };
        checks.add(look);
        look();
      }),
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coxswain-client-node-'));
  const images = { node: { command: [process.execPath] as const }, shell: { command: ['sh', '-c', 'exec sleep 1000'] as const } };
  cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new ProcessRuntime({ images }) }] });
  running = cluster.run({ signal: stop.signal });
  server = await cluster.serve({ allow: ['host-processes'] });
  config = configOf(server);
  core = config.makeApiClient(CoreV1Api);
  const container = { name: 'main', image: 'node', args: ['-e', program] };
  await core.createNamespacedPod({
    namespace,
    body: { metadata: { name: 'web' }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
  });
  await cluster.pods.get('web')!.waitFor('Ready');
});

afterAll(async () => {
  stop.abort();
  await running;
  await cluster.close();
  await rm(folder, { recursive: true, force: true });
});

describe('@kubernetes/client-node', () => {
  test('typed clients: create, read, list, replace, delete', async () => {
    expect(await config.makeApiClient(VersionApi).getCode()).toMatchObject({ minor: '33' });
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'typed', labels: { a: 'b' } }, data: { key: 'one' } },
    });
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    await core.replaceNamespacedConfigMap({
      name: 'typed',
      namespace,
      body: Object.assign(new V1ConfigMap(), created, { data: { key: 'two' } }),
    });
    await expect(core.replaceNamespacedConfigMap({ name: 'typed', namespace, body: created })).rejects.toMatchObject({ code: 409 });
    expect((await core.listNamespacedConfigMap({ namespace, labelSelector: 'a=b' })).items.map(({ data }) => data)).toEqual([
      { key: 'two' },
    ]);
    await core.deleteNamespacedConfigMap({ name: 'typed', namespace });
    await expect(core.readNamespacedConfigMap({ name: 'typed', namespace })).rejects.toMatchObject({ code: 404 });
    const pods = await core.listNamespacedPod({ namespace, fieldSelector: 'status.phase=Running' });
    expect(pods.items.map(({ metadata }) => metadata?.name)).toContain('web');
  });

  test('patches: merge, and server-side apply with a conflict', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'shell' }] } };
    const applied = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'd' } }, template },
    };
    const apply = (fieldManager: string, replicas: number, force = false) =>
      apps.patchNamespacedDeployment(
        { name: 'd', namespace, fieldManager, force, body: { ...applied, spec: { ...applied.spec, replicas } } },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    expect((await apply('one', 0)).metadata?.managedFields?.[0]).toMatchObject({ manager: 'one', operation: 'Apply' });
    await expect(apply('two', 1)).rejects.toMatchObject({ code: 409 });
    await apply('two', 0, true);
    const merged = await apps.patchNamespacedDeployment(
      { name: 'd', namespace, body: { metadata: { labels: { x: 'y' } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(merged.metadata?.labels).toEqual({ x: 'y' });
    const any = KubernetesObjectApi.makeApiClient(config);
    const read = await any.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace } });
    expect(read.metadata?.name).toBe('d');
    await any.delete(read);
  });

  test('watch', async () => {
    const seen: string[] = [];
    const { look, until } = waiting<true>();
    const { resourceVersion } = (await core.listNamespacedConfigMap({ namespace })).metadata!;
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { ...(resourceVersion === undefined ? {} : { resourceVersion }), allowWatchBookmarks: true },
      (phase, object: V1ConfigMap) => {
        seen.push(`${phase} ${object.metadata?.name} ${object.data?.['n']}`);
        look();
      },
      () => undefined,
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'watched' }, data: { n: '1' } } });
    const patch = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
    await core.patchNamespacedConfigMap({ name: 'watched', namespace, body: { data: { n: '2' } } }, patch);
    await core.deleteNamespacedConfigMap({ name: 'watched', namespace });
    await until(() => (seen.length >= 3 ? true : undefined));
    expect(seen).toEqual(['ADDED watched 1', 'MODIFIED watched 2', 'DELETED watched 2']);
    watching.abort();
  });

  test('an informer survives a restart of the server', async () => {
    const port = Number(new URL((await cluster.serve({ token: 'informer' })).url).port);
    const first = await cluster.serve({ token: 'informer' });
    const address = Number(new URL(first.url).port);
    expect(address).not.toBe(port);
    const client = configOf(first);
    const api = client.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1ConfigMap>(client, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      api.listNamespacedConfigMap({ namespace }),
    );
    const { look, until } = waiting<true>();
    for (const event of ['add', 'update', 'delete'] as const) informer.on(event, look);
    const broken: unknown[] = [];
    informer.on('error', (error) => broken.push(error));
    const restart = (): void => {
      informer.start().catch((error: unknown) => {
        broken.push(error);
        restart();
      });
    };
    const has = (name: string, value: string) => (): true | undefined =>
      informer.get(name, namespace)?.data?.['n'] === value ? true : undefined;
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'informed' }, data: { n: '1' } } });
    await until(has('informed', '1'));
    await first.close();
    const patch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await core.patchNamespacedConfigMap({ name: 'informed', namespace, body: { data: { n: '2' } } }, patch);
    await cluster.serve({ token: 'informer', port: address });
    restart();
    await until(has('informed', '2'));
    await core.patchNamespacedConfigMap({ name: 'informed', namespace, body: { data: { n: '3' } } }, patch);
    await until(has('informed', '3'));
    await informer.stop();
  });

  test('exec: output, input, exit code', async () => {
    const run = async (command: readonly string[], input?: string): Promise<{ out: string; err: string; status: V1Status }> => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const stdin = input === undefined ? null : new PassThrough();
      const status = new Promise<V1Status>((resolve) => {
        void new Exec(config).exec(namespace, 'web', 'main', [...command], stdout, stderr, stdin, false, resolve);
      });
      stdin?.end(input);
      const ended = await status;
      stdout.end();
      stderr.end();
      return { out: await text(stdout), err: await text(stderr), status: ended };
    };
    const failed = await run(['sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(failed).toMatchObject({ out: 'out\n', err: 'err\n', status: { status: 'Failure', reason: 'NonZeroExitCode' } });
    expect(failed.status.details?.causes?.[0]?.message).toBe('7');
    expect(await run(['head', '-n', '1'], 'one\ntwo\n')).toMatchObject({ out: 'one\n', status: { status: 'Success' } });
  });

  test('logs, followed', async () => {
    const output = new PassThrough();
    let all = '';
    const { look, until } = waiting<true>();
    output.on('data', (chunk: Buffer) => {
      all += chunk.toString();
      look();
    });
    const following = await new Log(config).log(namespace, 'web', 'main', output, { follow: true, timestamps: true });
    await until(() => (/tick\n(.*\n)*.*tick/.test(all) ? true : undefined));
    following.abort();
    expect(all).toMatch(/^\S+Z first line\n/);
    expect(await core.readNamespacedPodLog({ name: 'web', namespace, limitBytes: 10 })).toBe('first line');
  });

  test('port-forward', async () => {
    const forward = new PortForward(config);
    const local = createServer((socket) => void forward.portForward(namespace, 'web', [8080], socket, null, socket));
    await new Promise<void>((resolve) => local.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(local.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/through`, { headers: { connection: 'close' } })).text()).toBe('hello /through');
    await new Promise((resolve) => local.close(resolve));
  });

  // `cpFromPod` of 1.4 asks for a compressed archive and reads it as a plain one: it fails with every server.
  test('cp into a Pod', async () => {
    const content = 'content '.repeat(10_000);
    const [here, far] = await Promise.all(['here-', 'far-'].map((name) => mkdtemp(join(folder, name))));
    await writeFile(join(here!, 'sent.txt'), content);
    await new Cp(config).cpToPod(namespace, 'web', 'main', here!, far!);
    await expect.poll(() => readFile(join(far!, 'sent.txt'), 'utf8').catch(() => ''), { timeout: 120_000 }).toBe(content);
  });
});

const python = '/usr/bin/python3';
const hasPython = spawnSync(python, ['-c', 'import kubernetes']).status === 0;
if (!hasPython) console.warn('\n*** python3-kubernetes is not on this machine: its test DOES NOT RUN. ***\n');

test.skipIf(!hasPython)("Debian's python3-kubernetes: create, patch, watch, delete, exec, log", async () => {
  const file = join(folder, 'kubeconfig');
  await server.writeKubeconfig(file);
  const child = spawn(python, [fileURLToPath(new URL('python-client.py', import.meta.url)), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(await text(child.stdout)).toBe(
    ['watch MODIFIED 2', 'watch DELETED 2', 'status 404 Not Found', 'exec out 4', 'log first line', ''].join('\n'),
  );
});

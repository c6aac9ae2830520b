import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import type { Container, ContainerStatus, PodManifest, PodSpec } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { eventKind } from '../../src/kinds/event.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

/** Answers HTTP; `/crash` ends it with 3, `/sick` makes it answer 500 from then on. */
const server = `
const http = require('node:http');
let sick = false;
console.log('up ' + process.env.POD_NAME + ' ' + process.env.COLOR);
process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });
http.createServer((request, response) => {
  if (request.url === '/crash') process.exit(3);
  if (request.url === '/sick') sick = true;
  response.statusCode = sick ? 500 : 200;
  response.end(process.pid + '');
}).listen(8080, process.env.HOST);
`;

/** The kubelet on real processes, real time and bounded calls. */
describe('kubelet: pods that are processes', () => {
  let cluster: Cluster;
  let run: Promise<void>;
  let stop: AbortController;

  beforeEach(async () => {
    stop = new AbortController();
    const runtime = new ProcessRuntime({
      images: { 'web:1': { command: [process.execPath, '-e', server] }, 'sh:1': { command: ['sh', '-c'] } },
    });
    cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime, capacity: { cpu: '8', memory: '8Gi' } }] });
    run = cluster.run({ signal: stop.signal });
  });
  afterEach(async () => {
    stop.abort();
    await run;
    await cluster.close();
  });

  const at = (name: string) => ({ namespace: 'default', name });
  const pod = (name: string) => cluster.client.get(podKind, at(name));
  const status = (name: string): ContainerStatus | undefined => pod(name)?.status?.containerStatuses?.[0];
  const create = (name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Stored<PodManifest>> =>
    cluster.client.create(podKind, {
      metadata: { ...at(name) },
      spec: { ...spec, containers: [{ name: 'c', image: 'web:1', ...container }] },
    });
  const until = <T>(what: string, check: () => T | undefined | false): Promise<T> =>
    cluster.client.waitFor(
      what,
      () => check() || undefined,
      () => JSON.stringify([cluster.client.list(podKind), cluster.client.list(eventKind).map(({ reason, message }) => [reason, message])]),
      { timeoutMs: patienceMs },
    );
  const ask = (name: string, path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ host: pod(name)!.status!.podIP!, port: 8080, path, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
  const logs = async (name: string, previous = false): Promise<string> => {
    let text = '';
    for await (const chunk of cluster.client.streams.logs(at(name), { previous })) text += Buffer.from(chunk.data).toString();
    return text;
  };

  test('a server is ready by its probe, restarted when it crashes or is unwell, and stopped with its last words', async () => {
    await cluster.client.create(configMapKind, { metadata: at('cfg'), data: { color: 'blue' } });
    // An answer may take its time, and so may the start: only what is refused or wrong counts.
    const probe = { httpGet: { port: 'http' }, periodSeconds: 1, timeoutSeconds: 60, failureThreshold: 1 };
    await create('web', {
      ports: [{ name: 'http', containerPort: 8080 }],
      readinessProbe: probe,
      livenessProbe: { ...probe, failureThreshold: 2 },
      startupProbe: { ...probe, failureThreshold: 120 },
      env: [
        { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'color' } } },
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
    });
    await until('ready', () => status('web')?.ready);
    expect(await logs('web')).toBe('up web blue\n');
    const pid = await ask('web', '/');

    await ask('web', '/crash').catch(() => undefined);
    await until('restarted', () => status('web')?.restartCount === 1 && status('web')?.ready);
    expect(status('web')?.lastState?.terminated?.exitCode).toBe(3);
    expect(await ask('web', '/')).not.toBe(pid);

    await ask('web', '/sick');
    await until('not ready', () => status('web')?.ready === false);
    await until('told to stop', () => status('web')?.lastState?.terminated?.exitCode === 0);
    expect(await logs('web', true)).toBe('up web blue\nbye\n');

    await cluster.client.delete(podKind, at('web'));
    await until('gone', () => pod('web') === undefined);
    const reasons = new Set(cluster.client.list(eventKind).map(({ reason }) => reason));
    for (const reason of ['Pulled', 'Created', 'Started', 'Unhealthy', 'Killing']) expect(reasons).toContain(reason);
  });

  test('jobs end, hooks run, volumes are files, and one that ignores SIGTERM is killed in time', async () => {
    await cluster.client.create(configMapKind, { metadata: at('cfg'), data: { greeting: 'hello' } });
    const volumes = [
      { name: 'cfg', configMap: { name: 'cfg' } },
      { name: 'work', emptyDir: {} },
    ];
    const volumeMounts = [
      { name: 'cfg', mountPath: '/config' },
      { name: 'work', mountPath: '/scratch' },
    ];
    await create('job', { image: 'sh:1', args: ['echo done; exit 4'] }, { restartPolicy: 'Never' });
    await create(
      'stubborn',
      {
        image: 'sh:1',
        args: ['trap "" TERM; while true; do sleep 0.1; done'],
        lifecycle: { postStart: { exec: { command: ['sh', '-c', 'exit 0'] } } },
      },
      { terminationGracePeriodSeconds: 1 },
    );
    await create('nothing', { image: 'nobody:1' });
    await create('files', { image: 'sh:1', args: ['exec sleep 100'], volumeMounts }, { volumes });
    await until('failed', () => pod('job')?.status?.phase === 'Failed');
    expect(status('job')?.state?.terminated).toMatchObject({ exitCode: 4, reason: 'Error' });
    expect(await logs('job')).toBe('done\n');
    await until('no image', () => status('nothing')?.state?.waiting?.reason?.includes('ImagePull'));
    await until('running', () => status('stubborn')?.ready && status('files')?.ready);
    const session = await cluster.client.streams.exec(at('files'), { command: ['sh', '-c', 'cat $COXSWAIN_ROOT/config/greeting; exit 3'] });
    let said = '';
    session.stderr?.on('data', () => undefined);
    for await (const chunk of session.stdout) said += chunk.toString();
    expect([said, await session.exitCode]).toEqual(['hello', 3]);
    await cluster.client.delete(podKind, at('stubborn'));
    await until('killed', () => pod('stubborn') === undefined);
    await until('forced', () => {
      void cluster.client.delete(podKind, at('files'), { gracePeriodSeconds: 0 }).catch(() => undefined);
      return pod('files') === undefined;
    });
  });
});

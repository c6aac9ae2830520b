import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster, Pod } from 'coxswain';
import type { Container, PodSpec } from 'coxswain/models';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { hasStatus } from '../../src/runtimes/docker/engine-answered.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { DockerStage } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `volumes-${process.pid}`;
const here = await engineHere('volumes, hooks and probes on Docker');
let engine: Engine;
let cluster: Cluster;
let stage: DockerStage;
let hostFolder: string;
let made = 0;

const readLinks = `for (const kind of ['pid', 'ipc']) console.log(require('node:fs').readlinkSync('/proc/self/ns/' + kind));`;

async function create(container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> {
  const main = { name: 'main', image: testImages.base, ...container };
  return cluster.pods.create({
    metadata: { name: `v${++made}`, labels: { app: 'volumes' } },
    spec: { terminationGracePeriodSeconds: 5, containers: [main], ...spec },
  });
}
const now = (of: Pod): Pod => stage.now(of);
const until: DockerStage['until'] = (...args) => stage.until(...args);

/** What a pod wrote, which has ended well. */
async function output(script: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<string> {
  const pod = await create({ command: ['sh', '-ec', script], ...container }, { restartPolicy: 'Never', ...spec });
  await until(pod, 'its end', ({ status }) => status.phase === 'Succeeded');
  let text = '';
  for await (const line of pod.logs()) text += `${line}\n`;
  return text;
}

describe.runIf(here)('volumes, hooks and probes', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    hostFolder = mkdtempSync(join(tmpdir(), 'coxswain-hostpath-'));
    const runtime = new DockerRuntime({ neverPull: true, seccompFolder: hostFolder });
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime }] });
    ({ cluster } = stage);
    await cluster.configMaps.create({ metadata: { name: 'settings' }, data: { 'a.txt': 'one', 'b.txt': 'two' } });
    await cluster.secrets.create({ metadata: { name: 'key' }, stringData: { word: 'secret' } });
  });
  afterAll(async () => {
    await stage.close();
    engine.close();
    rmSync(hostFolder, { recursive: true, force: true });
  });

  test('ConfigMap, Secret, downward API, projected, sub-path, emptyDir on disk and in memory', async () => {
    const mount = (volume: string, more: object = {}) => ({ name: volume, mountPath: `/v/${volume}`, ...more });
    const podName = { path: 'name', fieldRef: { fieldPath: 'metadata.name' } };
    const text = await output(
      'cd /v; cat settings/a.txt key/word down/name all/b.txt all/name one.txt; echo; stat -L -c "%a" key/word; echo x > disk/x; echo y > memory/y; cat disk/x memory/y; mount | grep -c "/v/memory.*tmpfs\\|tmpfs.*/v/memory"; touch settings/new 2>/dev/null || echo read-only',
      {
        volumeMounts: [
          ...['settings', 'key', 'down', 'all', 'disk', 'memory'].map((each) => mount(each, each === 'settings' ? { readOnly: true } : {})),
          { name: 'settings', mountPath: '/v/one.txt', subPath: 'a.txt' },
        ],
      },
      {
        volumes: [
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'key', secret: { secretName: 'key', defaultMode: 0o400 } },
          { name: 'down', downwardAPI: { items: [podName] } },
          {
            name: 'all',
            projected: { sources: [{ configMap: { name: 'settings' } }, { downwardAPI: { items: [podName] } }] },
          },
          { name: 'disk', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory' } },
        ],
      },
    );
    expect(text).toBe(`onesecretv${made}twov${made}one\n400\nx\ny\n1\nread-only\n`);
  });

  test('hostPath by type: a file, a folder that is made, and one that is not there', async () => {
    writeFileSync(join(hostFolder, 'file'), 'mine');
    const volumes = [
      { name: 'file', hostPath: { path: join(hostFolder, 'file'), type: 'File' } },
      { name: 'made', hostPath: { path: join(hostFolder, 'made'), type: 'DirectoryOrCreate' } },
    ];
    const volumeMounts = [
      { name: 'file', mountPath: '/file' },
      { name: 'made', mountPath: '/made' },
    ];
    expect(await output('cat /file; echo written > /made/x', { volumeMounts }, { volumes })).toBe('mine\n');
    expect(readFileSync(join(hostFolder, 'made/x'), 'utf8')).toBe('written\n');
    const missing = { name: 'none', hostPath: { path: join(hostFolder, 'none'), type: 'Directory' } };
    const pod = await create({ command: ['true'] }, { volumes: [missing] });
    const events = () =>
      cluster.events.list().filter(({ manifest }) => manifest.involvedObject.name === pod.name && manifest.reason === 'FailedMount');
    await until(pod, 'FailedMount', () => events().length > 0);
    expect(events()[0]!.manifest.message).toMatch(/hostPath type check failed/);
    expect(existsSync(join(hostFolder, 'none'))).toBe(false);
    await pod.delete();
  });

  test('hooks: postStart before ready, preStop before the signal', async () => {
    const volumes = [{ name: 'host', hostPath: { path: hostFolder } }];
    const say = (word: string) => ({ exec: { command: ['sh', '-c', `echo ${word} >> /host/story`] } });
    const pod = await create(
      {
        command: ['sh', '-c', 'trap "echo signal >> /host/story; exit 0" TERM; while :; do sleep 0.1; done'],
        lifecycle: { postStart: say('started'), preStop: say('stopping') },
        volumeMounts: [{ name: 'host', mountPath: '/host' }],
      },
      { volumes },
    );
    await pod.waitFor('Ready');
    await pod.delete();
    await pod.waitForDeletion();
    expect(readFileSync(join(hostFolder, 'story'), 'utf8')).toBe('started\nstopping\nsignal\n');
  });

  test('probes: a startup probe is waited for, readiness follows its file, a failed liveness restarts; logs of the run before', async () => {
    const exec = (...command: string[]) => ({ exec: { command }, periodSeconds: 1, timeoutSeconds: 60 });
    const pod = await create({
      command: ['sh', '-c', 'echo run; sleep 1; touch /tmp/up; while :; do sleep 0.1; done'],
      startupProbe: { ...exec('test', '-f', '/tmp/up'), failureThreshold: 60 },
      readinessProbe: { ...exec('test', '-f', '/tmp/ready'), failureThreshold: 1 },
      livenessProbe: { ...exec('test', '!', '-f', '/tmp/dead'), failureThreshold: 1 },
    });
    await until(pod, 'started', ({ status }) => status.containerStatuses?.[0]?.started === true);
    expect(now(pod).ready).toBe(false);
    await pod.exec(['touch', '/tmp/ready']);
    await until(pod, 'ready', ({ ready }) => ready);
    await pod.exec(['busybox', 'rm', '/tmp/ready']);
    await until(pod, 'not ready', ({ ready }) => !ready);
    await pod.exec(['touch', '/tmp/dead']);
    await until(pod, 'restarted', ({ status }) => status.containerStatuses?.[0]?.restartCount === 1);
    await until(pod, 'started again', ({ status }) => status.containerStatuses?.[0]?.started === true);
    let before = '';
    for await (const { data } of cluster.client.streams.logs({ namespace: 'default', name: pod.name }, { previous: true }))
      before += String(Buffer.from(data));
    expect(before).toBe('run\n');
    await pod.delete();
  });

  test('logs: follow, tail, since, a limit, two streams', async () => {
    const pod = await create({
      command: ['sh', '-c', 'for i in 1 2 3; do echo line $i; done; echo problem >&2; sleep 1; echo last; sleep 1000'],
    });
    await pod.waitFor('Ready');
    const at = { namespace: 'default', name: pod.name };
    const read = async (options: object, enough: (text: string) => boolean): Promise<string> => {
      let text = '';
      for await (const { stream, data } of cluster.client.streams.logs(at, options)) {
        text += `${stream === 'stderr' ? '!' : ''}${Buffer.from(data).toString()}`;
        if (enough(text)) break;
      }
      return text;
    };
    const all = await read({ follow: true }, (text) => text.includes('last'));
    expect([...all.matchAll(/^(line \d|last)$/gm)].map(([line]) => line)).toEqual(['line 1', 'line 2', 'line 3', 'last']);
    expect(all).toContain('!problem\n');
    const never = (): boolean => false;
    expect(await read({ tailLines: 1 }, never)).toBe('last\n');
    expect(await read({ limitBytes: 6 }, never)).toMatch(/^!?.{6}$/s);
    let lastAtMs = 0;
    for await (const { atMs } of cluster.client.streams.logs(at, { tailLines: 1 })) lastAtMs = atMs;
    expect(await read({ sinceMs: lastAtMs }, never)).toBe('last\n');
    await pod.delete();
  });

  test('privileged, added capabilities, seccomp off and by the engine, the namespaces of the host', async () => {
    const status = 'grep -E "CapEff|^Seccomp:" /proc/self/status';
    const seccompProfile = { type: 'Unconfined' };
    // Not every machine lets a container have everything: what the engine was told counts.
    const privileged = await create({ command: ['sleep', '1000'], securityContext: { privileged: true } }, { restartPolicy: 'Always' });
    const query = { all: true, filters: JSON.stringify({ label: [`coxswain.pod.uid=${privileged.metadata.uid}`] }) };
    const list = () => engine.json<readonly { readonly Id: string }[]>('list', { method: 'GET', path: '/containers/json', query });
    // Where it may not start, one that could not is removed before the next is made: it may be gone again when it is looked at.
    let inspected: unknown;
    while (inspected === undefined)
      for (const { Id } of await list())
        inspected = await engine.json('inspect', { method: 'GET', path: `/containers/${Id}/json` }).catch((error: unknown) => {
          if (!hasStatus(error, 404)) throw error;
        });
    expect(inspected).toMatchObject({ HostConfig: { Privileged: true } });
    await privileged.delete();
    const added = await output(status, { securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] }, seccompProfile } });
    expect(added).toBe('CapEff:\t0000000000001000\nSeccomp:\t0\n');
    expect(await output(status, {})).toMatch(/Seccomp:\t2\n/);
    const own = (kind: string) => readlinkSync(`/proc/self/ns/${kind}`);
    const shared = await output('', { image: testImages.node, command: ['node', '-e', readLinks] }, { hostPID: true, hostIPC: true });
    expect(shared.trim().split('\n')).toEqual([own('pid'), own('ipc')]);
  });

  test('a seccomp profile from a file of the node; one that is not there is told', async () => {
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] };
    writeFileSync(join(hostFolder, 'no-mkdir.json'), JSON.stringify(profile));
    const seccomp = (localhostProfile: string) => ({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } });
    const script = 'mkdir /tmp/x 2>/dev/null || echo refused; touch /tmp/y && echo made';
    expect(await output(script, seccomp('no-mkdir.json'))).toBe('refused\nmade\n');
    const pod = await create({ command: ['true'], ...seccomp('none.json') });
    const waiting = () => now(pod).status.containerStatuses?.[0]?.state?.waiting;
    await until(pod, 'a reason', () => waiting()?.reason === 'CreateContainerConfigError');
    expect(waiting()?.message).toMatch(/seccomp profile .*none\.json cannot be read/);
    await pod.delete();
  });

  test('an ephemeral-storage limit is not looked at without storageLimits', async () => {
    const resources = { limits: { 'ephemeral-storage': '4Mi' } };
    expect(await output('dd if=/dev/zero of=/x bs=1M count=8 2>/dev/null && echo written', { resources })).toBe('written\n');
  });
});

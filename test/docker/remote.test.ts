import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, SystemClock } from 'coxswain';
import type { Pod } from 'coxswain';
import type { Volume, VolumeMount } from 'coxswain/models';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { patienceMs, within } from '../runtimes/suite-patience.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere, speaks } from './engine-here.ts';
import { FaultProxy } from './fault-proxy.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `remote-${process.pid}`;
const here = await engineHere('volumes of an engine that does not see our files');
const knowsSubPaths = here && (await speaks(45, 'sub-paths in volumes of the engine'));
const clock = new SystemClock();
let engine: Engine;
let proxy: FaultProxy;
let cluster: Cluster;
let pod: Pod;
const stop = new AbortController();
let running: Promise<void>;

const read = async (path: string): Promise<string> => (await pod.exec(['cat', path], { container: 'main' })).stdout;

describe.runIf(here)('an engine that does not see our files', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    proxy = await FaultProxy.start(engine);
    cluster = await Cluster.create({
      name,
      nodes: [
        {
          name: 'n1',
          runtime: new DockerRuntime({ host: proxy.host, neverPull: true, sharesFiles: false, reach: 'published', hostRules: false }),
        },
      ],
    });
    running = cluster.run({ signal: stop.signal });
    await cluster.configMaps.create({ metadata: { name: 'settings' }, data: { 'a.txt': 'one', 'b.txt': 'two' } });
    await cluster.secrets.create({ metadata: { name: 'key' }, stringData: { word: 'secret' } });
    const container = (each: string) => ({
      name: each,
      image: testImages.base,
      command: ['sleep', '1000'],
      securityContext: { runAsUser: 1000 },
      volumeMounts: [
        { name: 'settings', mountPath: '/settings' },
        { name: 'key', mountPath: '/key' },
        { name: 'scratch', mountPath: '/scratch' },
        { name: 'memory', mountPath: '/memory' },
      ],
    });
    await cluster.pods.create({
      metadata: { name: 'a' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [container('main'), container('other')],
        securityContext: { fsGroup: 2000 },
        volumes: [
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'key', secret: { secretName: 'key', defaultMode: 0o440 } },
          { name: 'scratch', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ],
      },
    });
    pod = await cluster.pods.get('a')!.waitFor('Ready');
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
    await proxy.close();
    engine.close();
  });

  test('files of ConfigMaps and Secrets are there, with their mode and group', async () => {
    expect([await read('/settings/a.txt'), await read('/settings/b.txt'), await read('/key/word')]).toEqual(['one', 'two', 'secret']);
    expect((await pod.exec(['stat', '-L', '-c', '%a %g', '/key/word'], { container: 'main' })).stdout).toBe('440 2000\n');
  });

  test('an update reaches them', async () => {
    await cluster.configMaps.get('settings')!.patch({ type: 'merge', patch: { data: { 'a.txt': 'three' } } });
    let text = '';
    while (text !== 'three') text = await read('/settings/a.txt');
    expect(text).toBe('three');
  });

  test('of earlier versions nothing stays', async () => {
    const settings = cluster.configMaps.get('settings')!;
    for (const word of ['four', 'five']) {
      await settings.patch({ type: 'merge', patch: { data: { 'a.txt': word } } });
      for (let text = ''; text !== word;) text = await read('/settings/a.txt');
    }
    // The folder of the version before goes just after the link has moved on.
    const found = async (): Promise<string> =>
      (await pod.exec(['sh', '-c', 'cd /settings; ls -A; cat ..?/a.txt'], { container: 'main' })).stdout;
    await expect.poll(found).toMatch(/^\.\.a\n\.\.b\n\.\.data\na\.txt\nb\.txt\nfive$/);
  });

  test('an emptyDir is shared and may be written by anybody, on disk and in memory', async () => {
    for (const folder of ['/scratch', '/memory']) {
      expect((await pod.exec(['sh', '-c', `echo here > ${folder}/x`], { container: 'other' })).exitCode).toBe(0);
      expect(await read(`${folder}/x`)).toBe('here\n');
    }
    expect((await pod.exec(['df', '-k', '/memory'], { container: 'main' })).stdout).toMatch(/tmpfs\s+1024 /);
  });

  /** A pod with one container that says something and ends, and what it said. */
  async function said(podName: string, script: string, volumeMounts: readonly VolumeMount[], volumes: readonly Volume[]): Promise<string> {
    const container = { name: 'main', image: testImages.base, command: ['sh', '-c', script], volumeMounts: [...volumeMounts] };
    const it = await cluster.pods.create({
      metadata: { name: podName },
      spec: { restartPolicy: 'Never', securityContext: { runAsUser: 1000 }, containers: [container], volumes: [...volumes] },
    });
    const ended = await it.waitFor('Ended');
    let text = '';
    for await (const line of ended.logs()) text += `${line}\n`;
    await it.delete();
    await it.waitForDeletion();
    return text;
  }

  describe.runIf(knowsSubPaths)('a sub-path', () => {
    test('of files is a file, or a folder of them', async () => {
      const items = [
        { key: 'a.txt', path: 'a.txt' },
        { key: 'b.txt', path: 'deep/b.txt' },
      ];
      const mounts = [
        { name: 'v', mountPath: '/one', subPath: 'a.txt' },
        { name: 'v', mountPath: '/deep', subPath: 'deep' },
      ];
      await cluster.configMaps.create({ metadata: { name: 'parts' }, data: { 'a.txt': 'one', 'b.txt': 'two' } });
      const volumes = [{ name: 'v', configMap: { name: 'parts', items } }];
      expect(await said('files', 'cat /one; echo; ls /deep; cat /deep/b.txt', mounts, volumes)).toBe('one\nb.txt\ntwo\n');
    });

    test('of a volume that is written to is made, for anybody, and is the same for the next container', async () => {
      const mounts = [
        { name: 'v', mountPath: '/sub', subPath: 'deep/er' },
        { name: 'v', mountPath: '/all' },
        { name: 'v', mountPath: '/again', subPath: 'deep/er' },
      ];
      const script = 'stat -c %a /all/deep /sub; chmod 700 /all/deep 2>/dev/null; echo here > /sub/x; cat /all/deep/er/x /again/x';
      expect(await said('folder', script, mounts, [{ name: 'v', emptyDir: {} }])).toBe('777\n777\nhere\nhere\n');
    });

    test.each([
      ['of files that are not there', 'none', { configMap: { name: 'settings' } }, /subPath "none" of volume "v" does not exist/],
      ['of memory', 'part', { emptyDir: { medium: 'Memory' } }, /subPath "part" of volume "v".*in the memory of an engine elsewhere/],
    ])('%s is refused, in words', async (_what, subPath, volume, words) => {
      const container = {
        name: 'main',
        image: testImages.base,
        command: ['true'],
        volumeMounts: [{ name: 'v', mountPath: '/v', subPath }],
      };
      const it = await cluster.pods.create({
        metadata: { name: subPath },
        spec: { containers: [container], volumes: [{ name: 'v', ...volume }] },
      });
      const message = () => cluster.pods.get(subPath)?.status.containerStatuses?.[0]?.state?.waiting?.message ?? '';
      await expect.poll(message, { timeout: patienceMs }).toMatch(words);
      await it.delete();
      await it.waitForDeletion();
    });
  });

  test.runIf(here && !knowsSubPaths)('a sub-path is refused by an engine that is too old, in words', async () => {
    const container = {
      name: 'main',
      image: testImages.base,
      command: ['true'],
      volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }],
    };
    const it = await cluster.pods.create({
      metadata: { name: 'old' },
      spec: { containers: [container], volumes: [{ name: 'v', emptyDir: {} }] },
    });
    const message = () => cluster.pods.get('old')?.status.containerStatuses?.[0]?.state?.waiting?.message ?? '';
    await expect.poll(message, { timeout: patienceMs }).toMatch(/subPath "x" of volume "v".*needs API 1\.45/);
    await it.delete();
    await it.waitForDeletion();
  });

  test.each(['POST', 'DELETE'])('a helper whose %s was not answered holds no volume back', async (method) => {
    const before = (await leftBehind(engine, name)).length;
    const match = method === 'POST' ? /^POST \S*\/containers\/create HTTP/ : /^DELETE \S*\/containers\/\w+\?force=true HTTP/;
    proxy.add({ match, kind: method === 'POST' ? 'lost' : 'reset', times: 1 });
    const met = proxy.met;
    expect(await said('lost', 'touch /v/x && echo written', [{ name: 'v', mountPath: '/v' }], [{ name: 'v', emptyDir: {} }])).toBe(
      'written\n',
    );
    expect(proxy.met).toBe(met + 1);
    const gone = async (): Promise<void> => {
      while ((await leftBehind(engine, name)).length > before) await clock.sleep(50);
    };
    await within(gone(), 'what was made for the pod is gone');
  });

  test('they go with the pod', async () => {
    await pod.delete();
    await pod.waitForDeletion();
    // The network is all that stays.
    const gone = async (): Promise<void> => {
      while ((await leftBehind(engine, name)).length > 1) await clock.sleep(50);
    };
    await within(gone(), 'containers and volumes are gone');
    expect(await leftBehind(engine, name)).toHaveLength(1);
  });
});

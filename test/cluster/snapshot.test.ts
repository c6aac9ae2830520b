import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { Cluster, ConfigurationError, ManualClock, ParseError } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { SharedMemory } from '../loop/shared-memory.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } };

async function busyCluster(): Promise<Cluster> {
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 3, nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
  onTestFinished(() => cluster.close());
  const web = await cluster.replicationControllers.create({
    metadata: { name: 'web' },
    spec: { replicas: 3, selector: { app: 'web' }, template },
  });
  await cluster.services.create({ metadata: { name: 'web' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await cluster.secrets.create({
    metadata: {
      name: 'key',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"token":"aHVzaA=="}}', note: 'x' },
    },
    data: { token: 'aHVzaA==' },
  });
  await web.ready();
  await cluster.advance('1m');
  return cluster;
}

/** Everything there is, without what a new store gives anew. */
function objectsOf(cluster: Cluster): readonly object[] {
  return cluster.view
    .everything()
    .map(({ kind, object }) => {
      const { resourceVersion: _revision, ...metadata } = object.metadata;
      return { ...object, kind: kind.kind, metadata };
    })
    .sort((a, b) => (JSON.stringify(a.metadata) < JSON.stringify(b.metadata) ? -1 : 1));
}

const restored = async (...args: Parameters<typeof Cluster.fromSnapshot>): Promise<Cluster> => {
  const cluster = await Cluster.fromSnapshot(...args);
  onTestFinished(() => cluster.close());
  return cluster;
};

const lines = (text: string): readonly Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('snapshot', () => {
  it('what is restored is what there was: uids, times, status; the revisions are new', async () => {
    const cluster = await busyCluster();
    const copy = await restored(cluster.snapshot(), { clock: new ManualClock(cluster.clock.now()) });
    expect(objectsOf(copy)).toEqual(objectsOf(cluster));
    expect(copy.pods.list({ namespace: 'default' })).toHaveLength(3);
    const [head, ...rest] = lines(await cluster.snapshot().text());
    expect(head).toEqual({
      snapshot: 'coxswain.dev/v1',
      cluster: 'coxswain',
      takenAt: expect.any(String),
      secrets: 'keep',
      revision: cluster.view.revision,
    });
    expect(rest.at(-1)).toEqual({ end: true, objects: rest.length - 1 });
  });

  it('is a picture of one moment, and the same each time it is read', async () => {
    const cluster = await busyCluster();
    const snapshot = cluster.snapshot();
    const first = await snapshot.text();
    await cluster.secrets.get('key')!.delete();
    expect(await snapshot.text()).toBe(first);
    expect(await cluster.snapshot().text()).not.toBe(first);
  });

  it('is read from a stream, wherever it was cut, and restored to a disk', async () => {
    const cluster = await busyCluster();
    const bytes = Buffer.from(await cluster.snapshot().text());
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
    const folder = mkdtempSync(join(tmpdir(), 'coxswain-snapshot-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const onDisk = await restored(Readable.from(pieces), { store: new LmdbStore({ path: folder }), controllers: 'none' });
    expect(objectsOf(onDisk)).toEqual(objectsOf(cluster));
  });

  it('goes on where the other stood: Pods are kept at their number, addresses are not given twice, uids are new', async () => {
    const cluster = await busyCluster();
    const text = await cluster.snapshot().text();
    const clock = new ManualClock(cluster.clock.now());
    const copy = await restored(text, { clock, seed: 3, nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
    await copy.advance('1m');
    const pods = copy.pods.list({ namespace: 'default' });
    expect(pods.map((pod) => [pod.name, pod.ready])).toEqual(cluster.pods.list({ namespace: 'default' }).map((pod) => [pod.name, true]));
    const address = (one: Cluster): unknown => one.services.get('web')!.spec;
    expect(address(copy)).toEqual(address(cluster));
    const other = await copy.services.create({ metadata: { name: 'other' }, spec: { ports: [{ port: 80 }] } });
    expect((other.spec as { readonly clusterIP?: string }).clusterIP).not.toBe(
      (address(copy) as { readonly clusterIP?: string }).clusterIP,
    );
    const known = new Set(lines(text).map(({ object }) => (object as KubeObject | undefined)?.metadata?.uid));
    expect(known.has(other.metadata.uid)).toBe(false);
  });

  it('on a store that others write to, the addresses of Services are taken', async () => {
    const cluster = await busyCluster();
    const clock = new ManualClock(cluster.clock.now());
    const memory = new SharedMemory(clock);
    await restored(cluster.snapshot(), { clock, store: memory.door(), highAvailability: 'none' });
    const door = memory.door();
    const { clusterIP } = cluster.services.get('web')!.spec as { readonly clusterIP: string };
    expect(await door.get(`allocations/clusterips/${clusterIP}`)).toMatchObject({
      value: { uid: cluster.services.get('web')!.metadata.uid },
    });
  });

  it('without the values of Secrets, if asked', async () => {
    const cluster = await busyCluster();
    const text = await cluster.snapshot({ secrets: 'redact' }).text();
    expect(text).not.toContain('aHVzaA==');
    const copy = await restored(text);
    expect(copy.secrets.get('key')!.object).toMatchObject({ data: { token: '' }, metadata: { annotations: { note: 'x' } } });
    expect(await cluster.snapshot().text()).toContain('aHVzaA==');
  });

  it('refuses what is no snapshot, what is cut off, and a store that is not empty', async () => {
    const cluster = await busyCluster();
    const text = await cluster.snapshot().text();
    const all = text.trimEnd().split('\n');
    await expect(Cluster.fromSnapshot('')).rejects.toThrow(/expected a header, found nothing/);
    await expect(Cluster.fromSnapshot('{"kind":"List"}')).rejects.toThrow(/line 1: expected \{"snapshot":"coxswain.dev\/v1"/);
    await expect(Cluster.fromSnapshot(text.replace('dev/v1', 'dev/v2'))).rejects.toThrow(/found coxswain.dev\/v2: a newer version/);
    await expect(Cluster.fromSnapshot(all.slice(0, -1).join('\n'))).rejects.toThrow(/cut off after line \d+/);
    await expect(Cluster.fromSnapshot(text.slice(0, -40))).rejects.toThrow(ParseError);
    await expect(Cluster.fromSnapshot([...all.slice(0, 3), ...all.slice(4)].map((line) => `${line}\n`))).rejects.toThrow(
      /expected \d+ objects, found/,
    );
    await expect(Cluster.fromSnapshot([...all, all[1]!].join('\n'))).rejects.toThrow(/expected nothing after the end/);
    await expect(Cluster.fromSnapshot([all[0], '{"key":"x"}', all.at(-1)].join('\n'))).rejects.toThrow(/line 2: expected \{"key"/);
    const folder = mkdtempSync(join(tmpdir(), 'coxswain-snapshot-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await (await Cluster.create({ store: new LmdbStore({ path: folder }) })).close();
    await expect(Cluster.fromSnapshot(text, { store: new LmdbStore({ path: folder }) })).rejects.toThrow(ConfigurationError);
  });

  it('property: whatever objects there are, they come back as they were', async () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const texts = fc.dictionary(fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/), fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 4 });
    const maps = fc.uniqueArray(fc.record({ name, data: texts, labels: fc.dictionary(name, name, { maxKeys: 3 }) }), {
      selector: (map) => map.name,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(maps, fc.array(fc.nat(5), { maxLength: 4 }), async (configMaps, changed) => {
        await using cluster = await Cluster.create({ clock: new ManualClock() });
        for (const map of configMaps) await cluster.configMaps.create({ metadata: { name: map.name, labels: map.labels }, data: map.data });
        for (const index of changed) {
          const map = configMaps[index];
          if (map !== undefined && cluster.configMaps.get(map.name) !== undefined)
            await (index % 2 === 0
              ? cluster.configMaps.get(map.name)!.delete()
              : cluster.configMaps.get(map.name)!.patch({ type: 'merge', patch: { data: { changed: 'yes' } } }));
        }
        await using copy = await Cluster.fromSnapshot(cluster.snapshot(), { clock: new ManualClock() });
        expect(objectsOf(copy)).toEqual(objectsOf(cluster));
        // And so does what is made of the copy.
        const [, ...again] = lines(await copy.snapshot().text());
        expect(again.map(({ key }) => key)).toEqual(
          lines(await cluster.snapshot().text())
            .slice(1)
            .map(({ key }) => key),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('fork', () => {
  it('plays a what-if in virtual time and leaves the cluster alone', async () => {
    const cluster = await busyCluster();
    const before = objectsOf(cluster);
    const fork = await cluster.fork();
    onTestFinished(() => fork.close());
    expect(fork.clock.now()).toBe(cluster.clock.now());
    expect(fork.pods.list({ namespace: 'default' }).length).toBe(3);
    await fork.replicationControllers.get('web')!.scale(200);
    await fork.advance('5m');
    const pods = fork.pods.list({ namespace: 'default' });
    // The node has room for as many as the other has.
    expect(pods.filter((pod) => pod.ready).length).toBe(110);
    expect(pods.filter((pod) => pod.phase === 'Pending').length).toBe(90);
    expect(objectsOf(cluster)).toEqual(before);
  });

  it('goes on where the cluster stands: nothing is started again, what is to end ends when it would have', async () => {
    const images = {
      once: { runsForMs: 3_600_000 },
      setup: { runsForMs: 10 },
      crash: { runsForMs: 50, exitCode: 3 },
    };
    const runtime = (): SimulatedRuntime => new SimulatedRuntime({ images });
    const nodes = ['n1', 'n2'].map((name) => ({ name, runtime: runtime() }));
    const cluster = await Cluster.create({ clock: new ManualClock(), nodes });
    onTestFinished(() => cluster.close());
    const pod = (name: string, spec: object): Promise<unknown> =>
      cluster.pods.create({ metadata: { name }, spec: { containers: [{ name: 'main', image: name }], ...spec } });
    await pod('web', { initContainers: [{ name: 'first', image: 'setup' }] });
    const probe = { exec: { command: ['true'] }, initialDelaySeconds: 200 };
    await pod('slow', { containers: [{ name: 'main', image: 'slow', readinessProbe: probe }] });
    await pod('once', { restartPolicy: 'Never' });
    await pod('crash', {});
    await pod('host', { hostNetwork: true });
    await cluster.advance('10m');
    const statuses = (of: Cluster): readonly object[] =>
      of.pods.list({ namespace: 'default' }).map(({ name, nodeName, status }) => ({ name, nodeName, status }));
    const before = statuses(cluster);
    expect(before).toHaveLength(5);

    const fork = await cluster.fork({ runtime });
    onTestFinished(() => fork.close());
    expect(statuses(fork)).toEqual(before);
    await fork.advance('30s');
    // A back-off is a kubelet's own memory, and the fork has new ones.
    const calm = (all: readonly object[]): readonly object[] => all.filter((each) => (each as { name: string }).name !== 'crash');
    expect(calm(statuses(fork))).toEqual(calm(before));
    const phase = (name: string): string => fork.pods.get(name)!.phase;
    await fork.advance('49m');
    expect([phase('once'), phase('web'), phase('slow')]).toEqual(['Running', 'Running', 'Running']);
    await fork.advance('1m');
    expect(phase('once')).toBe('Succeeded');
    expect(fork.pods.get('crash')!.status.containerStatuses![0]!.restartCount).toBeGreaterThan(6);
    expect(cluster.pods.get('once')!.phase).toBe('Running');
  });

  it('of a cluster on the system clock: a node that is lost, its Pods evicted, in no time', async () => {
    const cluster = await Cluster.create({
      nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new SimulatedRuntime(), capacity: { cpu: '2' } })),
    });
    onTestFinished(() => cluster.close());
    const web = await cluster.replicationControllers.create({
      metadata: { name: 'web' },
      spec: { replicas: 4, selector: { app: 'web' }, template },
    });
    await web.ready();
    const fork = await cluster.fork();
    onTestFinished(() => fork.close());
    expect(fork.nodes.get('n1')!.status.capacity?.['cpu']).toBe('2');
    await fork.powerOff('n1');
    await fork.advance('10m');
    const ready = fork.pods.list({ namespace: 'default' }).filter((pod) => pod.ready);
    expect(ready.map((pod) => pod.nodeName)).toEqual(['n2', 'n2', 'n2', 'n2']);
    expect(cluster.nodes.get('n1')!.ready).toBe(true);
    expect(cluster.clock.virtual).toBe(false);
  });
});

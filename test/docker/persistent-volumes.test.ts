import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { localProvisioner } from '../../src/kinds/persistent-volume/local-volumes.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../src/kinds/persistent-volume.ts';
import { storageClassKind } from '../../src/kinds/storage-class.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { engineHere, speaks } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const here = await engineHere('persistent volumes of an engine');
const knowsSubPaths = here && (await speaks(45, 'sub-paths in persistent volumes of the engine'));
const name = `volumes-${process.pid}`;
const namespace = 'default';

interface Volumes {
  readonly Volumes: readonly { readonly Name: string }[] | null;
}

const engines = [
  { title: 'that sees our files', options: {} },
  { title: 'that does not see our files', options: { sharesFiles: false, reach: 'published', hostRules: false } },
] as const;

describe.runIf(here).each(engines)('a claim on a node of an engine $title', ({ options }) => {
  let engine: Engine;
  let cluster: Cluster;
  let running: Promise<void>;
  const stop = new AbortController();
  const volumes = async (): Promise<readonly string[]> => {
    const filters = JSON.stringify({ label: [`coxswain.cluster=${name}`] });
    const { Volumes: found } = await engine.json<Volumes>('list volumes', { method: 'GET', path: '/volumes', query: { filters } });
    return (found ?? []).map((volume) => volume.Name);
  };

  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    cluster = await Cluster.create({ name, nodes: [{ name: 'n1', runtime: new DockerRuntime({ neverPull: true, ...options }) }] });
    running = cluster.run({ signal: stop.signal });
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
    engine.close();
  });

  const once = async (podName: string, script: string, subPath?: string): Promise<string> => {
    const mounted = {
      name: 'main',
      image: testImages.base,
      command: ['sh', '-c', script],
      volumeMounts: [{ name: 'v', mountPath: '/data', ...(subPath === undefined ? {} : { subPath }) }],
    };
    const pod = await cluster.pods.create({
      metadata: { name: podName, namespace },
      spec: { restartPolicy: 'Never', containers: [mounted], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    await pod.waitFor('Ended', { timeoutMs: 60_000 });
    let log = '';
    for await (const line of pod.logs()) log += line;
    return log;
  };

  test("is a volume of the engine's: what one pod writes the next one reads, and it goes with the claim", async () => {
    const made = { provisioner: localProvisioner, volumeBindingMode: 'WaitForFirstConsumer', reclaimPolicy: 'Delete' };
    await cluster.client.create(storageClassKind, { metadata: { name: 'local' }, ...made });
    await cluster.client.create(persistentVolumeClaimKind, {
      metadata: { name: 'data', namespace },
      spec: { storageClassName: 'local', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await once('writer', 'echo kept > /data/file');
    const claim = cluster.client.get(persistentVolumeClaimKind, { namespace, name: 'data' });
    expect(claim?.status?.phase).toBe('Bound');
    expect(await volumes()).toEqual([expect.stringContaining(claim!.spec!.volumeName!)]);
    expect(await once('reader', 'cat /data/file')).toBe('kept');
    if (knowsSubPaths) {
      await once('part-writer', 'echo a part > /data/file', 'some/part');
      expect(await once('part-reader', 'cat /data/file', 'some/part')).toBe('a part');
      expect(await once('whole-reader', 'cat /data/file /data/some/part/file; stat -c %a /data/some')).toBe('kepta part755');
    }
    await Promise.all(cluster.pods.list().map((pod) => pod.delete()));
    await cluster.client.delete(persistentVolumeClaimKind, { namespace, name: 'data' });
    const gone = (): true | undefined => (cluster.client.list(persistentVolumeKind).length === 0 ? true : undefined);
    await cluster.client.waitFor('the volume to go', gone, () => JSON.stringify(cluster.client.list(persistentVolumeKind)), {
      timeoutMs: 60_000,
    });
    expect(await volumes()).toEqual([]);
  });
});

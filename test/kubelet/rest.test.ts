import { describe, expect, test } from 'vitest';
import type { PodManifest } from '../../src/api/generated/models.ts';
import { podKind } from '../../src/kinds/pod.ts';
import type { CallOptions, SandboxReport } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import type { SimulatedRuntimeOptions } from '../../src/runtimes/simulated/simulated-runtime-options.ts';
import { OneNode } from './one-node.ts';

/** The simulated runtime, with the pods it was asked about one by one, and deaf on demand. */
class Watched extends SimulatedRuntime {
  readonly asked: string[] = [];
  deaf = false;

  override inspectPod(podUid: string, options?: CallOptions): Promise<readonly SandboxReport[]> {
    this.asked.push(podUid);
    return super.inspectPod(podUid, options);
  }

  override onEvent(listener: (podUid: string) => void): () => void {
    return super.onEvent((podUid) => {
      if (!this.deaf) listener(podUid);
    });
  }
}

const open = async (options: SimulatedRuntimeOptions = {}, extras: { relistMs?: number } = {}): Promise<OneNode<Watched>> =>
  new OneNode(new Watched(options)).open(extras);

/** A pod that has run for a minute; how often the runtime was asked about it does not count. */
async function rested(node: OneNode<Watched>, spec: Parameters<OneNode['pod']>[1] = {}): Promise<string> {
  const { metadata } = await node.pod('a', spec);
  await node.advance(60_000);
  node.runtime.asked.length = 0;
  return metadata.uid;
}

const label = (node: OneNode<Watched>, value: string): Promise<unknown> => {
  const pod = node.find('a')!;
  const metadata = { ...pod.metadata, labels: { ...pod.metadata.labels, touched: value } };
  return node.client.update(podKind, { ...pod, metadata } as unknown as PodManifest, {});
};

/** Past the registry, which would mark it as deleted first. */
const removed = (node: OneNode<Watched>, name: string): Promise<unknown> =>
  node.store.write([{ key: `core/pods/default/${name}`, value: null, expected: Number(node.find(name)!.metadata.resourceVersion) }]);

describe('kubelet: a pod at rest', () => {
  test('is forgotten: what happens to its object is answered by asking the runtime, once, and nothing is written', async () => {
    await using node = await open();
    const uid = await rested(node);
    const before = node.writesOf('a');
    await node.advance(60_000);
    expect(node.runtime.asked).toEqual([]);
    for (const [times, value] of ['one', 'two'].entries()) {
      await label(node, value);
      await node.advance(10_000);
      expect(node.runtime.asked).toEqual(Array.from({ length: times + 1 }, () => uid));
    }
    expect(node.writesOf('a')).toBe(before + 2);
  });

  test.each([
    ['with a probe', { containers: [{ name: 'web', image: 'web:1', readinessProbe: { exec: { command: ['x'] } } }] }],
    ['with a volume', { volumes: [{ name: 'v', emptyDir: {} }] }],
    ['with a deadline', { activeDeadlineSeconds: 3600 }],
  ])('a pod %s does not rest: it is known, and nobody is asked', async (_what, spec) => {
    await using node = await open();
    await rested(node, spec);
    await label(node, 'one');
    await node.advance(1000);
    expect(node.runtime.asked).toEqual([]);
  });

  test('that crashes is started again, with its count and its last state', async () => {
    await using node = await open();
    const uid = await rested(node);
    expect(node.runtime.crash(uid, 'web', { exitCode: 7 })).toBe(true);
    await node.advance(1000);
    expect(node.container('a')).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 7 } } });
    node.runtime.crash(uid, 'web', { exitCode: 8 });
    await node.advance(5000);
    expect(node.container('a').state?.waiting?.reason).toBe('CrashLoopBackOff');
  });

  test('that crashes unheard is found by the next listing, and only that one', async () => {
    await using node = await open({}, { relistMs: 30_000 });
    const uid = await rested(node);
    await node.pod('b');
    await node.advance(30_000);
    node.runtime.asked.length = 0;
    node.runtime.deaf = true;
    node.runtime.crash(uid, 'web');
    await node.advance(1000);
    expect(node.container('a').restartCount).toBe(0);
    await node.advance(30_000);
    expect(node.container('a')).toMatchObject({ restartCount: 1, ready: true });
    expect(new Set(node.runtime.asked)).toEqual(new Set([uid]));
  });

  test('that is deleted ends as any other: with its grace, its Event, and nothing left in the runtime', async () => {
    await using node = await open({ images: { 'web:1': { stopMs: 4000 } } });
    await rested(node);
    await node.deletePod('a');
    await node.advance(3000);
    expect(node.find('a')).toBeDefined();
    expect(node.reasons('a')).toContain('Killing');
    await node.advance(3000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test.each([
    ['is taken away by force', (node: OneNode<Watched>) => node.deletePod('a', 0)],
    ['is gone without having been marked', (node: OneNode<Watched>) => removed(node, 'a')],
  ])('whose object %s is ended in the runtime', async (_how, take) => {
    await using node = await open();
    await rested(node);
    await take(node);
    await node.advance(5000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('whose node is cut off is ended once the node answers again', async () => {
    await using node = await open();
    const uid = await rested(node);
    node.runtime.disconnect();
    await node.deletePod('a');
    await node.advance(60_000);
    expect(node.find('a')).toBeDefined();
    // Asked every ten seconds: a node that is away is not hammered.
    expect(node.runtime.asked.filter((each) => each === uid).length).toBeLessThanOrEqual(7);
    node.runtime.reconnect();
    await node.advance(60_000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('whose status somebody else has overwritten says again what is so', async () => {
    await using node = await open();
    await rested(node);
    const pod = node.find('a')!;
    const status = { ...pod.status, phase: 'Pending', containerStatuses: [] };
    await node.client.updateStatus(podKind, { ...pod, status } as unknown as PodManifest, {});
    await node.advance(1000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.container('a')).toEqual(pod.status!.containerStatuses![0]);
  });

  test('counts on its node: there is no room for one more than fits', async () => {
    await using node = await open({ capacity: { cpu: '8', memory: '32Gi', pods: '1' } });
    await rested(node);
    await node.pod('b');
    await node.advance(1000);
    expect(node.status('b').reason).toBe('OutOfpods');
    await node.deletePod('a');
    await node.advance(5000);
    await node.pod('c');
    await node.advance(1000);
    expect(node.status('c').phase).toBe('Running');
  });

  test('that is over rests too, keeps its log, and leaves nothing when it is deleted', async () => {
    const script = { runsForMs: 1000, logs: [{ afterMs: 0, text: 'done' }] };
    await using node = await open({ images: { 'job:1': script } });
    const uid = await rested(node, { restartPolicy: 'Never', containers: [{ name: 'web', image: 'job:1' }] });
    expect(node.status('a').phase).toBe('Succeeded');
    let text = '';
    for await (const { data } of node.kubelet.streams.logs({ podUid: uid })) text += Buffer.from(data).toString();
    expect(text).toBe('done\n');
    expect(node.runtime.asked).toEqual([uid]);
    await node.deletePod('a');
    await node.advance(5000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('can be looked into: logs, exec, and what cannot be is refused at once', async () => {
    const script = { logs: [{ afterMs: 0, text: 'up' }], exec: () => ({ exitCode: 3 }) };
    await using node = await open({ images: { 'web:1': script } });
    const podUid = await rested(node);
    const { streams } = node.kubelet;
    let text = '';
    for await (const { data } of streams.logs({ podUid })) text += Buffer.from(data).toString();
    expect(text).toBe('up\n');
    expect(await (await streams.exec({ podUid }, { command: ['x'] })).exitCode).toBe(3);
    await expect(streams.portForward(podUid, 80)).rejects.toThrow('refused the connection');
    expect(() => streams.logs({ podUid, container: 'other' })).toThrow('container other is not valid for pod a');
    expect(() => streams.logs({ podUid: 'nobody' })).toThrow('pod with uid "nobody" is not on node "n1"');
    const previous = streams.logs({ podUid }, { previous: true })[Symbol.asyncIterator]();
    await expect(previous.next()).rejects.toThrow('previous terminated container "web" in pod "a" not found');
    await expect(streams.exec({ podUid, container: 'other' }, { command: ['x'] })).rejects.toThrow('container other is not valid');
  });
});

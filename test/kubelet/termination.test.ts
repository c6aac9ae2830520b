import { describe, expect, test } from 'vitest';
import type { Container } from '../../src/api/generated/models.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import { OneNode } from './one-node.ts';

const sleep = (seconds: number): Partial<Container> => ({ lifecycle: { preStop: { sleep: { seconds } } } });
const web = (more: Partial<Container> = {}): readonly Container[] => [{ name: 'web', image: 'web:1', ...more }];

/** Milliseconds from the delete to the end of the object. */
async function end(node: OneNode, pod: string, grace?: number): Promise<number> {
  const from = node.clock.now();
  await node.deletePod(pod, grace);
  await node.until(() => node.find(pod) === undefined);
  return node.clock.now() - from;
}

describe('kubelet: termination', () => {
  test('SIGTERM ends a container that listens', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 700 } } });
    await node.pod('a');
    await node.advance(1000);
    const ms = await end(node, 'a');
    expect(ms).toBeGreaterThanOrEqual(700);
    expect(ms).toBeLessThan(900);
  });

  test('one that does not is killed when the grace period is over', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 'never' } } });
    await node.pod('a', { terminationGracePeriodSeconds: 12 });
    await node.advance(1000);
    const ms = await end(node, 'a');
    expect(ms).toBeGreaterThanOrEqual(12_000);
    expect(ms).toBeLessThan(12_500);
  });

  test('the final status tells how it ended, before the object goes', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 200, stopExitCode: 0 } } });
    await node.pod('a', {}, { finalizers: ['example.com/look'] });
    await node.advance(1000);
    await node.deletePod('a');
    await node.advance(3000);
    expect(node.status('a')).toMatchObject({ phase: 'Succeeded' });
    expect(node.container('a')).toMatchObject({ state: { terminated: { exitCode: 0, reason: 'Completed' } }, ready: false });
    expect(await node.runtime.listSandboxes()).toEqual([]);
    expect(node.find('a')!.metadata.deletionGracePeriodSeconds).toBe(0);
  });

  test('preStop comes first, inside the grace period; what it uses up is taken off', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 'never' } } });
    await node.pod('a', { terminationGracePeriodSeconds: 10, containers: web(sleep(4)) });
    await node.advance(1000);
    const ms = await end(node, 'a');
    expect(ms).toBeGreaterThanOrEqual(10_000);
    expect(ms).toBeLessThan(10_500);
  });

  test('a preStop that overruns the grace period still leaves two seconds', async () => {
    await using node = await OneNode.simulated({
      images: { 'web:1': { stopMs: 'never' } },
      faults: [{ at: 'hook', effect: { type: 'delay', ms: 60_000 } }],
    });
    await node.pod('a', { terminationGracePeriodSeconds: 5, containers: web({ lifecycle: { preStop: { exec: { command: ['x'] } } } }) });
    await node.advance(1000);
    const ms = await end(node, 'a');
    expect(ms).toBeGreaterThanOrEqual(7000);
    expect(ms).toBeLessThan(7500);
  });

  test('a failing preStop is told and does not stop the stop', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { hook: () => 'exit 1' } } });
    await node.pod('a', { containers: web({ lifecycle: { preStop: { exec: { command: ['false'] } } } }) });
    await node.advance(1000);
    const ms = await end(node, 'a');
    expect(ms).toBeLessThan(500);
    expect(node.reasons('a')).toEqual(expect.arrayContaining(['FailedPreStopHook', 'Killing']));
  });

  test('a second delete shortens the grace of a stop that is under way', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 'never' } } });
    await node.pod('a', { terminationGracePeriodSeconds: 60 });
    await node.advance(1000);
    await node.deletePod('a');
    await node.advance(3000);
    const ms = await end(node, 'a', 5);
    expect(ms).toBeLessThan(5500);
  });

  test('a forced delete takes the object at once and gives the container its second', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 'never' } } });
    await node.pod('a');
    await node.advance(1000);
    await node.deletePod('a', 0);
    await node.advance(1);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toHaveLength(1);
    await node.advance(1500);
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('a pod that is deleted while its image is pulled gives up the pull', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { pullMs: 600_000 } } });
    await node.pod('a');
    await node.advance(1000);
    expect(node.container('a').state?.waiting?.reason).toBe('ContainerCreating');
    const ms = await end(node, 'a');
    expect(ms).toBeLessThan(200);
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('a pod with the same name comes up while the old one goes', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 800 } } });
    const first = await node.pod('a');
    await node.advance(1000);
    await node.deletePod('a', 0);
    const second = await node.pod('a');
    await node.advance(3000);
    expect(node.find('a')!.metadata.uid).toBe(second.metadata.uid);
    expect(node.status('a').phase).toBe('Running');
    expect((await node.runtime.listSandboxes()).map(({ podUid }) => podUid)).toEqual([second.metadata.uid]);
    expect(first.metadata.uid).not.toBe(second.metadata.uid);
  });

  test('liveness is not asked any more once a pod is to go', async () => {
    let asked = 0;
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 'never', probe: () => void asked++ } } });
    await node.pod('a', { containers: web({ livenessProbe: { exec: { command: ['x'] }, periodSeconds: 1 } }) });
    await node.advance(3000);
    await node.deletePod('a');
    await node.advance(1000);
    const before = asked;
    await node.advance(10_000);
    expect(asked).toBe(before);
  });
});

describe('kubelet: waiting for the proxy', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  } as const;

  async function behindService(drainMs: number): Promise<OneNode> {
    const node = await OneNode.simulated({ images: { 'web:1': { stopMs: 0 } } }, { drainMs });
    await node.create(serviceKind, service);
    await node.pod('a', {}, { labels: { app: 'web' } });
    await node.pod('b', {}, { labels: { app: 'other' } });
    await node.advance(1000);
    return node;
  }

  test('a pod behind a Service is stopped when the proxy has drained it', async () => {
    await using node = await behindService(10_000);
    await node.deletePod('a');
    await node.advance(3000);
    expect(node.container('a').state?.running).toBeDefined();
    node.view.sideTable<number>('drained').set(node.find('a')!.metadata.uid, node.clock.now());
    await node.advance(200);
    expect(node.find('a')).toBeUndefined();
  });

  test('it does not wait longer than drainMs, nor for a pod that no Service selects', async () => {
    await using node = await behindService(4000);
    await node.deletePod('a');
    await node.deletePod('b');
    await node.advance(500);
    expect(node.find('b')).toBeUndefined();
    await node.advance(3000);
    expect(node.find('a')).toBeDefined();
    await node.advance(1000);
    expect(node.find('a')).toBeUndefined();
  });

  test('nor longer than the grace period', async () => {
    await using node = await behindService(60_000);
    await node.client.delete(podKind, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 2 });
    await node.advance(2500);
    expect(node.find('a')).toBeUndefined();
  });
});

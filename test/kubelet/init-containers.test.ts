import { describe, expect, test } from 'vitest';
import type { Container } from '../../src/api/generated/models.ts';
import { OneNode } from './one-node.ts';

const main: Container = { name: 'web', image: 'web:1' };
const sidecar = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: `${name}:1`,
  restartPolicy: 'Always',
  ...more,
});
const order = (node: OneNode, reason: string): readonly string[] =>
  node.events.filter((event) => event.reason === reason).map(({ fieldPath }) => fieldPath!.replace(/.*\{(.*)\}/, '$1'));

describe('kubelet: init containers', () => {
  test('run one by one before the others', async () => {
    await using node = await OneNode.simulated({ images: { 'i1:1': { runsForMs: 1000 }, 'i2:1': { runsForMs: 1000 } } });
    await node.pod('a', {
      initContainers: [
        { name: 'i1', image: 'i1:1' },
        { name: 'i2', image: 'i2:1' },
      ],
      containers: [main],
    });
    await node.advance(500);
    expect(node.status('a')).toMatchObject({ phase: 'Pending' });
    expect(node.container('a', 'i1').state?.running).toBeDefined();
    expect(node.container('a', 'i2').state?.waiting?.reason).toBe('PodInitializing');
    expect(node.container('a').state?.waiting?.reason).toBe('PodInitializing');
    expect(node.status('a').conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [i1 i2]',
    });
    await node.advance(5000);
    expect(order(node, 'Started')).toEqual(['i1', 'i2', 'web']);
    expect(node.status('a').phase).toBe('Running');
    expect(node.condition('a', 'Initialized')).toBe('True');
    expect(node.container('a', 'i2')).toMatchObject({ ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } });
  });

  test('a failing one is repeated with back-off, the others wait', async () => {
    await using node = await OneNode.simulated({
      images: { 'i1:1': { runsForMs: 100, exitCode: ({ attempt }) => (attempt < 2 ? 1 : 0) } },
    });
    await node.pod('a', { initContainers: [{ name: 'i1', image: 'i1:1' }], containers: [main] });
    await node.advance(5000);
    expect(node.container('a', 'i1').state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(node.status('a').phase).toBe('Pending');
    await node.advance(20_000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.container('a', 'i1').restartCount).toBe(2);
  });

  test('a failing one with restartPolicy Never fails the pod', async () => {
    await using node = await OneNode.simulated({ images: { 'i1:1': { runsForMs: 100, exitCode: 9 } } });
    await node.pod('a', { restartPolicy: 'Never', initContainers: [{ name: 'i1', image: 'i1:1' }], containers: [main] });
    await node.advance(5000);
    expect(node.status('a').phase).toBe('Failed');
    expect(order(node, 'Started')).toEqual(['i1']);
    expect(node.container('a').state?.waiting?.reason).toBe('PodInitializing');
  });
});

describe('kubelet: sidecars', () => {
  test('start in order, each once the one before it has started; the main containers last', async () => {
    await using node = await OneNode.simulated({ images: { 's1:1': { readyAfterMs: 3000 } } });
    const startupProbe = { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 30 };
    await node.pod('a', { initContainers: [sidecar('s1', { startupProbe }), sidecar('s2')], containers: [main] });
    await node.advance(2000);
    expect(order(node, 'Started')).toEqual(['s1']);
    expect(node.status('a').phase).toBe('Pending');
    await node.advance(4000);
    expect(order(node, 'Started')).toEqual(['s1', 's2', 'web']);
    expect(node.status('a').phase).toBe('Running');
    expect(node.container('a', 's1')).toMatchObject({ started: true, ready: true });
  });

  test('are stopped last, in reverse order', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 2000 }, 's1:1': { stopMs: 500 }, 's2:1': { stopMs: 500 } } });
    await node.pod('a', { initContainers: [sidecar('s1'), sidecar('s2')], containers: [main] });
    await node.advance(2000);
    await node.deletePod('a');
    await node.until(() => node.find('a') === undefined);
    expect(order(node, 'Killing')).toEqual(['web', 's2', 's1']);
  });

  test('restart by themselves, whatever the restart policy; a finished pod stops them', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { runsForMs: 20_000 } } });
    await node.pod('a', { restartPolicy: 'Never', initContainers: [sidecar('s1')], containers: [main] });
    await node.advance(2000);
    node.runtime.crash(node.find('a')!.metadata.uid, 's1', { exitCode: 1 });
    await node.advance(2000);
    expect(node.container('a', 's1')).toMatchObject({ restartCount: 1, ready: true });
    expect(node.condition('a', 'Initialized')).toBe('True');
    await node.advance(30_000);
    expect(node.status('a').phase).toBe('Succeeded');
    expect(node.container('a', 's1').state?.terminated).toBeDefined();
  });
});

import { describe, expect, test } from 'vitest';
import { nodeKind } from '../../src/kinds/node.ts';
import { OneNode } from './one-node.ts';

const ready = { readinessProbe: { exec: { command: ['x'] }, initialDelaySeconds: 30 } };

describe('kubelet: adoption', () => {
  test('what still runs is taken up: no restart, no write, still ready', async () => {
    await using node = await OneNode.simulated();
    node.keep = true;
    await node.stopKubelet();
    await node.startKubelet();
    await node.pod('a', { containers: [{ name: 'web', image: 'web:1', ...ready }] });
    await node.advance(60_000);
    const before = node.container('a');
    expect(before.ready).toBe(true);
    const writes = node.writesOf('a');
    await node.stopKubelet();
    await node.advance(5000);
    await node.startKubelet();
    await node.advance(20_000);
    expect(node.container('a')).toEqual(before);
    expect(node.writesOf('a')).toBe(writes);
    await node.deletePod('a');
    await node.advance(2000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('what died meanwhile is handled by its restart policy', async () => {
    await using node = await OneNode.simulated();
    node.keep = true;
    await node.stopKubelet();
    await node.startKubelet();
    await node.pod('always');
    await node.pod('never', { restartPolicy: 'Never' });
    await node.advance(1000);
    await node.stopKubelet();
    for (const name of ['always', 'never']) node.runtime.crash(node.find(name)!.metadata.uid, 'web', { exitCode: 4 });
    await node.startKubelet();
    await node.advance(2000);
    expect(node.container('always')).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 4 } } });
    expect(node.status('never').phase).toBe('Failed');
    expect(node.container('never').state?.terminated?.exitCode).toBe(4);
  });

  test('of what the runtime knows nothing any more, Always is started again and Never has failed', async () => {
    await using node = await OneNode.simulated();
    await node.pod('always');
    await node.pod('never', { restartPolicy: 'Never' });
    await node.advance(1000);
    // The host dies and takes its pods with it.
    await node.stopKubelet();
    expect(node.status('always').phase).toBe('Running');
    await node.startKubelet();
    await node.advance(2000);
    expect(node.container('always')).toMatchObject({ restartCount: 1, ready: true });
    expect(node.status('always').phase).toBe('Running');
    expect(node.status('never').phase).toBe('Failed');
    expect(node.container('never').state?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  });

  test('a pod that was being deleted goes on ending; one that is gone is removed', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { stopMs: 5000 } } });
    node.keep = true;
    await node.stopKubelet();
    await node.startKubelet();
    await node.pod('a');
    await node.pod('b');
    await node.advance(1000);
    await node.deletePod('a');
    await node.stopKubelet();
    await node.deletePod('b', 0);
    await node.startKubelet();
    expect(await node.runtime.listSandboxes()).toHaveLength(2);
    await node.advance(10_000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
  });

  test('a pod that does not belong here any more is refused when the kubelet starts', async () => {
    await using node = await OneNode.simulated({}, { node: { name: 'n1', labels: { disk: 'ssd' } } });
    node.keep = true;
    await node.stopKubelet();
    await node.startKubelet({ node: { name: 'n1', labels: { disk: 'ssd' } } });
    await node.advance(1000);
    await node.pod('a', { nodeSelector: { disk: 'ssd' } });
    await node.advance(1000);
    expect(node.status('a').phase).toBe('Running');
    await node.stopKubelet();
    const now = node.node()!;
    await node.client.update(nodeKind, { ...now, metadata: { ...now.metadata, labels: {} } } as never);
    await node.startKubelet();
    await node.advance(2000);
    expect(node.status('a')).toMatchObject({
      phase: 'Failed',
      reason: 'NodeAffinity',
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
    expect((await node.runtime.listSandboxes()).filter(({ ready: isReady }) => isReady)).toEqual([]);
  });
});

describe('kubelet: admission', () => {
  const asking = (cpu: string) => ({ containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu } } }] });

  test('a pod that does not fit is refused; room that is given back is used', async () => {
    await using node = await OneNode.simulated(
      { capacity: { cpu: '4', memory: '8Gi', pods: '3' } },
      { node: { name: 'n1', reserved: { cpu: '500m' } } },
    );
    await node.pod('a', asking('2'));
    await node.pod('b', asking('2'));
    await node.advance(1000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.status('b')).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 2000, capacity: 3500",
    });
    expect(node.status('b').containerStatuses).toBeUndefined();
    expect(node.events.find(({ reason }) => reason === 'OutOfcpu')).toMatchObject({ type: 'Warning', object: 'b' });
    await node.deletePod('a');
    await node.advance(1000);
    await node.pod('c', asking('3'));
    await node.advance(1000);
    expect(node.status('c').phase).toBe('Running');
    await node.pod('d');
    await node.pod('e');
    await node.pod('f');
    await node.advance(1000);
    expect(node.status('f')).toMatchObject({
      reason: 'OutOfpods',
      message: "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    });
  });

  test('an extended resource of which the node knows nothing is looked after by somebody else', async () => {
    await using node = await OneNode.simulated({ capacity: { cpu: '4', pods: '10', 'example.com/gpu': '1' } });
    const wanting = (resource: string) => ({
      containers: [{ name: 'web', image: 'web:1', resources: { requests: { [resource]: '2' }, limits: { [resource]: '2' } } }],
    });
    await node.pod('a', wanting('example.com/license'));
    await node.pod('b', wanting('example.com/gpu'));
    await node.advance(1000);
    expect([node.status('a').phase, node.status('b').reason]).toEqual(['Running', 'OutOfexample.com/gpu']);
  });

  test('a pod that is bound in the same moment as another one goes gets its room', async () => {
    await using node = await OneNode.simulated({ capacity: { cpu: '2', pods: '10' } });
    await node.pod('a', asking('2'));
    await node.advance(1000);
    await node.deletePod('a', 0);
    await node.pod('b', asking('2'));
    await node.advance(3000);
    expect(node.status('b').phase).toBe('Running');
  });

  test('a NoExecute taint that is not tolerated refuses', async () => {
    await using node = await OneNode.simulated({}, { node: { name: 'n1', taints: [{ key: 'gone', value: 'x', effect: 'NoExecute' }] } });
    await node.advance(1000);
    await node.pod('a');
    await node.pod('b', { tolerations: [{ key: 'gone', operator: 'Exists' }] });
    await node.advance(1000);
    expect(node.status('a')).toMatchObject({ phase: 'Failed', reason: 'TaintToleration' });
    expect(node.status('b').phase).toBe('Running');
  });
});

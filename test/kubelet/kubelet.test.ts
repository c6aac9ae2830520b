import { describe, expect, test } from 'vitest';
import { OneNode } from './one-node.ts';

describe('kubelet: the life of a pod', () => {
  test('a pod runs, is ready, and costs two status writes', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(1000);
    const status = node.status('a');
    expect(status.phase).toBe('Running');
    expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(status.podIP).toMatch(/^10\./);
    expect(status.podIPs).toEqual([{ ip: status.podIP }]);
    expect(status.hostIP).toBe(status.hostIPs?.[0]?.ip);
    expect(status.qosClass).toBe('BestEffort');
    expect(node.container('a')).toMatchObject({ ready: true, started: true, restartCount: 0, image: 'web:1', state: { running: {} } });
    expect(node.container('a').containerID).toMatch(/^simulated:\/\//);
    expect(node.reasons('a')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(node.writesOf('a')).toBe(2);
  });

  test('a deleted pod ends within its grace, with one more status write and the end of its object', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(1000);
    await node.deletePod('a');
    await node.advance(1000);
    expect(node.find('a')).toBeUndefined();
    expect(await node.runtime.listSandboxes()).toEqual([]);
    // Two of the start, the mark of the delete, the final status, the mark that no grace is left, the end.
    expect(node.writesOf('a')).toBe(6);
    expect(node.reasons('a')).toContain('Killing');
  });
});

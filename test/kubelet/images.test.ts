import { describe, expect, test } from 'vitest';
import { SimulatedFaults } from '../../src/runtimes/simulated/simulated-faults.ts';
import { OneNode } from './one-node.ts';

const messages = (node: OneNode, reason: string): readonly string[] =>
  node.events.filter((event) => event.reason === reason).map(({ message }) => message);

describe('kubelet: images', () => {
  test('IfNotPresent pulls once a node, Always every time', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { sizeBytes: 1234, pullMs: 1500 } } });
    await node.pod('a');
    await node.advance(3000);
    await node.pod('b');
    await node.pod('c', { containers: [{ name: 'web', image: 'web:1', imagePullPolicy: 'Always' }] });
    await node.advance(3000);
    expect(node.reasons('a')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(node.reasons('b')).toEqual(['Pulled', 'Created', 'Started']);
    expect(node.reasons('c')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(messages(node, 'Pulled')).toEqual([
      'Successfully pulled image "web:1" in 1.5s (1.5s including waiting). Image size: 1234 bytes.',
      'Container image "web:1" already present on machine',
      'Successfully pulled image "web:1" in 1.5s (1.5s including waiting). Image size: 1234 bytes.',
    ]);
  });

  test('an image that is not there: ErrImagePull, then ImagePullBackOff, tried again after 10 s, 20 s, ... at most 5 min', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { exists: false, pullMs: 0 } } });
    await node.pod('a');
    await node.advance(500);
    expect(node.status('a').phase).toBe('Pending');
    expect(node.container('a')).toMatchObject({ ready: false, state: { waiting: { reason: 'ErrImagePull' } } });
    expect(node.container('a').state?.waiting?.message).toContain('image "web:1" was not found');
    await node.advance(5000);
    expect(node.container('a').state?.waiting).toMatchObject({ reason: 'ImagePullBackOff' });
    expect(node.container('a').state?.waiting?.message).toMatch(
      /^Back-off pulling image "web:1": ErrImagePull: image "web:1" was not found/,
    );
    await node.advance(30 * 60_000);
    const pulls = node.events.filter(({ reason }) => reason === 'Pulling').map(({ atMs }) => atMs);
    const gaps = pulls.slice(1).map((at, i) => Math.round((at - pulls[i]!) / 1000));
    expect(gaps.slice(0, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(messages(node, 'Failed')).toEqual(expect.arrayContaining(['Error: ErrImagePull', 'Error: ImagePullBackOff']));
    expect(messages(node, 'BackOff')[0]).toBe('Back-off pulling image "web:1"');
  });

  test('a registry that comes back heals the pod', async () => {
    const faults = new SimulatedFaults([{ at: 'pullImage', times: 2, effect: { type: 'fail', code: 'RUNTIME_REGISTRY_UNAVAILABLE' } }]);
    await using node = await OneNode.simulated({ faults });
    await node.pod('a');
    await node.advance(60_000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.container('a').restartCount).toBe(0);
  });

  test('Never with an image that is not there', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a', { containers: [{ name: 'web', image: 'web:1', imagePullPolicy: 'Never' }] });
    await node.advance(500);
    expect(node.container('a').state?.waiting).toEqual({
      reason: 'ErrImageNeverPull',
      message: 'Container image "web:1" is not present with pull policy of Never',
    });
    expect(node.reasons('a')).toEqual(['ErrImageNeverPull', 'Failed']);
  });

  test('one pod that cannot pull does not hold up another', async () => {
    await using node = await OneNode.simulated({ images: { 'slow:1': { pullMs: 600_000 } } });
    await node.pod('a', { containers: [{ name: 'web', image: 'slow:1' }] });
    await node.pod('b');
    await node.advance(1000);
    expect(node.status('b').phase).toBe('Running');
    expect(node.status('a').phase).toBe('Pending');
  });

  test('the node lists the images it has', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { sizeBytes: 77 } } });
    await node.pod('a');
    await node.advance(25_000);
    expect(node.node()!.status?.images).toEqual([{ names: ['web:1'], sizeBytes: 77 }]);
  });
});

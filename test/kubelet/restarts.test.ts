import { describe, expect, test } from 'vitest';
import { OneNode } from './one-node.ts';

const started = (node: OneNode, pod: string): readonly number[] =>
  node.events.filter(({ object, reason }) => object === pod && reason === 'Started').map(({ atMs }) => atMs);

describe('kubelet: restarts', () => {
  test('a crashing container waits 10 s, 20 s, 40 s, ... at most 5 min; CrashLoopBackOff says so', async () => {
    await using node = await OneNode.simulated({
      images: { 'web:1': { runsForMs: 100, exitCode: 3, startMs: 0, terminationMessage: 'boom' } },
    });
    await node.pod('a');
    await node.until(() => node.container('a').state?.waiting?.reason === 'CrashLoopBackOff');
    expect(node.container('a')).toMatchObject({
      ready: false,
      started: false,
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'boom' } },
    });
    const uid = node.find('a')!.metadata.uid;
    expect(node.container('a').state?.waiting?.message).toBe(`back-off 10s restarting failed container=web pod=a_default(${uid})`);
    expect(node.status('a').phase).toBe('Running');
    expect(node.condition('a', 'Ready')).toBe('False');
    await node.advance(30 * 60_000);
    const starts = started(node, 'a');
    const gaps = starts.slice(1).map((at, i) => Math.round((at - starts[i]!) / 1000));
    expect(gaps.slice(0, 9)).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
    expect(node.events.find(({ reason }) => reason === 'BackOff')).toMatchObject({
      type: 'Warning',
      message: `Back-off restarting failed container web in pod a_default(${uid})`,
      fieldPath: 'spec.containers{web}',
    });
    // The log keeps the last run and the one before it; older ones are gone.
    const [sandbox] = await node.runtime.listSandboxes();
    expect(sandbox!.containers.length).toBeLessThanOrEqual(3);
  });

  test('a failed postStart: never running nor ready, stopped, and started again with back-off', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { hook: () => 'no database', stopMs: 3000 } } });
    const lifecycle = { postStart: { exec: { command: ['check'] } } };
    await node.pod('a', { containers: [{ name: 'web', image: 'web:1', lifecycle }] });
    const shown = new Set<string>();
    for (let i = 0; i < 300; i++) {
      await node.advance(100);
      const { ready, state = {} } = node.container('a');
      shown.add(`${ready ? 'ready' : 'not ready'}: ${state.waiting?.reason ?? Object.keys(state).join()}`);
    }
    expect([...shown].sort()).toEqual(['not ready: CrashLoopBackOff', 'not ready: PostStartHookError']);
    expect(node.container('a')).toMatchObject({ ready: false, restartCount: 2 });
    expect(node.reasons('a')).toContain('FailedPostStartHook');
  });

  test('ten minutes of running reset the back-off', async () => {
    const runsForMs = 11 * 60_000;
    await using node = await OneNode.simulated({ images: { 'web:1': { runsForMs, exitCode: 1, startMs: 0 } } });
    await node.pod('a');
    await node.advance(60 * 60_000);
    const starts = started(node, 'a');
    expect(starts.length).toBeGreaterThan(4);
    for (const [i, at] of starts.slice(1).entries()) expect(at - starts[i]!).toBeLessThan(runsForMs + 1000);
  });

  test('a restart costs two writes', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(1000);
    expect(node.writesOf('a')).toBe(2);
    node.runtime.crash(node.find('a')!.metadata.uid, 'web', { exitCode: 1 });
    await node.advance(1000);
    expect(node.container('a')).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 1 } } });
    expect(node.writesOf('a')).toBeLessThanOrEqual(4);
  });

  test.each([
    ['Never', 0, 'Succeeded', 'Completed'],
    ['Never', 7, 'Failed', 'Error'],
    ['OnFailure', 0, 'Succeeded', 'Completed'],
  ])('restartPolicy %s and exit code %i end the pod as %s', async (restartPolicy, exitCode, phase, reason) => {
    await using node = await OneNode.simulated({ images: { 'web:1': { runsForMs: 500, exitCode } } });
    await node.pod('a', { restartPolicy });
    await node.advance(5000);
    expect(node.status('a').phase).toBe(phase);
    expect(node.container('a')).toMatchObject({ ready: false, state: { terminated: { exitCode, reason } } });
    expect(node.condition('a', 'PodReadyToStartContainers')).toBe('False');
    expect(node.status('a').conditions?.find(({ type }) => type === 'Ready')?.reason).toBe(
      phase === 'Failed' ? 'PodFailed' : 'PodCompleted',
    );
    // The sandbox is stopped but kept: its log can still be read.
    const [sandbox] = await node.runtime.listSandboxes();
    expect(sandbox).toMatchObject({ ready: false });
    expect(node.writesOf('a')).toBe(3);
    await node.advance(20 * 60_000);
    expect(node.writesOf('a')).toBe(3);
    await node.deletePod('a');
    await node.advance(1000);
    expect(await node.runtime.listSandboxes()).toEqual([]);
    expect(node.find('a')).toBeUndefined();
  });

  test('restartPolicy OnFailure tries again after a failure', async () => {
    await using node = await OneNode.simulated({
      images: { 'web:1': { runsForMs: 500, exitCode: ({ attempt }) => (attempt < 2 ? 1 : 0) } },
    });
    await node.pod('a', { restartPolicy: 'OnFailure' });
    await node.until(() => node.status('a').phase === 'Succeeded');
    expect(node.container('a').restartCount).toBe(2);
  });

  test('one of two containers restarts alone', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a', {
      containers: [
        { name: 'web', image: 'web:1' },
        { name: 'log', image: 'log:1' },
      ],
    });
    await node.advance(1000);
    node.runtime.crash(node.find('a')!.metadata.uid, 'log', { reason: 'OOMKilled' });
    await node.advance(1000);
    expect(node.container('a', 'log')).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    });
    expect(node.container('a', 'web').restartCount).toBe(0);
    expect(node.condition('a', 'Ready')).toBe('True');
  });

  test('an image that is changed restarts its container', async () => {
    await using node = await OneNode.simulated();
    const pod = await node.pod('a');
    await node.advance(1000);
    const { podKind } = await import('../../src/kinds/pod.ts');
    const now = node.find('a')!;
    await node.client.update(podKind, {
      ...now,
      spec: { ...pod.spec!, containers: [{ ...pod.spec!.containers[0]!, image: 'web:2' }] },
    } as never);
    await node.advance(2000);
    expect(node.container('a')).toMatchObject({ image: 'web:2', restartCount: 1, ready: true });
    expect(node.events.find(({ reason }) => reason === 'Killing')?.message).toBe('Container web definition changed, will be restarted');
  });

  test('activeDeadlineSeconds end the pod', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a', { activeDeadlineSeconds: 30 });
    await node.advance(25_000);
    expect(node.status('a').phase).toBe('Running');
    await node.advance(10_000);
    expect(node.status('a')).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    expect(node.container('a').state?.terminated?.exitCode).toBe(143);
  });
});

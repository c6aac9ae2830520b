import { describe, expect, test } from 'vitest';
import { aPod, type PodBuilder } from '../../src/testing/pod-builder.ts';
import { created, exited, running, sandbox, statusOf, t0, type Has, type Scene } from './pictures.ts';

const pod = aPod('p').on('n1');
const sidecar = (name: string) => ({ name, restartPolicy: 'Always' });

/** `Ready=False(ContainersNotReady)` of a condition. */
function condition(scene: Scene, type: string): string {
  const found = statusOf(scene).conditions!.find((each) => each.type === type)!;
  return `${found.status}${found.reason === undefined ? '' : `(${found.reason})`}`;
}

describe('the phase', () => {
  const never = pod.spec({ restartPolicy: 'Never' });
  const onFailure = pod.spec({ restartPolicy: 'OnFailure' });
  const two = pod.containers('a', 'b');
  const withInit = pod.init('i1');
  const withSidecar = pod.init(sidecar('s1'));
  const rows: readonly (readonly [string, PodBuilder, Has, string])[] = [
    ['nothing yet', pod, {}, 'Pending'],
    ['created', pod, { main: created }, 'Pending'],
    ['running', pod, { main: running() }, 'Running'],
    ['one of two not started', two, { a: running() }, 'Pending'],
    ['one of two has ended', two, { a: running(), b: exited(1) }, 'Running'],
    ['Always: all have ended, to be restarted', pod, { main: exited(0) }, 'Running'],
    ['Never: success', never, { main: exited(0) }, 'Succeeded'],
    ['Never: failure', never, { main: exited(1) }, 'Failed'],
    ['Never: one of two failed', never.containers('a', 'b'), { a: exited(0), b: exited(1) }, 'Failed'],
    ['Never: one of two still runs', never.containers('a', 'b'), { a: exited(1), b: running() }, 'Running'],
    ['OnFailure: success', onFailure, { main: exited(0) }, 'Succeeded'],
    ['OnFailure: failure, to be restarted', onFailure, { main: exited(1) }, 'Running'],
    ['init runs', withInit, { i1: running() }, 'Pending'],
    ['init failed, to be repeated', withInit, { i1: exited(1) }, 'Pending'],
    ['Never: init failed', withInit.spec({ restartPolicy: 'Never' }), { i1: exited(1) }, 'Failed'],
    ['init done, container not there', withInit, { i1: exited(0) }, 'Pending'],
    ['init done, container runs', withInit, { i1: exited(0), main: running() }, 'Running'],
    ['sidecar runs, container not there', withSidecar, { s1: running() }, 'Pending'],
    ['sidecar and container run', withSidecar, { s1: running(), main: running() }, 'Running'],
    ['sidecar restarts', withSidecar, { s1: exited(1), main: running() }, 'Running'],
    [
      'Never: container done, sidecar still stops',
      withSidecar.spec({ restartPolicy: 'Never' }),
      { s1: running(), main: exited(0) },
      'Running',
    ],
    ['Never: container and sidecar done', withSidecar.spec({ restartPolicy: 'Never' }), { s1: exited(143), main: exited(0) }, 'Succeeded'],
    ['deleted: still runs', pod.deleted(), { main: running() }, 'Running'],
    ['deleted: ended well', pod.deleted(), { main: exited(0) }, 'Succeeded'],
    ['deleted: ended by SIGTERM', pod.deleted(), { main: exited(143) }, 'Failed'],
    ['deleted before it ran', pod.deleted(), {}, 'Failed'],
    ['a terminal phase is not left', pod.failed('Evicted'), { main: running() }, 'Failed'],
  ];

  test.each(rows.map(([title, built, has, phase]) => ({ title, built, has, phase })))('$title: $phase', ({ built, has, phase }) => {
    expect(statusOf({ pod: built, sandboxes: [sandbox(has)] }).phase).toBe(phase);
  });
});

describe('conditions', () => {
  test('of a pod without a sandbox', () => {
    const scene = { pod };
    expect(condition(scene, 'PodReadyToStartContainers')).toBe('False');
    expect(condition(scene, 'Initialized')).toBe('True');
    expect(condition(scene, 'Ready')).toBe('False(ContainersNotReady)');
    expect(condition(scene, 'PodScheduled')).toBe('True');
    expect(statusOf(scene).conditions!.find(({ type }) => type === 'ContainersReady')!.message).toBe(
      'containers with unready status: [main]',
    );
  });

  test('of one that is ready, that succeeded, that failed', () => {
    expect(condition({ pod, sandboxes: [sandbox({ main: running() })] }, 'Ready')).toBe('True');
    expect(
      condition({ pod: pod.spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ main: exited(0) }, { ready: false })] }, 'Ready'),
    ).toBe('False(PodCompleted)');
    expect(condition({ pod: pod.spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ main: exited(0) })] }, 'Initialized')).toBe(
      'True(PodCompleted)',
    );
    expect(condition({ pod: pod.spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ main: exited(1) })] }, 'ContainersReady')).toBe(
      'False(PodFailed)',
    );
  });

  test('a sidecar counts for readiness', () => {
    const scene = { pod: pod.init(sidecar('s1')), sandboxes: [sandbox({ s1: exited(1), main: running() })] };
    expect(condition(scene, 'Ready')).toBe('False(ContainersNotReady)');
    expect(statusOf(scene).conditions!.find(({ type }) => type === 'Ready')!.message).toBe('containers with unready status: [s1]');
    expect(condition(scene, 'Initialized')).toBe('True');
  });

  test('readiness gates', () => {
    const gated = pod.spec({ readinessGates: [{ conditionType: 'a/b' }] });
    const sandboxes = [sandbox({ main: running() })];
    const closed = { pod: gated.status({ conditions: [{ type: 'a/b', status: 'False' }] }), sandboxes };
    expect(condition(closed, 'Ready')).toBe('False(ReadinessGatesNotReady)');
    expect(statusOf(closed).conditions!.find(({ type }) => type === 'Ready')!.message).toBe(
      'the status of pod readiness gate "a/b" is not "True", but False',
    );
    expect(condition(closed, 'ContainersReady')).toBe('True');
    expect(condition({ pod: gated.status({ conditions: [{ type: 'a/b', status: 'True' }] }), sandboxes }, 'Ready')).toBe('True');
  });

  test('keep their time of transition while the status stays, and are the same object if nothing changed', () => {
    const before = statusOf({ pod, sandboxes: [sandbox({})] });
    const later = statusOf({ pod: pod.status(before), sandboxes: [sandbox({ main: running() })], at: 90_000 });
    const of = (status: typeof before, type: string) => status.conditions!.find((each) => each.type === type)!;
    expect(of(later, 'Ready').lastTransitionTime).toBe('2030-01-01T00:01:30Z');
    expect(of(later, 'Initialized')).toBe(of(before, 'Initialized'));
  });
});

describe('container states', () => {
  const status = (scene: Scene, name = 'main') => {
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = statusOf(scene);
    return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((each) => each.name === name)!;
  };

  test('waiting, running, ended', () => {
    expect(status({ pod })).toEqual({
      name: 'main',
      image: 'main:1',
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason: 'ContainerCreating' } },
    });
    expect(status({ pod, sandboxes: [sandbox({ main: running() })] })).toMatchObject({
      containerID: 'test://s0/main/0',
      state: { running: { startedAt: '2030-01-01T00:00:00Z' } },
      ready: true,
      started: true,
    });
    expect(status({ pod: pod.spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ main: exited(2) })] }).state).toEqual({
      terminated: {
        containerID: 'test://s0/main/0',
        exitCode: 2,
        reason: 'Error',
        startedAt: '2029-12-31T23:59:59Z',
        finishedAt: '2030-01-01T00:00:00Z',
      },
    });
  });

  test('a restart keeps the last run on record', () => {
    expect(status({ pod, sandboxes: [sandbox({ main: [exited(1), running()] })] })).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1 } },
    });
  });

  test('while postStart runs it does not count as running', () => {
    expect(status({ pod, sandboxes: [sandbox({ main: running() })], memory: { starting: 'main' } })).toMatchObject({
      ready: false,
      state: { waiting: { reason: 'ContainerCreating' } },
    });
  });

  test('what the runtime knows nothing of any more: restarted under Always, 137 under Never', () => {
    const seen = (restartPolicy: string) => ({ pod: pod.spec({ restartPolicy }).running() });
    expect(status(seen('Always'))).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    });
    expect(status(seen('Never'))).toMatchObject({
      restartCount: 0,
      state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    });
    expect(statusOf(seen('Never')).phase).toBe('Failed');
    expect(statusOf(seen('Always')).phase).toBe('Running');
  });

  test('containers are listed by name, init containers in their order', () => {
    const { containerStatuses, initContainerStatuses } = statusOf({ pod: pod.containers('b', 'a').init('z', 'y') });
    expect(containerStatuses!.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(initContainerStatuses!.map(({ name }) => name)).toEqual(['z', 'y']);
  });

  test('an ephemeral container is told apart and never ready or started', () => {
    const scene = {
      pod: pod.spec({ ephemeralContainers: [{ name: 'dbg', image: 'dbg:1' }] }),
      sandboxes: [sandbox({ main: running(), dbg: exited(0) })],
    };
    expect(statusOf(scene).ephemeralContainerStatuses).toHaveLength(1);
    expect(status(scene, 'dbg').state?.terminated?.exitCode).toBe(0);
    expect(statusOf(scene).phase).toBe('Running');
  });

  test('resources and mounts are told', () => {
    const resources = { requests: { cpu: '1' }, limits: { cpu: '2' } };
    const built = pod.containers({ name: 'main', resources, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] });
    expect(status({ pod: built, sandboxes: [sandbox({ main: running() })] })).toMatchObject({
      resources,
      allocatedResources: { cpu: '1' },
      volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
    });
  });
});

describe('addresses', () => {
  test('the pod has its own, hostNetwork has the host’s, a finished pod keeps what it had', () => {
    expect(statusOf({ pod, sandboxes: [sandbox({ main: running() })] })).toMatchObject({
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      hostIP: '192.168.0.1',
    });
    expect(statusOf({ pod: pod.spec({ hostNetwork: true }) })).toMatchObject({ podIP: '192.168.0.1' });
    expect(statusOf({ pod: pod.running().succeeded(), sandboxes: [sandbox({ main: exited(0) }, { ready: false })] }).podIP).toBe(
      '10.0.0.1',
    );
  });

  test('startTime is when the pod was first seen, and stays', () => {
    expect(statusOf({ pod, at: 5000 }).startTime).toBe('2030-01-01T00:00:00Z');
    expect(statusOf({ pod: pod.status({ startTime: '2029-01-01T00:00:00Z' }), at: 5000 }).startTime).toBe('2029-01-01T00:00:00Z');
  });

  test('a refused pod says why and nothing of its containers', () => {
    const status = statusOf({ pod, memory: { verdict: { reason: 'OutOfcpu', message: 'no room', rejected: true } } });
    expect(status).toEqual({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: 'Pod was rejected: no room',
      startTime: '2030-01-01T00:00:00Z',
    });
    expect(t0).toBe(Date.parse('2030-01-01T00:00:00Z'));
  });
});

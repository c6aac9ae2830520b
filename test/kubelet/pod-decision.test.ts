import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/kubelet/pod-decision.ts';
import type { ContainerMemory, PodMemory } from '../../src/kubelet/pod-memory.ts';
import { newProbeState } from '../../src/kubelet/probe-state.ts';
import type { ContainerState } from '../../src/runtimes/runtime.ts';
import { aPod } from '../../src/testing/pod-builder.ts';
import { created, exited, pictureOf, running, sandbox, t0, told, type Has, type Scene } from './pictures.ts';

const pod = aPod('p').on('n1');
const sidecar = (name: string) => ({ name, restartPolicy: 'Always' });
const remembers = (name: string, known: Partial<ContainerMemory>): Pick<PodMemory, 'containers'> => ({
  containers: new Map([
    [
      name,
      { waiting: undefined, failedAtMs: undefined, startFailure: undefined, retryAtMs: 0, restarts: undefined, pulls: undefined, ...known },
    ],
  ]),
});
const stopping = (
  id: string,
  killAtMs: number | undefined,
  preStop: 'none' | 'running' | 'done' = 'none',
): Pick<PodMemory, 'stopping' | 'endingAtMs'> => ({
  endingAtMs: t0,
  stopping: new Map([[id, { sinceMs: t0, message: 'm', preStop, killAtMs }]]),
});

type Row = readonly [title: string, scene: Scene, actions: readonly string[], wakeIn?: number];

describe('decide: a pod that is to run', () => {
  const two = aPod('p').on('n1').containers('a', 'b');
  const withInit = pod.init('i1', 'i2');
  const withSidecar = pod.init(sidecar('s1'), 'i1');
  const rows: readonly Row[] = [
    ['nothing there: a sandbox', { pod }, ['make-sandbox#0']],
    ['the sandbox is being made: wait', { pod, memory: { makingSandbox: true } }, []],
    ['the sandbox could not be made: later', { pod, memory: { sandboxRetryAtMs: t0 + 500 } }, [], 500],
    ['a sandbox: the container', { pod, sandboxes: [sandbox({})] }, ['start main#0']],
    ['containers are started one at a time', { pod: two, sandboxes: [sandbox({})] }, ['start a#0']],
    ['one is being started: wait', { pod: two, sandboxes: [sandbox({})], memory: { starting: 'a' } }, []],
    ['the next one', { pod: two, sandboxes: [sandbox({ a: running() })] }, ['start b#0']],
    ['all run: nothing', { pod: two, sandboxes: [sandbox({ a: running(), b: running() })] }, []],
    ['one that was created and not started is made anew', { pod, sandboxes: [sandbox({ main: created })] }, ['start main#1']],
    ['one that ended is started again', { pod, sandboxes: [sandbox({ main: exited(1) })] }, ['start main#1']],
    ['also after success', { pod, sandboxes: [sandbox({ main: exited(0) })] }, ['start main#1']],
    ['a dead sandbox is replaced', { pod, sandboxes: [sandbox({ main: exited(137) }, { ready: false })] }, ['make-sandbox#1']],
    [
      'in the new one the restart is counted on',
      { pod, sandboxes: [sandbox({ main: exited(137) }, { ready: false }), sandbox({}, { attempt: 1 })] },
      ['start main#1'],
    ],
    ['init containers first', { pod: withInit, sandboxes: [sandbox({})] }, ['start i1#0']],
    ['one by one', { pod: withInit, sandboxes: [sandbox({ i1: running() })] }, []],
    ['the second', { pod: withInit, sandboxes: [sandbox({ i1: exited(0) })] }, ['start i2#0']],
    ['a failed one again', { pod: withInit, sandboxes: [sandbox({ i1: exited(0), i2: exited(1) })] }, ['start i2#1']],
    ['then the containers', { pod: withInit, sandboxes: [sandbox({ i1: exited(0), i2: exited(0) })] }, ['start main#0']],
    [
      'a new sandbox runs them again',
      {
        pod: withInit,
        sandboxes: [sandbox({ i1: exited(0), i2: exited(0), main: exited(137) }, { ready: false }), sandbox({}, { attempt: 1 })],
      },
      ['start i1#1'],
    ],
    ['a sidecar, then what comes after it', { pod: withSidecar, sandboxes: [sandbox({ s1: running() })] }, ['start i1#0']],
    [
      'a sidecar that is starting holds the others up',
      { pod: withSidecar, sandboxes: [sandbox({ s1: running() })], memory: { starting: 's1' } },
      [],
    ],
    ['a sidecar restarts while init goes on', { pod: withSidecar, sandboxes: [sandbox({ s1: exited(0), i1: running() })] }, ['start s1#1']],
    [
      'and while the containers run',
      { pod: withSidecar, sandboxes: [sandbox({ s1: exited(1), i1: exited(0), main: running() })] },
      ['start s1#1'],
    ],
    [
      'crash loop: held back and said',
      {
        pod,
        sandboxes: [sandbox({ main: exited(1) })],
        memory: remembers('main', { restarts: { delayMs: 10_000, sinceMs: t0 } }),
        at: 1000,
      },
      ['hold-back main CrashLoopBackOff'],
      10_000,
    ],
    [
      'one that is being started again is not held back for the end before',
      {
        pod,
        sandboxes: [sandbox({ main: exited(1) })],
        memory: { ...remembers('main', { restarts: { delayMs: 10_000, sinceMs: t0 } }), starting: 'main' },
        at: 1000,
      },
      [],
    ],
    [
      'crash loop: said once',
      {
        pod,
        sandboxes: [sandbox({ main: exited(1) })],
        memory: remembers('main', { restarts: { delayMs: 10_000, sinceMs: t0 }, waiting: { reason: 'CrashLoopBackOff', message: '' } }),
        at: 1000,
      },
      [],
      10_000,
    ],
    [
      'crash loop: over',
      {
        pod,
        sandboxes: [sandbox({ main: exited(1) })],
        memory: remembers('main', { restarts: { delayMs: 10_000, sinceMs: t0 } }),
        at: 10_000,
      },
      ['start main#1'],
    ],
    [
      'a pull that failed shows its error for a moment',
      {
        pod,
        sandboxes: [sandbox({})],
        memory: remembers('main', {
          retryAtMs: t0 + 10_000,
          pulls: { delayMs: 10_000, sinceMs: t0 },
          waiting: { reason: 'ErrImagePull', message: 'x' },
        }),
        at: 500,
      },
      [],
      2000,
    ],
    [
      'and then the back-off',
      {
        pod,
        sandboxes: [sandbox({})],
        memory: remembers('main', {
          retryAtMs: t0 + 10_000,
          pulls: { delayMs: 10_000, sinceMs: t0 },
          waiting: { reason: 'ErrImagePull', message: 'x' },
        }),
        at: 2000,
      },
      ['hold-back main ImagePullBackOff'],
      10_000,
    ],
    [
      'one that is held back does not hold up its neighbour',
      { pod: two, sandboxes: [sandbox({})], memory: remembers('a', { retryAtMs: t0 + 9000 }) },
      ['start b#0'],
      9000,
    ],
    [
      'an ephemeral container once',
      { pod: pod.spec({ ephemeralContainers: [{ name: 'dbg', image: 'dbg:1' }] }), sandboxes: [sandbox({ main: running() })] },
      ['start dbg#0'],
    ],
    [
      'and not again',
      {
        pod: pod.spec({ ephemeralContainers: [{ name: 'dbg', image: 'dbg:1' }] }),
        sandboxes: [sandbox({ main: running(), dbg: exited(1) })],
      },
      [],
    ],
    [
      'another image: stop',
      { pod: pod.containers({ name: 'main', image: 'main:2' }), sandboxes: [sandbox({ main: running() })] },
      ['stop main 30000'],
    ],
    [
      'old dead attempts are removed but for the last before',
      { pod, sandboxes: [sandbox({ main: [exited(1), exited(1), exited(1), running()] })] },
      ['remove-container s0/main/0', 'remove-container s0/main/1'],
    ],
    [
      'the deadline is kept in mind',
      { pod: pod.spec({ activeDeadlineSeconds: 60 }), sandboxes: [sandbox({ main: running() })] },
      [],
      60_000,
    ],
    [
      'volumes that are not ready come first',
      { pod: pod.spec({ volumes: [{ name: 'v', emptyDir: {} }] }), sandboxes: [sandbox({})] },
      ['prepare-volumes'],
    ],
  ];

  test.each(rows.map(([title, scene, actions, wakeIn]) => ({ title, scene, actions, wakeIn })))('$title', ({ scene, actions, wakeIn }) => {
    expect(told(scene)).toEqual({ actions, wakeIn });
  });

  test('a liveness probe that failed stops the container, a probe that is due is made', () => {
    const probed = pod.containers({ name: 'main', livenessProbe: { exec: { command: ['x'] }, initialDelaySeconds: 5 } });
    const state = newProbeState('liveness', probed.stored().spec!.containers[0]!.livenessProbe!, t0);
    const scene = { pod: probed, sandboxes: [sandbox({ main: running() })] };
    const key = 's0/main/0/liveness';
    expect(told({ ...scene, memory: { probes: new Map([[key, state]]) } })).toEqual({ actions: [], wakeIn: 5000 });
    expect(told({ ...scene, memory: { probes: new Map([[key, state]]) }, at: 5000 }).actions).toEqual(['probe main liveness']);
    expect(told({ ...scene, memory: { probes: new Map([[key, { ...state, inFlight: true }]]) }, at: 5000 }).actions).toEqual([]);
    const failed = { ...state, result: 'failure' as const, onHold: true };
    expect(told({ ...scene, memory: { probes: new Map([[key, failed]]) } }).actions).toEqual(['stop main 30000']);
  });
});

describe('decide: a pod that is to end', () => {
  const gone = pod.deleted(30);
  const withHook = gone.containers({ name: 'main', lifecycle: { preStop: { sleep: { seconds: 5 } } } });
  const three = gone.init(sidecar('s1'), sidecar('s2'));
  const all = sandbox({ s1: running(), s2: running(), main: running() });
  const rows: readonly Row[] = [
    [
      'the container is stopped with what is left of the grace',
      { pod: gone, sandboxes: [sandbox({ main: running() })], memory: { endingAtMs: t0 }, at: 4000 },
      ['stop main 26000'],
    ],
    [
      'at least two seconds',
      { pod: gone, sandboxes: [sandbox({ main: running() })], memory: { endingAtMs: t0 }, at: 29_500 },
      ['stop main 2000'],
    ],
    ['it was told: wait', { pod: gone, sandboxes: [sandbox({ main: running() })], memory: stopping('s0/main/0', t0 + 30_000) }, []],
    [
      'the grace was cut: told again',
      { pod: pod.deleted(5), sandboxes: [sandbox({ main: running() })], memory: stopping('s0/main/0', t0 + 30_000), at: 1000 },
      ['stop main 4000'],
    ],
    ['preStop first', { pod: withHook, sandboxes: [sandbox({ main: running() })], memory: { endingAtMs: t0 } }, ['pre-stop main 30000']],
    [
      'while it runs: wait, at most as long as the grace',
      { pod: withHook, sandboxes: [sandbox({ main: running() })], memory: stopping('s0/main/0', undefined, 'running'), at: 1000 },
      [],
      30_000,
    ],
    [
      'then the stop',
      { pod: withHook, sandboxes: [sandbox({ main: running() })], memory: stopping('s0/main/0', undefined, 'done'), at: 5000 },
      ['stop main 25000'],
    ],
    [
      'preStop took it all: two seconds',
      { pod: withHook, sandboxes: [sandbox({ main: running() })], memory: stopping('s0/main/0', undefined, 'running'), at: 30_000 },
      ['stop main 2000'],
    ],
    ['sidecars wait for the containers', { pod: three, sandboxes: [all], memory: { endingAtMs: t0 } }, ['stop main 30000'], 30_000],
    [
      'the last sidecar goes first',
      { pod: three, sandboxes: [sandbox({ s1: running(), s2: running(), main: exited(0) })], memory: { endingAtMs: t0 }, at: 1000 },
      ['stop s2 29000'],
      30_000,
    ],
    [
      'the others after it',
      { pod: three, sandboxes: [sandbox({ s1: running(), s2: exited(0), main: exited(0) })], memory: { endingAtMs: t0 }, at: 2000 },
      ['stop s1 28000'],
    ],
    [
      'at the end of the grace everybody goes',
      { pod: three, sandboxes: [all], memory: stopping('s0/main/0', t0 + 30_000), at: 30_000 },
      ['stop s1 2000', 'stop s2 2000'],
    ],
    [
      'all dead: the sandbox is stopped',
      { pod: gone, sandboxes: [sandbox({ main: exited(0) })], memory: { endingAtMs: t0 } },
      ['stop-sandbox s0'],
    ],
    [
      'and removed',
      {
        pod: gone,
        sandboxes: [sandbox({ main: exited(0) }, { ready: false })],
        memory: { endingAtMs: t0, stoppedSandboxes: new Set(['s0']) },
      },
      ['remove-sandbox s0'],
    ],
    ['nothing left: finish', { pod: gone, memory: { endingAtMs: t0 } }, ['finish']],
    ['what is being started is waited for', { pod: gone, sandboxes: [sandbox({})], memory: { endingAtMs: t0, starting: 'main' } }, []],
    [
      'the proxy still has it: wait',
      { pod: gone, sandboxes: [sandbox({ main: running() })], memory: { endingAtMs: t0 }, draining: true, drainMs: 9000, at: 100 },
      [],
      9000,
    ],
    [
      'not for ever',
      { pod: gone, sandboxes: [sandbox({ main: running() })], memory: { endingAtMs: t0 }, draining: true, drainMs: 9000, at: 9000 },
      ['stop main 21000'],
    ],
    [
      'a pod that is over keeps its sandbox, stopped',
      { pod: pod.succeeded(), sandboxes: [sandbox({ main: exited(0) })] },
      ['stop-sandbox s0'],
    ],
    [
      'and rests',
      { pod: pod.succeeded(), sandboxes: [sandbox({ main: exited(0) }, { ready: false })], memory: { stoppedSandboxes: new Set(['s0']) } },
      [],
    ],
    [
      'Never: over after the first run',
      { pod: pod.spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ main: exited(3) })] },
      ['stop-sandbox s0'],
    ],
    [
      'OnFailure: over after success',
      { pod: pod.spec({ restartPolicy: 'OnFailure' }), sandboxes: [sandbox({ main: exited(0) })] },
      ['stop-sandbox s0'],
    ],
    [
      'OnFailure: not after failure',
      { pod: pod.spec({ restartPolicy: 'OnFailure' }), sandboxes: [sandbox({ main: exited(1) })] },
      ['start main#1'],
    ],
    [
      'Never: a failed init container ends it',
      { pod: pod.init('i1').spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ i1: exited(1) })] },
      ['stop-sandbox s0'],
    ],
    [
      'a finished pod stops its sidecars',
      { pod: pod.init(sidecar('s1')).spec({ restartPolicy: 'Never' }), sandboxes: [sandbox({ s1: running(), main: exited(0) })] },
      ['stop s1 30000'],
    ],
    [
      'the object is gone: a second',
      { pod, sandboxes: [sandbox({ main: running() })], memory: { gone: true, endingAtMs: t0 } },
      ['stop main 1000'],
    ],
    [
      'a removal that failed is tried again later',
      { pod: gone, sandboxes: [sandbox({ main: exited(0) })], memory: { endingAtMs: t0, stopRetryAtMs: t0 + 10_000 } },
      [],
      10_000,
    ],
  ];

  test.each(rows.map(([title, scene, actions, wakeIn]) => ({ title, scene, actions, wakeIn })))('$title', ({ scene, actions, wakeIn }) => {
    expect(told(scene)).toEqual({ actions, wakeIn });
  });
});

describe('decide: always', () => {
  const state = fc.oneof(
    fc.constant<ContainerState>(created),
    fc.integer({ min: -5000, max: 0 }).map((at) => running(t0 + at)),
    fc.tuple(fc.constantFrom(0, 1, 137), fc.integer({ min: -5000, max: 0 })).map(([code, at]) => exited(code, t0 + at)),
  );
  const has: fc.Arbitrary<Has> = fc.dictionary(fc.constantFrom('i1', 's1', 'a', 'b'), fc.array(state, { minLength: 1, maxLength: 3 }), {
    maxKeys: 4,
  });
  const scene: fc.Arbitrary<Scene> = fc.record({
    pod: fc
      .record({ restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'), deleted: fc.boolean() })
      .map(({ restartPolicy, deleted }) => {
        const built = pod.containers('a', 'b').init('i1', sidecar('s1')).spec({ restartPolicy });
        return deleted ? built.deleted() : built;
      }),
    sandboxes: fc
      .option(fc.tuple(has, fc.boolean()), { nil: undefined })
      .map((given) => (given === undefined ? [] : [sandbox(given[0], { ready: given[1] })])),
    memory: fc.record({ starting: fc.constantFrom(undefined, 'a', 'i1'), makingSandbox: fc.constant(false) }),
    at: fc.integer({ min: 0, max: 60_000 }),
  });

  test('the same picture gives the same decision, changes nothing, and wakes in the future', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const picture = pictureOf(given);
        const before = JSON.stringify(picture.memory);
        const first = decide(picture);
        expect(decide(picture)).toEqual(first);
        expect(JSON.stringify(picture.memory)).toBe(before);
        if (first.wakeAt !== undefined) expect(first.wakeAt).toBeGreaterThan(picture.now);
      }),
    );
  });

  test('at most one container is being started; nothing is started in a pod that is to go; what runs is never started', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const picture = pictureOf(given);
        const starts = decide(picture).actions.flatMap((action) => (action.type === 'start-container' ? [action.container] : []));
        expect(starts.length + (picture.memory.starting === undefined ? 0 : 1)).toBeLessThanOrEqual(1 + (starts.length === 0 ? 1 : 0));
        if (picture.pod.metadata.deletionTimestamp !== undefined) expect(starts).toEqual([]);
        for (const { current } of starts) expect(current?.state.state).not.toBe('running');
      }),
    );
  });
});

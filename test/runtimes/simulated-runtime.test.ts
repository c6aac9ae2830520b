import { describe, expect, it } from 'vitest';
import { ManualClock, SeededRandom, silentLogger } from 'coxswain';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';
import type { ContainerConfig, RuntimeEnv, SandboxConfig } from '../../src/runtimes/runtime.ts';
import { SimulatedFaults } from '../../src/runtimes/simulated/simulated-faults.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import type { SimulatedRuntimeOptions } from '../../src/runtimes/simulated/simulated-runtime-options.ts';
import type { SimulatedImage } from '../../src/runtimes/simulated/simulated-image.ts';
import type { RuntimeFixture } from '../../src/testing/runtime-probe.ts';
import { runtimeSuiteFor } from '../../src/testing/runtime-suite.ts';
import type { RuntimeDeviation } from '../../src/testing/runtime-suite.ts';
import { suiteCommands, suiteImages } from './suite-programs.ts';

const env = (clock: ManualClock, seed = 1): RuntimeEnv => ({
  clock,
  random: new SeededRandom(seed),
  secureRandom: new SystemSecureRandom(),
  logger: silentLogger,
  clusterId: 'c1',
  nodeName: 'n1',
  onHostDeath: 'kill',
  podCidr: '10.1.2.0/24',
  stateDir: '/nonexistent',
});

const sandboxOf = (name: string, hostNetwork = false): SandboxConfig => ({
  pod: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' },
    spec: { hostNetwork, containers: [{ name: 'main', image: 'web:1' }] },
  },
  attempt: 0,
  hostname: name,
  dns: undefined,
});

const containerOf = (image: string, attempt = 0): ContainerConfig => ({
  container: { name: 'main', image },
  type: 'container',
  attempt,
  image,
  env: [],
  command: undefined,
  args: undefined,
  workingDir: undefined,
  mounts: [],
  securityContext: undefined,
});

/** Lets virtual time pass until the promise has an end; gives up when there is nothing left to wait for. */
async function run<T>(clock: ManualClock, promise: Promise<T>, what = 'a call'): Promise<T> {
  let pending = true;
  const ended = promise.finally(() => (pending = false));
  ended.catch(() => undefined);
  const untilMs = clock.now() + 3_600_000;
  for (let idle = 0; idle < 100 && clock.now() < untilMs;) {
    await clock.turn();
    if (!pending) return ended;
    const next = clock.next();
    idle = next === undefined ? idle + 1 : 0;
    clock.moveTo(next ?? clock.now());
    clock.fireDue();
  }
  throw new Error(`${what}: did not happen within an hour of virtual time`);
}

async function started(options: SimulatedRuntimeOptions, image = 'web:1') {
  const clock = new ManualClock();
  const runtime = new SimulatedRuntime(options);
  await runtime.open(env(clock));
  const sandbox = await run(clock, runtime.runSandbox(sandboxOf('a')));
  await run(clock, runtime.pullImage({ image, credentials: [] }));
  const id = await run(clock, runtime.createContainer(sandbox.id, containerOf(image)));
  await run(clock, runtime.startContainer(id));
  const state = async () => (await runtime.inspectPod('uid-a'))[0]?.containers[0]?.state;
  return { clock, runtime, sandbox, id, state };
}

describe('SimulatedRuntime', () => {
  it('starts a pod with an address from the node range, and takes virtual time for it', async () => {
    const { clock, sandbox, state, runtime } = await started({ durations: { sandboxMs: 5, pullMs: 100, startMs: 10 } });
    expect(sandbox.ips).toEqual(['10.1.2.2']);
    expect(clock.now() - new ManualClock().now()).toBe(115);
    expect(await state()).toEqual({ state: 'running', startedAtMs: clock.now() });
    await runtime.close();
    expect(clock.timers).toBe(0);
    await expect(runtime.listSandboxes()).rejects.toThrow('closed');
  });

  it('ends by itself with the scripted code and message, and tells listeners', async () => {
    const seen: string[] = [];
    const image = { runsForMs: 1000, exitCode: 3, terminationMessage: 'out of fuel' };
    const { clock, runtime, state } = await started({ images: { 'web:1': image } });
    runtime.onEvent((uid) => seen.push(uid));
    clock.moveTo(clock.next()!);
    clock.fireDue();
    expect(await state()).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error', message: 'out of fuel' });
    expect(seen).toEqual(['uid-a']);
  });

  it.each([
    ['ends on SIGTERM within the grace period', { stopMs: 200 }, 1000, 200, 143],
    ['is killed when it ignores SIGTERM', { stopMs: 'never' }, 1000, 1000, 137],
    ['is killed when it is too slow', { stopMs: 5000 }, 1000, 1000, 137],
    ['is killed at once without grace', { stopMs: 200 }, 0, 0, 137],
  ] as const)('stop: %s', async (_title, image, graceMs, tookMs, exitCode) => {
    const { clock, runtime, id, state } = await started({ images: { 'web:1': image } });
    const before = clock.now();
    await run(clock, runtime.stopContainer(id, graceMs));
    expect(clock.now() - before).toBe(tookMs);
    expect(await state()).toMatchObject({ state: 'exited', exitCode });
  });

  it('a second stop with less grace kills sooner, and both calls end', async () => {
    const { clock, runtime, id } = await started({ images: { 'web:1': { stopMs: 'never' } } });
    const before = clock.now();
    const slow = runtime.stopContainer(id, 30_000);
    await clock.turn();
    await run(clock, Promise.all([slow, runtime.stopContainer(id, 10)]));
    expect(clock.now() - before).toBe(10);
    expect(clock.timers).toBe(0);
  });

  it('faults: fail, hang until the deadline, use up, take back', async () => {
    const faults = new SimulatedFaults([{ at: 'pullImage', image: 'web:*', times: 2, effect: { type: 'fail' } }]);
    const clock = new ManualClock();
    const runtime = new SimulatedRuntime({ faults });
    await runtime.open(env(clock));
    const pull = () => run(clock, runtime.pullImage({ image: 'web:1', credentials: [] }));
    await expect(pull()).rejects.toMatchObject({ code: 'RUNTIME_REGISTRY_UNAVAILABLE', retryable: true });
    await expect(pull()).rejects.toMatchObject({ code: 'RUNTIME_REGISTRY_UNAVAILABLE' });
    expect(await pull()).toBe('sim://web:1');
    const takeBack = faults.add({ at: 'list', effect: { type: 'hang' } });
    const before = clock.now();
    await expect(run(clock, runtime.listSandboxes({ timeoutMs: 700 }))).rejects.toMatchObject({ code: 'RUNTIME_DEADLINE' });
    expect(clock.now() - before).toBe(700);
    takeBack();
    expect(await runtime.listSandboxes()).toEqual([]);
  });

  it('faults: crash and OOM after the start', async () => {
    const faults = new SimulatedFaults([
      { at: 'run', pod: 'a', attemptsBelow: 1, effect: { type: 'crash', afterMs: 50, reason: 'OOMKilled' } },
    ]);
    const { clock, state } = await started({ faults });
    clock.moveTo(clock.next()!);
    clock.fireDue();
    expect(await state()).toMatchObject({ exitCode: 137, reason: 'OOMKilled', signal: 9 });
  });

  it('refuses what is not there, in words', async () => {
    const { clock, runtime } = await started({ images: { 'web:1': {} }, unknownImages: 'refuse' });
    await expect(run(clock, runtime.pullImage({ image: 'web:9', credentials: [] }))).rejects.toMatchObject({
      code: 'RUNTIME_IMAGE_NOT_FOUND',
    });
    await expect(runtime.startContainer('nobody.0.main.0')).rejects.toMatchObject({ code: 'RUNTIME_NOT_FOUND' });
  });

  it('a powered-off node answers nothing and has lost its pods; a cut-off one still runs them', async () => {
    const { runtime, state } = await started({});
    runtime.disconnect();
    await expect(runtime.healthy()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
    runtime.reconnect();
    expect(await state()).toMatchObject({ state: 'running' });
    runtime.powerOff();
    await expect(runtime.healthy()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
    runtime.powerOn();
    expect(await state()).toMatchObject({ state: 'exited', exitCode: 137 });
  });
});

const say = ([, text = '', problem = '', code = '0']: readonly string[]) => ({
  exitCode: Number(code),
  stdout: text === '' ? '' : `${text}\n`,
  stderr: problem === '' ? '' : `${problem}\n`,
});

const server: SimulatedImage = {
  stopExitCode: 0,
  logs: [
    { afterMs: 0, text: 'started' },
    { afterMs: 5, text: 'warming', stream: 'stderr' },
  ],
  exec: say,
};

const suiteScript: Readonly<Record<string, SimulatedImage>> = {
  server,
  stubborn: { ...server, stopMs: 'never' },
  quick: { runsForMs: 20, logs: [{ afterMs: 0, text: 'done' }] },
  failing: { runsForMs: 20, exitCode: 3, logs: [{ afterMs: 0, text: 'oops', stream: 'stderr' }] },
};

function fixture(): RuntimeFixture {
  const clock = new ManualClock();
  const runtime = new SimulatedRuntime({ images: suiteScript, unknownImages: 'refuse' });
  return {
    runtime,
    again: () => runtime,
    clock,
    stateDir: '/nonexistent',
    images: suiteImages,
    commands: suiteCommands,
    settle: (promise, what) => run(clock, promise, what),
    dispose: async () => expect(clock.timers).toBe(0),
  };
}

const deviations: readonly RuntimeDeviation[] = [
  {
    reason: 'nothing of a simulated pod is real: no socket, no file, no program',
    cases: [
      'stats: a running pod has figures, and its CPU time never goes back',
      'exec: standard input reaches the command',
      'probe: a command',
      'probe: HTTP',
      'probe: TCP',
      'hook: a command, HTTP and sleep',
      'environment: variables and arguments arrive as they are',
      'volume: files are there, and an update changes all of them',
      'volume: a sub-path shows a part',
      'volume: an emptyDir is shared by the pod and survives a restart of its container',
      'volume: one that was not prepared, or a hostPath of the wrong type, is refused',
      'network: a pod is reached at the address the runtime names',
      'network: two pods serve the same port',
      'network: port-forward reaches a port of the pod, and refuses a closed one',
      'keep: what runs goes on, and the next host finds it',
    ],
  },
  { reason: 'a scripted command has ended before its session begins', cases: ['exec: closing the session ends the command'] },
];

describe('runtime suite', () => {
  it.each(runtimeSuiteFor(fixture, deviations))('$name', async ({ run: runCase }) => {
    await expect(runCase()).resolves.toBeUndefined();
  });
});

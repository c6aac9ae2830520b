import { describe, expect, test } from 'vitest';
import { podKind } from '../../src/kinds/pod.ts';
import type { SandboxReport } from '../../src/runtimes/runtime.ts';
import { SimulatedFaults } from '../../src/runtimes/simulated/simulated-faults.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { OneNode } from './one-node.ts';

describe('kubelet: bad weather', () => {
  test('a hung call ends at its deadline, is repeated, and holds up no other pod', async () => {
    const faults = new SimulatedFaults([
      { at: 'runSandbox', pod: 'a', times: 1, effect: { type: 'hang' } },
      { at: 'startContainer', pod: 'b', times: 1, effect: { type: 'hang' } },
      { at: 'stopContainer', pod: 'c', times: 1, effect: { type: 'hang' } },
    ]);
    await using node = await OneNode.simulated({ faults });
    for (const name of ['a', 'b', 'c', 'd']) await node.pod(name);
    await node.advance(1000);
    expect(node.status('d').phase).toBe('Running');
    await node.deletePod('c', 5);
    await node.deletePod('d');
    await node.advance(5000);
    expect(node.find('d')).toBeUndefined();
    await node.advance(5 * 60_000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.status('b').phase).toBe('Running');
    expect(node.find('c')).toBeUndefined();
    expect(node.reasons('a')).toContain('FailedCreatePodSandBox');
  });

  test('a runtime that never answers at all is given up by the kubelet itself', async () => {
    class Silent extends SimulatedRuntime {
      silent = true;
      override runSandbox(...args: Parameters<SimulatedRuntime['runSandbox']>): ReturnType<SimulatedRuntime['runSandbox']> {
        if (this.silent) return new Promise(() => undefined);
        return super.runSandbox(...args);
      }
    }
    await using node = await new OneNode(new Silent()).open();
    await node.pod('a');
    await node.advance(60_000);
    node.runtime.silent = false;
    await node.advance(3 * 60_000);
    expect(node.status('a').phase).toBe('Running');
  });

  test.each(['createContainer', 'startContainer', 'runSandbox', 'removeSandbox', 'stopSandbox', 'stopContainer', 'list'] as const)(
    '%s that fails a few times is got over',
    async (at) => {
      const faults = new SimulatedFaults();
      await using node = await OneNode.simulated({ faults });
      faults.add({ at, times: 3, effect: { type: 'fail', message: 'no luck' } });
      await node.pod('a');
      await node.advance(120_000);
      expect(node.status('a').phase).toBe('Running');
      expect(node.condition('a', 'Ready')).toBe('True');
      faults.add({ at, times: 3, effect: { type: 'fail', message: 'no luck' } });
      await node.deletePod('a');
      await node.advance(120_000);
      expect(node.find('a')).toBeUndefined();
      expect(await node.runtime.listSandboxes()).toEqual([]);
    },
  );

  test.each([
    ['createContainer', 'CreateContainerError'],
    ['startContainer', 'RunContainerError'],
  ] as const)('%s that fails is shown as %s', async (at, reason) => {
    await using node = await OneNode.simulated({ faults: [{ at, effect: { type: 'fail', message: 'no such program' } }] });
    await node.pod('a');
    await node.advance(100);
    expect(node.container('a').state?.waiting).toMatchObject({ reason, message: expect.stringContaining('no such program') as string });
    expect(node.events.find((event) => event.reason === 'Failed')?.message).toContain('Error: ');
  });

  test('a program that is not there: the error first, then the back-off with the error beside it', async () => {
    await using node = await OneNode.simulated({
      faults: [{ at: 'startContainer', effect: { type: 'fail', message: 'no such program' } }],
    });
    await node.pod('a');
    await node.pod('b', { restartPolicy: 'Never' });
    await node.advance(5000);
    expect(node.container('a').state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(node.container('a').lastState?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: expect.stringContaining('no such program') as string,
    });
    expect(node.status('b').phase).toBe('Failed');
    expect(node.container('b').state?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' });
    expect(node.container('b').restartCount).toBe(0);
  });

  test('a sandbox that dies is made anew with everything in it, init containers included', async () => {
    await using node = await OneNode.simulated({ images: { 'i:1': { runsForMs: 100 } } });
    await node.pod('a', { initContainers: [{ name: 'i', image: 'i:1' }] });
    await node.advance(2000);
    const [first] = await node.runtime.listSandboxes();
    await node.runtime.stopSandbox(first!.id);
    await node.advance(3000);
    const sandboxes = await node.runtime.listSandboxes();
    expect(sandboxes[sandboxes.length - 1]).toMatchObject({ ready: true, attempt: 1 });
    expect(node.container('a')).toMatchObject({ ready: true, restartCount: 1 });
    expect(node.container('a', 'i').restartCount).toBe(1);
    expect(node.reasons('a')).toContain('SandboxChanged');
    expect(node.status('a').podIP).toBe(sandboxes[sandboxes.length - 1]!.ips[0]);
  });

  test('what still runs when its sandbox dies is made anew with it, though nobody tells of its end', async () => {
    class Headless extends SimulatedRuntime {
      #tell: (podUid: string) => void = () => undefined;
      #headless = false;
      override onEvent(listener: (podUid: string) => void): () => void {
        this.#tell = listener;
        return super.onEvent((podUid) => (this.#headless ? undefined : listener(podUid)));
      }
      override async inspectPod(podUid: string): Promise<readonly SandboxReport[]> {
        return (await super.inspectPod(podUid)).map((each) => (this.#headless && each.attempt === 0 ? { ...each, ready: false } : each));
      }
      /** The sandbox alone dies; from then on there are no events. */
      behead(podUid: string): void {
        this.#headless = true;
        this.#tell(podUid);
      }
    }
    await using node = await new OneNode(new Headless({ images: {} })).open();
    await node.pod('a');
    await node.advance(2000);
    node.runtime.behead(node.find('a')!.metadata.uid);
    await node.advance(3000);
    expect(node.container('a')).toMatchObject({ ready: true, restartCount: 1 });
    const sandboxes = await node.runtime.listSandboxes();
    expect(sandboxes[sandboxes.length - 1]).toMatchObject({ ready: true, attempt: 1 });
  });

  test('events that are lost are made up for by listing', async () => {
    class Deaf extends SimulatedRuntime {
      override onEvent(): () => void {
        return () => undefined;
      }
    }
    await using node = await new OneNode(new Deaf({ images: { 'web:1': { runsForMs: 5000, exitCode: 1 } } })).open({ relistMs: 10_000 });
    await node.pod('a');
    await node.advance(2000);
    expect(node.status('a').phase).toBe('Running');
    await node.advance(20_000);
    expect(node.container('a').restartCount).toBeGreaterThan(0);
  });

  test('what somebody else wrote into the status meanwhile is neither lost nor fought over', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a', { readinessGates: [{ conditionType: 'example.com/gate' }] });
    await node.advance(1000);
    expect(node.status('a').conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "example.com/gate" does not exist.',
    });
    const now = node.find('a')!;
    const conditions = [...now.status!.conditions!, { type: 'example.com/gate', status: 'True' }];
    await node.client.updateStatus(podKind, { ...now, status: { ...now.status, conditions } } as never);
    node.runtime.crash(now.metadata.uid, 'web');
    await node.advance(2000);
    expect(node.condition('a', 'example.com/gate')).toBe('True');
    expect(node.condition('a', 'Ready')).toBe('True');
    expect(node.container('a').restartCount).toBe(1);
    const writes = node.writesOf('a');
    await node.advance(60_000);
    expect(node.writesOf('a')).toBe(writes);
  });

  test('a pod whose phase was set to Failed by somebody else is ended', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(1000);
    const now = node.find('a')!;
    await node.client.updateStatus(podKind, {
      ...now,
      status: { ...now.status, phase: 'Failed', reason: 'Evicted', message: 'no room' },
    } as never);
    await node.advance(3000);
    expect(node.status('a')).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'no room' });
    expect(node.container('a').state?.terminated).toBeDefined();
    expect((await node.runtime.listSandboxes())[0]).toMatchObject({ ready: false });
  });

  test('an end that the store does not take is told again every second, not in a hot loop', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(1000);
    await node.deletePod('a', 1);
    let tries = 0;
    const write = node.store.write.bind(node.store);
    node.store.write = () => {
      tries++;
      return Promise.reject(new Error('the disk is full'));
    };
    await node.advance(20_000);
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(60);
    node.store.write = write;
    await node.advance(15_000);
    expect(node.find('a')).toBeUndefined();
  });

  test('close leaves no timer and no pod', async () => {
    const node = await OneNode.simulated({ images: { 'slow:1': { pullMs: 1e6 } } });
    await node.pod('a', { containers: [{ name: 'web', image: 'slow:1' }] });
    await node.pod('b');
    await node.advance(1000);
    await node[Symbol.asyncDispose]();
    expect(node.clock.timers).toBe(0);
    await expect(node.runtime.listSandboxes()).rejects.toThrow('closed');
  });

  test('the same seed gives the same history', async () => {
    const run = async (): Promise<string> => {
      const faults = new SimulatedFaults([
        { at: 'startContainer', probability: 0.3, effect: { type: 'fail' } },
        { at: 'pullImage', probability: 0.3, effect: { type: 'fail' } },
        { at: 'run', probability: 0.5, effect: { type: 'crash', afterMs: 3000, exitCode: 1 } },
      ]);
      await using node = await OneNode.simulated({ faults });
      for (let i = 0; i < 20; i++) await node.pod(`p${i}`);
      await node.advance(120_000);
      for (let i = 0; i < 10; i++) await node.deletePod(`p${i}`);
      await node.advance(60_000);
      return JSON.stringify([node.writes, node.events, node.view.list(podKind)]);
    };
    const [first, second] = [await run(), await run()];
    expect(first.length).toBeGreaterThan(10_000);
    expect(second).toBe(first);
  });
});

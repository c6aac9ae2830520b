import assert from 'node:assert/strict';
import { runtimeCase } from './runtime-probe.ts';
import type { RuntimeCase } from './runtime-probe.ts';

/** The life of a container. */
export const runtimeContainerCases: readonly RuntimeCase[] = [
  runtimeCase('container: is created, then started, and a repeat of either changes nothing', async (probe) => {
    const { runtime, images } = probe;
    const container = await probe.create(await probe.sandbox('a'), probe.config(images.server));
    assert.equal((await probe.create(container.sandbox, container.config)).id, container.id);
    const created = await probe.report(container);
    assert.deepEqual(
      [created?.name, created?.attempt, created?.image, created?.sandboxId],
      ['main', 0, images.server, container.sandbox.id],
    );
    assert.deepEqual(created?.state, { state: 'created' });
    await probe.start(container);
    const running = await probe.report(container);
    assert.equal(running?.state.state, 'running');
    await probe.start(container);
    assert.deepEqual((await probe.report(container))?.state, running.state);
    assert.equal((await probe.within(runtime.listSandboxes(), 'listSandboxes()'))[0]?.containers.length, 1);
  }),

  runtimeCase('container: one that ends well is Completed with 0', async (probe) => {
    const end = await probe.ended(await probe.run(probe.images.quick));
    assert.deepEqual([end.exitCode, end.reason], [0, 'Completed']);
    assert.ok(end.finishedAtMs >= end.startedAtMs);
  }),

  runtimeCase('container: one that fails is Error with its code', async (probe) => {
    const end = await probe.ended(await probe.run(probe.images.failing));
    assert.deepEqual([end.exitCode, end.reason], [3, 'Error']);
  }),

  runtimeCase('container: stop lets it end by itself', async (probe) => {
    const container = await probe.serve();
    await probe.within(probe.runtime.stopContainer(container.id, 30_000), 'stopContainer()');
    assert.equal((await probe.ended(container)).exitCode, 0);
  }),

  runtimeCase('container: stop kills what does not end within the grace period', async (probe) => {
    const container = await probe.run(probe.images.stubborn);
    await probe.within(probe.runtime.stopContainer(container.id, 100), 'stopContainer()');
    const end = await probe.ended(container);
    assert.deepEqual([end.exitCode, end.reason], [137, 'Error']);
  }),

  runtimeCase('container: a second stop with less grace kills sooner', async (probe) => {
    const container = await probe.run(probe.images.stubborn);
    const slow = probe.runtime.stopContainer(container.id, 600_000);
    await probe.fixture.clock.turn();
    await probe.within(Promise.all([slow, probe.runtime.stopContainer(container.id, 50)]), 'both stopContainer()');
    assert.equal((await probe.ended(container)).exitCode, 137);
  }),

  runtimeCase('container: stop of one that is dead or unknown has no effect', async (probe) => {
    const container = await probe.run(probe.images.failing);
    const end = await probe.ended(container);
    await probe.within(probe.runtime.stopContainer(container.id, 1000), 'stopContainer() of a dead one');
    assert.deepEqual(await probe.ended(container), end);
    await probe.within(probe.runtime.stopContainer(`${container.sandbox.id}.nobody.0`, 1000), 'stopContainer() of a stranger');
  }),

  runtimeCase('container: a restart is a container of its own beside the old one', async (probe) => {
    const first = await probe.run(probe.images.failing);
    await probe.ended(first);
    const second = await probe.create(first.sandbox, probe.config(probe.images.server, { attempt: 1 }));
    await probe.start(second);
    assert.notEqual(second.id, first.id);
    assert.deepEqual([await probe.state(first), await probe.state(second)], ['exited', 'running']);
    assert.equal((await probe.output(first)).stderr, 'oops\n');
  }),

  runtimeCase('container: a removed one is gone, a running one is not removed', async (probe) => {
    const dead = await probe.run(probe.images.quick);
    await probe.ended(dead);
    const alive = await probe.create(dead.sandbox, probe.config(probe.images.server, { attempt: 1 }));
    await probe.start(alive);
    await assert.rejects(probe.within(probe.runtime.removeContainer(alive.id), 'removeContainer()'), { code: 'RUNTIME_CONTAINER_RUNNING' });
    await probe.within(probe.runtime.removeContainer(dead.id), 'removeContainer()');
    await probe.within(probe.runtime.removeContainer(dead.id), 'the second removeContainer()');
    assert.equal(await probe.state(dead), undefined);
    assert.equal(await probe.state(alive), 'running');
  }),

  runtimeCase('container: what is not there is refused as not found', async (probe) => {
    const sandbox = await probe.sandbox('a');
    const notFound = { code: 'RUNTIME_NOT_FOUND' };
    await probe.pull(probe.images.quick);
    const config = probe.config(probe.images.quick);
    await assert.rejects(probe.within(probe.runtime.createContainer(`${sandbox.id}7`, config), 'createContainer()'), notFound);
    await assert.rejects(probe.within(probe.runtime.startContainer(`${sandbox.id}.main.9`), 'startContainer()'), notFound);
    await assert.rejects(probe.within(probe.runtime.exec(`${sandbox.id}.main.9`, { command: ['x'] }), 'exec()'), notFound);
  }),

  runtimeCase('container: a program that cannot be run is said at the start', async (probe) => {
    const { unstartable } = probe.images;
    if (unstartable === undefined) return;
    const container = await probe.create(await probe.sandbox('a'), probe.config(unstartable));
    await assert.rejects(probe.start(container), { code: 'RUNTIME_START_FAILED' });
    const other = await probe.run(probe.images.quick, 'b');
    assert.equal((await probe.ended(other)).exitCode, 0);
  }),

  runtimeCase('container: two of one pod run side by side', async (probe) => {
    const first = await probe.run(probe.images.stubborn);
    const second = await probe.create(first.sandbox, probe.config(probe.images.quick, { spec: { name: 'second' } }));
    await probe.start(second);
    assert.equal((await probe.ended(second)).exitCode, 0);
    assert.equal(await probe.state(first), 'running');
  }),

  runtimeCase('events: a listener hears of an end, until it leaves', async (probe) => {
    const heard: string[] = [];
    const off = probe.runtime.onEvent((podUid) => heard.push(podUid));
    const container = await probe.run(probe.images.quick);
    await probe.ended(container);
    await probe.until(async () => heard.includes(container.sandbox.podUid), 'the listener hears of the pod');
    off();
    heard.length = 0;
    await probe.ended(await probe.run(probe.images.quick, 'b'));
    assert.deepEqual(heard, []);
  }),

  runtimeCase('stats: a running pod has figures, and its CPU time never goes back', async (probe) => {
    const container = await probe.serve();
    const figures = async () => {
      const stats = await probe.within(probe.runtime.stats(), 'stats()');
      const found = stats.find(({ podUid }) => podUid === container.sandbox.podUid)?.containers[0];
      assert.equal(found?.containerName, 'main');
      return found;
    };
    const before = await figures();
    await probe.fetch(container, '/healthy');
    const after = await figures();
    assert.ok(before.cpuNanoseconds >= 0 && after.cpuNanoseconds >= before.cpuNanoseconds);
    assert.ok(after.memoryWorkingSetBytes >= 0);
  }),
];

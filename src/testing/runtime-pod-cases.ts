import assert from 'node:assert/strict';
import { runtimeCase, uidOf } from './runtime-probe.ts';
import type { RuntimeCase } from './runtime-probe.ts';

/** Nodes, sandboxes and images. */
export const runtimePodCases: readonly RuntimeCase[] = [
  runtimeCase('open: says what the node has to offer', async (probe) => {
    const { info } = probe;
    assert.ok(info);
    for (const resource of ['cpu', 'memory', 'pods']) {
      assert.match(
        info.capacity[resource] ?? '',
        /^[0-9.]+[a-zA-Z]*$/,
        `capacity.${resource}: expected a quantity, got ${info.capacity[resource]}`,
      );
    }
    assert.ok(info.name !== '' && info.version !== '' && info.hostAddress !== '');
    await probe.within(probe.runtime.healthy(), 'healthy()');
  }),

  runtimeCase('close: may be repeated, and every call after it is refused', async (probe) => {
    const { runtime } = probe;
    await probe.within(runtime.close(), 'close()');
    await probe.within(runtime.close(), 'the second close()');
    const closed = { code: 'CLOSED' };
    await assert.rejects(runtime.healthy(), closed);
    await assert.rejects(runtime.listSandboxes(), closed);
    await assert.rejects(runtime.inspectPod('x'), closed);
    await assert.rejects(runtime.stopSandbox('x.0'), closed);
    await assert.rejects(runtime.startContainer('x.0.main.0'), closed);
    await assert.rejects(runtime.stopContainer('x.0.main.0', 0), closed);
    await assert.rejects(runtime.imageStatus('x'), closed);
    await assert.rejects(runtime.stats(), closed);
    assert.equal(runtime.podAddress('x', 80, 'TCP'), undefined);
  }),

  runtimeCase('sandbox: is ready with an address, and is listed', async (probe) => {
    const sandbox = await probe.sandbox('a');
    assert.equal(sandbox.podUid, uidOf('a'));
    assert.deepEqual([sandbox.podName, sandbox.podNamespace, sandbox.attempt, sandbox.ready], ['a', 'suite', 0, true]);
    assert.equal(sandbox.ips.length, 1);
    assert.deepEqual(sandbox.containers, []);
    assert.deepEqual(await probe.within(probe.runtime.listSandboxes(), 'listSandboxes()'), [sandbox]);
    assert.deepEqual(await probe.within(probe.runtime.inspectPod(uidOf('a')), 'inspectPod()'), [sandbox]);
    assert.deepEqual(await probe.within(probe.runtime.inspectPod(uidOf('b')), 'inspectPod() of a stranger'), []);
  }),

  runtimeCase('sandbox: a repeat, even at the same time, gives the same one', async (probe) => {
    const [first, second, third] = await Promise.all([probe.sandbox('a'), probe.sandbox('a'), probe.sandbox('a')]);
    assert.deepEqual([second.id, third.id], [first.id, first.id]);
    assert.equal((await probe.sandbox('a')).id, first.id);
    assert.equal((await probe.within(probe.runtime.listSandboxes(), 'listSandboxes()')).length, 1);
  }),

  runtimeCase('sandbox: no two pods have the same address', async (probe) => {
    const sandboxes = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => probe.sandbox(name)));
    assert.equal(new Set(sandboxes.map((sandbox) => sandbox.ips[0])).size, 5);
  }),

  runtimeCase('sandbox: hostNetwork pods have the address of the node', async (probe) => {
    const sandbox = await probe.sandbox('a', { hostNetwork: true });
    assert.deepEqual(sandbox.ips, [probe.info?.hostAddress]);
  }),

  runtimeCase('sandbox: the next attempt is another one, and comes last', async (probe) => {
    const first = await probe.sandbox('a');
    await probe.within(probe.runtime.stopSandbox(first.id), 'stopSandbox()');
    const second = await probe.sandbox('a', {}, 1);
    assert.notEqual(second.id, first.id);
    const reports = await probe.within(probe.runtime.inspectPod(uidOf('a')), 'inspectPod()');
    assert.deepEqual(
      reports.map(({ id, attempt, ready }) => ({ id, attempt, ready })),
      [
        { id: first.id, attempt: 0, ready: false },
        { id: second.id, attempt: 1, ready: true },
      ],
    );
  }),

  runtimeCase('sandbox: stop kills what runs in it, remove forgets it, and both may be repeated', async (probe) => {
    const container = await probe.run(probe.images.stubborn);
    const { id } = container.sandbox;
    await probe.within(probe.runtime.stopSandbox(id), 'stopSandbox()');
    const [stopped] = await probe.within(probe.runtime.inspectPod(uidOf('a')), 'inspectPod()');
    assert.equal(stopped?.ready, false);
    assert.equal((await probe.ended(container)).exitCode, 137);
    assert.equal(probe.runtime.podAddress(uidOf('a'), 8080, 'TCP'), undefined);
    await probe.within(probe.runtime.stopSandbox(id), 'the second stopSandbox()');
    await probe.within(probe.runtime.removeSandbox(id), 'removeSandbox()');
    await probe.within(probe.runtime.removeSandbox(id), 'the second removeSandbox()');
    assert.deepEqual(await probe.within(probe.runtime.listSandboxes(), 'listSandboxes()'), []);
  }),

  runtimeCase('image: one that is not there is refused with its name', async (probe) => {
    const { missing } = probe.images;
    await assert.rejects(probe.pull(missing), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'RUNTIME_IMAGE_NOT_FOUND');
      assert.ok(error.message.includes(missing), `expected the message to name ${missing}, got: ${error.message}`);
      return true;
    });
    assert.equal(await probe.within(probe.runtime.imageStatus(missing), 'imageStatus()'), undefined);
  }),

  runtimeCase('image: once pulled it is there, and pulling again gives the same id', async (probe) => {
    const { quick } = probe.images;
    const id = await probe.pull(quick);
    assert.equal(await probe.pull(quick), id);
    const status = await probe.within(probe.runtime.imageStatus(quick), 'imageStatus()');
    assert.equal(status?.id, id);
    assert.ok(status.names.includes(quick));
    const listed = await probe.within(probe.runtime.listImages(), 'listImages()');
    assert.ok(listed.some((image) => image.id === id));
  }),

  runtimeCase('calls: an aborted one rejects with ABORTED', async (probe) => {
    const container = await probe.run(probe.images.stubborn);
    const stop = new AbortController();
    const stopping = probe.runtime.stopContainer(container.id, 600_000, { signal: stop.signal });
    const refused = assert.rejects(stopping, { code: 'ABORTED' });
    await probe.fixture.clock.turn();
    stop.abort();
    await probe.within(refused, 'the aborted stopContainer()');
  }),

  runtimeCase('calls: one that passes its deadline rejects with RUNTIME_DEADLINE', async (probe) => {
    const container = await probe.run(probe.images.stubborn);
    const stopping = probe.runtime.stopContainer(container.id, 600_000, { timeoutMs: 50 });
    await probe.within(assert.rejects(stopping, { code: 'RUNTIME_DEADLINE', retryable: true }), 'the deadline of stopContainer()');
  }),

  runtimeCase('calls: what one pod waits for does not hold up another', async (probe) => {
    const slow = await probe.run(probe.images.stubborn, 'slow');
    const leave = new AbortController();
    const stopping = assert.rejects(probe.runtime.stopContainer(slow.id, 600_000, { signal: leave.signal }), { code: 'ABORTED' });
    stopping.catch(() => undefined);
    const other = await probe.run(probe.images.quick, 'other');
    assert.equal((await probe.ended(other)).exitCode, 0);
    leave.abort();
    await probe.within(stopping, 'the end of the first call');
  }),
];

import assert from 'node:assert/strict';
import type { VolumeFile } from '../runtimes/runtime.ts';
import { runtimeCase, uidOf } from './runtime-probe.ts';
import type { ProbeContainer, RuntimeCase, RuntimeProbe } from './runtime-probe.ts';

const file = (path: string, text: string, mode = 0o644): VolumeFile => ({ path, content: Buffer.from(text), mode });

const mountOf = (volumeName: string, mountPath: string, subPath = '') => ({
  mount: { name: volumeName, mountPath },
  volumeName,
  subPath,
  readOnly: false,
});

async function serveWith(
  probe: RuntimeProbe,
  prepare: (sandboxId: string) => Promise<void>,
  mounts: ReturnType<typeof mountOf>[],
): Promise<ProbeContainer> {
  const sandbox = await probe.sandbox('a');
  await probe.within(prepare(sandbox.id), 'prepareVolume()');
  return probe.serve('a', { mounts });
}

/** What a container sees of the world: its environment, its files, the network. And what outlives the host. */
export const runtimeWorldCases: readonly RuntimeCase[] = [
  runtimeCase('environment: variables and arguments arrive as they are', async (probe) => {
    const value = 'a "b" $HOME `c` \\ ü\nnew line';
    const container = await probe.serve('a', { env: [{ name: 'STRANGE', value }], args: ['--x', 'two words', ''] });
    assert.equal((await probe.fetch(container, '/env?STRANGE')).body, value);
    const args: unknown = JSON.parse((await probe.fetch(container, '/args')).body);
    assert.deepEqual(Array.isArray(args) ? args.slice(-3) : args, ['--x', 'two words', '']);
  }),

  runtimeCase('volume: files are there, and an update changes all of them', async (probe) => {
    const { runtime } = probe;
    const prepare = (id: string, files: readonly VolumeFile[]) =>
      runtime.prepareVolume(id, 'config', { type: 'files', files, secret: false, fsGroup: undefined });
    const container = await serveWith(probe, (id) => prepare(id, [file('a.txt', 'one'), file('deep/b.txt', 'two')]), [
      mountOf('config', '/etc/suite'),
    ]);
    assert.equal((await probe.fetch(container, '/file?/etc/suite/a.txt')).body, 'one');
    assert.equal((await probe.fetch(container, '/file?/etc/suite/deep/b.txt')).body, 'two');
    await probe.within(prepare(container.sandbox.id, [file('a.txt', 'three'), file('c.txt', 'four')]), 'the update');
    await probe.until(async () => (await probe.fetch(container, '/file?/etc/suite/a.txt')).body === 'three', 'the update is seen');
    assert.equal((await probe.fetch(container, '/file?/etc/suite/c.txt')).body, 'four');
    assert.equal((await probe.fetch(container, '/file?/etc/suite/deep/b.txt')).status, 404);
  }),

  runtimeCase('volume: a sub-path shows a part', async (probe) => {
    const files = [file('a.txt', 'one'), file('b.txt', 'two')];
    const container = await serveWith(
      probe,
      (id) => probe.runtime.prepareVolume(id, 'config', { type: 'files', files, secret: true, fsGroup: undefined }),
      [mountOf('config', '/etc/suite.txt', 'b.txt')],
    );
    assert.equal((await probe.fetch(container, '/file?/etc/suite.txt')).body, 'two');
  }),

  runtimeCase('volume: an emptyDir is shared by the pod and survives a restart of its container', async (probe) => {
    const volume = { type: 'emptyDir', medium: '', sizeLimitBytes: undefined } as const;
    const mounts = [mountOf('scratch', '/scratch')];
    const first = await serveWith(probe, (id) => probe.runtime.prepareVolume(id, 'scratch', volume), mounts);
    assert.equal((await probe.fetch(first, '/write?/scratch/x')).status, 200);
    await probe.within(probe.runtime.stopContainer(first.id, 30_000), 'stopContainer()');
    const second = await probe.serve('a', { attempt: 1, mounts });
    assert.equal((await probe.fetch(second, '/file?/scratch/x')).body, 'written');
  }),

  runtimeCase('volume: one that was not prepared, or a hostPath of the wrong type, is refused', async (probe) => {
    const sandbox = await probe.sandbox('a');
    await probe.pull(probe.images.server);
    const config = probe.config(probe.images.server, { mounts: [mountOf('nobody', '/x')] });
    await assert.rejects(probe.within(probe.runtime.createContainer(sandbox.id, config), 'createContainer()'), { code: 'RUNTIME_CONFIG' });
    const hostPath = { type: 'hostPath', path: '/nonexistent/suite', pathType: 'Directory' } as const;
    await assert.rejects(probe.within(probe.runtime.prepareVolume(sandbox.id, 'host', hostPath), 'prepareVolume()'), {
      code: 'RUNTIME_VOLUME_FAILED',
    });
  }),

  runtimeCase('network: a pod is reached at the address the runtime names', async (probe) => {
    const container = await probe.serve();
    assert.equal((await probe.fetch(container, '/healthy')).status, 200);
    assert.equal(probe.runtime.podAddress(uidOf('stranger'), 8080, 'TCP'), undefined);
  }),

  runtimeCase('network: two pods serve the same port', async (probe) => {
    const a = await probe.serve('a', { env: [{ name: 'WHO', value: 'a' }] });
    const b = await probe.serve('b', { env: [{ name: 'WHO', value: 'b' }] });
    assert.deepEqual([(await probe.fetch(a, '/env?WHO')).body, (await probe.fetch(b, '/env?WHO')).body], ['a', 'b']);
  }),

  runtimeCase('network: port-forward reaches a port of the pod, and refuses a closed one', async (probe) => {
    const container = await probe.serve();
    const stream = await probe.within(probe.runtime.portForward(container.sandbox.id, 8080), 'portForward()');
    const read = async (): Promise<string> => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return text;
    };
    stream.write('GET /healthy HTTP/1.1\r\nHost: suite\r\nConnection: close\r\n\r\n');
    assert.match(await probe.within(read(), 'the answer through the port-forward'), /^HTTP\/1\.1 200/);
    stream.destroy();
    await assert.rejects(probe.within(probe.runtime.portForward(container.sandbox.id, 8081), 'portForward()'), {
      code: 'RUNTIME_PORT_REFUSED',
    });
  }),

  runtimeCase(
    'keep: what runs goes on, and the next host finds it',
    async (probe) => {
      const { again } = probe.fixture;
      assert.ok(again, 'the fixture has no way to open the same node again');
      await probe.open('keep');
      const container = await probe.serve();
      const failed = await probe.run(probe.images.failing, 'b');
      await probe.ended(failed);
      const before = [await probe.report(container), await probe.report(failed)];
      await probe.within(probe.runtime.close(), 'close() with keep');

      await probe.open('keep', again());
      assert.deepEqual([await probe.report(container), await probe.report(failed)], before);
      assert.equal((await probe.output(container)).stdout, 'started\n');
      assert.equal((await probe.fetch(container, '/healthy')).status, 200);
      await probe.within(probe.runtime.stopContainer(container.id, 30_000), 'stopContainer()');
      assert.equal((await probe.ended(container)).exitCode, 0);
      for (const { sandbox } of [container, failed]) {
        await probe.within(probe.runtime.removeSandbox(sandbox.id), 'removeSandbox()');
      }
      assert.deepEqual(await probe.within(probe.runtime.listSandboxes(), 'listSandboxes()'), []);
      await probe.run(probe.images.stubborn, 'c');
      await probe.within(probe.runtime.close(), 'close() with keep');

      await probe.open('kill', again());
      assert.deepEqual(await probe.within(probe.runtime.listSandboxes(), 'listSandboxes() of a host that keeps nothing'), []);
    },
    { open: false },
  ),

  runtimeCase('kill: nothing is left for the next host', async (probe) => {
    await probe.serve();
    await probe.within(probe.runtime.close(), 'close()');
    if (probe.fixture.again === undefined) return;
    await probe.open('kill', probe.fixture.again());
    assert.deepEqual(await probe.within(probe.runtime.listSandboxes(), 'listSandboxes()'), []);
  }),
];

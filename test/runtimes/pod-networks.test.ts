import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RuntimeProbe } from '../../src/testing/runtime-probe.ts';
import { canMakeNamespaces, processFixture } from './process-fixture.ts';

/** An unmodified server: it listens on port 8080 of every address it has. */
const everywhere =
  'require("http").createServer((q, s) => s.end(process.env.HOSTNAME)).listen(Number(process.env.ODD ?? 8080), () => console.log("started"))';

const images = { everywhere: { command: [process.execPath, '-e', everywhere] as const } };

/** Other programs of this machine may be on 8080. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function withRuntime(options: Parameters<typeof processFixture>[0], body: (probe: RuntimeProbe) => Promise<void>): Promise<void> {
  const probe = new RuntimeProbe(processFixture({ images, ...options }));
  try {
    await probe.open();
    await body(probe);
  } finally {
    await probe.dispose();
  }
}

const say = (text: string): string => `${text}\n`;

describe.runIf(process.platform === 'linux')('a program that listens on every address', () => {
  test('is reported, and so is what it did to its sibling', async () => {
    await withRuntime({}, async (probe) => {
      const env = [{ name: 'ODD', value: String(await freePort()) }];
      const first = await probe.run('everywhere', 'first', { env });
      await probe.until(async () => (await probe.output(first)).stdout === say('started'), 'the first one serves');
      const second = await probe.run('everywhere', 'second', { env });
      expect((await probe.ended(second)).exitCode).not.toBe(0);
      expect((await probe.output(second)).stderr).toContain('EADDRINUSE');
      const notices = async () => (await probe.runtime.inspectPod(first.sandbox.podUid))[0]?.notices ?? [];
      await probe.until(async () => (await notices()).length > 0, 'a notice is there');
      expect(await notices()).toEqual([
        { reason: 'ListensOnWildcard', message: expect.stringMatching(/"main" listens on port \d+ of every address.*\$HOST/) },
      ]);
    });
  });

  test('one that keeps to $HOST has no notice', async () => {
    await withRuntime({}, async (probe) => {
      const polite = everywhere.replace('8080)', '8080), process.env.HOST');
      const config = { command: [process.execPath, '-e', polite] };
      const [first, second] = [await probe.run('everywhere', 'first', config), await probe.run('everywhere', 'second', config)];
      for (const pod of [first, second]) {
        await probe.until(async () => (await probe.output(pod)).stdout === say('started'), 'it serves');
        expect(await probe.fetch(pod, '/')).toMatchObject({ body: pod === first ? 'first' : 'second' });
      }
      // One look sees all pods: once the rude one has its notice, the others have been looked at too.
      await probe.run('everywhere', 'rude', { env: [{ name: 'ODD', value: '0' }] });
      const notices = async () => (await probe.runtime.listSandboxes()).map(({ podName, notices: { length } }) => [podName, length]);
      await probe.until(async () => (await notices()).some(([, count]) => count === 1), 'the rude pod has its notice');
      expect(Object.fromEntries(await notices())).toEqual({ first: 0, second: 0, rude: 1 });
    });
  });

  test.runIf(canMakeNamespaces())('has its own network namespace if asked for, and runs beside its sibling', async () => {
    let bridge = '';
    await withRuntime({ network: 'namespace' }, async (probe) => {
      const addresses = execFileSync('ip', ['-o', '-4', 'addr', 'show', 'to', probe.info?.hostAddress ?? '']).toString();
      bridge = /cxw[0-9a-f]{8}/.exec(addresses)?.[0] ?? 'no bridge was found';
      const [first, second] = [await probe.run('everywhere', 'first'), await probe.run('everywhere', 'second')];
      for (const pod of [first, second]) await probe.until(async () => (await probe.output(pod)).stdout === say('started'), 'it serves');
      expect([(await probe.fetch(first, '/')).body, (await probe.fetch(second, '/')).body]).toEqual(['first', 'second']);
      const [ip = ''] = second.sandbox.ips;
      const ask = `fetch("http://${ip}:8080").then((r) => r.text()).then((text) => console.log(text))`;
      const session = await probe.within(probe.runtime.exec(first.id, { command: [process.execPath, '-e', ask] }), 'exec()');
      expect(await probe.finish(session)).toMatchObject({ exitCode: 0, stdout: say('second') });
    });
    for (const list of ['ip netns list', 'ip -o link', 'iptables -S FORWARD || true']) {
      expect(execFileSync('sh', ['-c', list]).toString()).not.toContain(bridge);
    }
  });
});

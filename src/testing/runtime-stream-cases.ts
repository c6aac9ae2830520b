import assert from 'node:assert/strict';
import { runtimeCase } from './runtime-probe.ts';
import type { RuntimeCase } from './runtime-probe.ts';

/** Logs, exec, probes and hooks. */
export const runtimeStreamCases: readonly RuntimeCase[] = [
  runtimeCase('logs: have both streams, and stay when the container is dead', async (probe) => {
    const container = await probe.run(probe.images.server);
    await probe.until(async () => {
      const { stdout, stderr } = await probe.output(container);
      return stdout === 'started\n' && stderr === 'warming\n';
    }, 'both streams are in the log');
    await probe.within(probe.runtime.stopContainer(container.id, 0), 'stopContainer()');
    const { stdout, stderr } = await probe.output(container);
    assert.deepEqual([stdout, stderr], ['started\n', 'warming\n']);
  }),

  runtimeCase('logs: tail, limit and since', async (probe) => {
    const container = await probe.run(probe.images.quick);
    const end = await probe.ended(container);
    assert.equal((await probe.output(container, { tailLines: 0 })).stdout, '');
    assert.equal((await probe.output(container, { tailLines: 5 })).stdout, 'done\n');
    assert.equal((await probe.output(container, { limitBytes: 2 })).stdout, 'do');
    assert.equal((await probe.output(container, { sinceMs: end.startedAtMs - 1000 })).stdout, 'done\n');
    assert.equal((await probe.output(container, { sinceMs: end.finishedAtMs + 60_000 })).stdout, '');
  }),

  runtimeCase('logs: a reader that follows ends with the container, or when it leaves', async (probe) => {
    const container = await probe.serve();
    const leave = new AbortController();
    const left = probe.output(container, { follow: true, signal: leave.signal });
    let isOver = false;
    const followed = probe.output(container, { follow: true }).finally(() => (isOver = true));
    leave.abort();
    await left;
    // More than enough time for a reader that does not follow.
    for (let n = 0; n < 20; n++) await probe.report(container);
    assert.ok(!isOver, 'a reader that follows ended before its container');
    await probe.within(probe.runtime.stopContainer(container.id, 30_000), 'stopContainer()');
    assert.equal((await followed).stdout, 'started\n');
  }),

  runtimeCase('exec: output of both streams and the exit code', async (probe) => {
    const container = await probe.serve();
    const command = probe.commands.say('hello', 'trouble', 7);
    const session = await probe.within(probe.runtime.exec(container.id, { command }), 'exec()');
    assert.deepEqual(await probe.finish(session), { exitCode: 7, stdout: 'hello\n', stderr: 'trouble\n' });
    await probe.within(session.close(), 'close() of the session');
  }),

  runtimeCase('exec: standard input reaches the command', async (probe) => {
    const container = await probe.serve();
    const session = await probe.within(probe.runtime.exec(container.id, { command: probe.commands.echo, stdin: true }), 'exec()');
    assert.ok(session.stdin, 'expected a standard input, since one was asked for');
    session.stdin.write('one ');
    session.stdin.end('two');
    assert.deepEqual(await probe.finish(session), { exitCode: 0, stdout: 'one two', stderr: '' });
  }),

  runtimeCase('exec: without a standard input it is at its end', async (probe) => {
    const container = await probe.serve();
    const session = await probe.within(probe.runtime.exec(container.id, { command: probe.commands.echo }), 'exec()');
    assert.equal(session.stdin, undefined);
    assert.deepEqual(await probe.finish(session), { exitCode: 0, stdout: '', stderr: '' });
  }),

  runtimeCase('exec: closing the session ends the command', async (probe) => {
    const container = await probe.serve();
    const session = await probe.within(probe.runtime.exec(container.id, { command: probe.commands.hang }), 'exec()');
    await probe.within(session.close(), 'close() of the session');
    assert.notEqual(await probe.within(session.exitCode, 'the exit code'), 0);
  }),

  runtimeCase('exec: refused in a container that does not run', async (probe) => {
    const container = await probe.run(probe.images.quick);
    await probe.ended(container);
    await assert.rejects(probe.within(probe.runtime.exec(container.id, { command: probe.commands.echo }), 'exec()'), {
      code: 'RUNTIME_NOT_RUNNING',
    });
  }),

  runtimeCase('probe: a command', async (probe) => {
    const container = await probe.serve();
    const good = await probe.probe(container, { exec: { command: probe.commands.say('fine', '', 0) } });
    assert.equal(good.outcome, 'success');
    const bad = await probe.probe(container, { exec: { command: probe.commands.say('', 'not fine', 1) } });
    assert.equal(bad.outcome, 'failure');
    assert.match(bad.message, /not fine/);
    const late = await probe.probe(container, { exec: { command: probe.commands.hang } }, 200);
    assert.equal(late.outcome, 'failure');
    assert.match(late.message, /timed out/);
  }),

  runtimeCase('probe: HTTP', async (probe) => {
    const container = await probe.serve();
    assert.equal((await probe.probe(container, { httpGet: { port: 'http', path: '/healthy' } })).outcome, 'success');
    assert.deepEqual(await probe.probe(container, { httpGet: { port: 8080, path: '/broken' } }), {
      outcome: 'failure',
      message: 'HTTP probe failed with statuscode: 503',
    });
    const late = await probe.probe(container, { httpGet: { port: 8080, path: '/slow' } }, 200);
    assert.deepEqual([late.outcome, /deadline exceeded/.test(late.message)], ['failure', true]);
    const unknown = await probe.probe(container, { httpGet: { port: 'nobody' } });
    assert.deepEqual([unknown.outcome, /nobody/.test(unknown.message)], ['failure', true]);
  }),

  runtimeCase('probe: TCP', async (probe) => {
    const container = await probe.serve();
    assert.equal((await probe.probe(container, { tcpSocket: { port: 8080 } })).outcome, 'success');
    const closed = await probe.probe(container, { tcpSocket: { port: 8081 } });
    assert.deepEqual([closed.outcome, /refused/.test(closed.message)], ['failure', true]);
  }),

  runtimeCase('probe: fails for a container that does not run', async (probe) => {
    const container = await probe.serve();
    await probe.within(probe.runtime.stopContainer(container.id, 30_000), 'stopContainer()');
    assert.equal((await probe.probe(container, { httpGet: { port: 8080, path: '/healthy' } })).outcome, 'failure');
  }),

  runtimeCase('hook: a command, HTTP and sleep', async (probe) => {
    const container = await probe.serve();
    const [ip = ''] = container.sandbox.ips;
    const hook = (handler: Parameters<typeof probe.runtime.runHook>[2]) =>
      probe.within(probe.runtime.runHook(container.id, ip, handler, { timeoutMs: 5000 }), `runHook(${JSON.stringify(handler)})`);
    await hook({ exec: { command: probe.commands.say('', '', 0) } });
    await hook({ httpGet: { port: 8080, path: '/healthy' } });
    await hook({ sleep: { seconds: 0 } });
    await assert.rejects(hook({ exec: { command: probe.commands.say('', 'hook trouble', 5) } }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'RUNTIME_HOOK_FAILED');
      assert.match(error.message, /hook trouble/);
      return true;
    });
    await assert.rejects(hook({ httpGet: { port: 8081 } }), { code: 'RUNTIME_HOOK_FAILED' });
  }),
];

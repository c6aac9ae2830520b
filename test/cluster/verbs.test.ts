import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbortedError, Cluster, WaitTimeoutError, type Pod } from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { InProcessImage } from '../../src/runtimes/in-process/in-process-image.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

/** Speaks, serves, and ends with 3 when it is asked for `/end`. */
const web: InProcessImage = {
  main: async (ctx) => {
    ctx.log(`run ${ctx.attempt}`);
    const ended = new Promise<number>((resolve) => {
      const server = createServer((request, response) => {
        ctx.log(`asked for ${request.url ?? ''}`);
        response.end(`${ctx.podName} ${request.url ?? ''}`);
        if (request.url === '/end') response.once('close', () => resolve(3));
      });
      void ctx.listen(server, 8080);
    });
    return Promise.race([ended, ctx.stopped.then(() => 0)]);
  },
  exec: {
    shout: async ({ args, stdin, stdout, stderr }) => {
      let text = args.join(' ');
      for await (const chunk of stdin) text += String(chunk);
      stdout.write(text.toUpperCase());
      stderr.write('done');
      return 4;
    },
    begin: ({ stdout, signal }) => {
      stdout.write('so far');
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(1), { once: true }));
    },
    wait: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(1), { once: true })),
  },
};

describe('verbs of Pods', () => {
  let cluster: Cluster;
  let pod: Pod;
  const stop = new AbortController();
  let running: Promise<void>;

  beforeAll(async () => {
    cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new InProcessRuntime({ images: { 'web:1': web } }) }] });
    running = cluster.run({ signal: stop.signal });
    pod = await cluster.pods.create({ metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'web:1' }] } });
    await pod.waitFor('Ready');
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
  });

  test('exec: output, errors and exit code; with input; of a command that is not there', async () => {
    expect(await pod.exec(['shout', 'hello '], { stdin: 'there' })).toMatchObject({ stdout: 'HELLO THERE', stderr: 'done', exitCode: 4 });
    await expect(pod.exec(['nothing'])).resolves.toMatchObject({ exitCode: 127 });
    await expect(pod.exec(['shout'], { container: 'other' })).rejects.toThrow('container other is not valid for pod web');
  });

  test('exec ends when its signal fires', async () => {
    const abort = new AbortController();
    const session = await pod.execSession({ command: ['wait'], signal: abort.signal });
    abort.abort();
    expect(await session.exitCode).not.toBe(0);
  });

  test('exec to the end: no longer than its time, with what was written; its signal ends it', async () => {
    const late = pod.exec(['begin'], { timeoutMs: 200 });
    await expect(late).rejects.toBeInstanceOf(WaitTimeoutError);
    await expect(late).rejects.toThrow('timed out after 200 ms waiting for begin in pod default/web to end\nstdout: so far');
    const abort = new AbortController();
    const aborted = pod.exec(['wait'], { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
    expect(await pod.exec(['shout', 'in time'], { timeoutMs: 20_000 })).toMatchObject({ stdout: 'IN TIME' });
  });

  test('portForward: an address of this machine, for as long as it is used', async () => {
    let port = 0;
    {
      await using forward = await pod.portForward(8080);
      port = forward.port;
      expect(await (await fetch(`http://127.0.0.1:${port}/a`)).text()).toBe('web /a');
    }
    await expect(fetch(`http://127.0.0.1:${port}/a`)).rejects.toThrow('fetch failed');
  });

  test('logs: what there is, what comes, from which run; a signal ends them', async () => {
    const all: string[] = [];
    for await (const line of pod.logs()) all.push(line);
    expect(all[0]).toBe('run 0');
    const abort = new AbortController();
    const followed: string[] = [];
    const following = (async () => {
      for await (const line of pod.logs({ follow: true, tailLines: 0, signal: abort.signal })) {
        followed.push(line);
        if (line.endsWith('/c')) abort.abort();
      }
    })();
    await using forward = await pod.portForward(8080);
    const ask = (path: string) => fetch(`http://127.0.0.1:${forward.port}${path}`).then((response) => response.text());
    await ask('/b');
    await ask('/c');
    await following.catch((error: unknown) => expect(error).toBeInstanceOf(AbortedError));
    expect(followed).toEqual(['asked for /b', 'asked for /c']);

    await ask('/end');
    await cluster.client.waitFor(
      'the restart',
      () => (pod.status.containerStatuses?.[0]?.restartCount === 1 && pod.ready) || undefined,
      () => pod.evidence(),
    );
    expect(pod.status.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 3 });
    const previous: string[] = [];
    for await (const line of pod.logs({ previous: true })) previous.push(line);
    expect(previous[0]).toBe('run 0');
    expect(previous.at(-1)).toBe('asked for /end');
    const now: string[] = [];
    for await (const line of pod.logs()) now.push(line);
    expect(now).toEqual(['run 1']);
  });

  test('run and expose: a program behind one address', async () => {
    const owner = await cluster.run('many', 'web:1', { replicas: 2, port: 8080, env: { A: 'b' }, labels: { tier: 'front' } });
    await owner.ready();
    const service = await cluster.expose(owner, { port: 80, targetPort: 8080, protocol: 'http' });
    await service.ready();
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) names.add((await (await fetch(service.url()!)).text()).split(' ')[0]!);
    expect(names).toEqual(new Set(owner.pods().map(({ name }) => name)));
    expect(owner.pods().every(({ metadata }) => metadata.labels?.['tier'] === 'front')).toBe(true);
    await owner.scale(1);
    await owner.ready();
    expect(owner.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toHaveLength(1);
  });

  test('every wait ends when its signal fires', async () => {
    const never = await cluster.pods.create({
      metadata: { name: 'never' },
      spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'web:1' }] },
    });
    const service = await cluster.services.create({
      metadata: { name: 'empty' },
      spec: { selector: { no: 'one' }, ports: [{ port: 80 }] },
    });
    const owner = await cluster.replicationControllers.create({
      metadata: { name: 'never' },
      spec: {
        replicas: 1,
        selector: { app: 'never' },
        template: {
          metadata: { labels: { app: 'never' } },
          spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'web:1' }] },
        },
      },
    });
    const waits: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => never.waitFor('Ready', { signal }),
      (signal) => never.waitForDeletion({ signal }),
      (signal) => service.ready({ signal }),
      (signal) => owner.ready({ signal }),
      (signal) => cluster.nodes.get('n1')!.waitFor('NotReady', { signal }),
    ];
    for (const wait of waits) {
      const abort = new AbortController();
      const ended = wait(abort.signal).catch((error: unknown) => error);
      abort.abort(new Error('enough'));
      expect(await ended).toBeInstanceOf(AbortedError);
    }
    const timeouts = [never.waitFor('Ready', { timeoutMs: 50 }), service.ready({ timeoutMs: 50 }), owner.ready({ timeoutMs: 50 })];
    // All are awaited from the start: whichever ends first has somebody who hears of it.
    for (const outcome of await Promise.allSettled(timeouts))
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(WaitTimeoutError) as unknown });
  });

  test('a watch ends with its signal, and with `await using`', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of cluster.pods.watch({ labelSelector: 'seen=yes', signal: abort.signal }))
        seen.push(`${type} ${object.name}`);
    })();
    await cluster.pods.create({
      metadata: { name: 'seen', labels: { seen: 'yes' } },
      spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'web:1' }] },
    });
    abort.abort();
    await watching;
    expect(seen).toEqual(['ADDED seen']);
  });
});

test('a simulated command with a limit takes no virtual time', async () => {
  const runtime = new SimulatedRuntime({ images: { 'web:1': { exec: () => ({ exitCode: 0, stdout: 'done' }) } } });
  await using cluster = await Cluster.create({ clock: new ManualClock(), nodes: [{ name: 'n1', runtime }] });
  await cluster.run('web', 'web:1');
  await cluster.settle();
  await cluster.pods.list()[0]!.waitFor('Ready');
  const before = cluster.clock.now();
  for (let i = 0; i < 10; i++) expect(await cluster.pods.list()[0]!.exec(['x'], { timeoutMs: 1 })).toMatchObject({ stdout: 'done' });
  expect(cluster.clock.now()).toBe(before);
});

describe('evictions', () => {
  const budgeted = async (): Promise<Cluster> => {
    const cluster = await Cluster.create({
      clock: new ManualClock(),
      seed: 1,
      nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new SimulatedRuntime() })),
    });
    const web = await cluster.run('web', 'web:1', { replicas: 4 });
    await web.ready();
    await cluster.podDisruptionBudgets.create({
      metadata: { name: 'web' },
      spec: { minAvailable: 3, selector: { matchLabels: { ...web.spec.selector } } },
    });
    await cluster.settle();
    return cluster;
  };

  test('a budget holds back what would be one too many, until there are enough again', async () => {
    await using cluster = await budgeted();
    const [first, second] = cluster.pods.list();
    await cluster.client.evict({ namespace: 'default', name: first!.name });
    await expect(cluster.client.evict({ namespace: 'default', name: second!.name }, { timeoutMs: 1 })).rejects.toThrow(
      "Cannot evict pod as it would violate the pod's disruption budget",
    );
    await cluster.advance('1m');
    await cluster.client.evict({ namespace: 'default', name: second!.name });
    await cluster.advance('1m');
    expect(cluster.pods.get(second!.name)).toBeUndefined();
    // Who is gone needs no eviction.
    await cluster.client.evict({ namespace: 'default', name: second!.name });
  });

  test('drain empties a node without ever having too few ready Pods elsewhere', async () => {
    await using cluster = await budgeted();
    const node = cluster.nodes.get('n1')!;
    expect(node.pods().length).toBeGreaterThan(0);
    let least = Number.POSITIVE_INFINITY;
    cluster.on('change', () => {
      least = Math.min(
        least,
        cluster.pods.list().filter(({ ready, metadata }) => ready && metadata.deletionTimestamp === undefined).length,
      );
    });
    await node.drain({ timeoutMs: 600_000 });
    expect(node.pods()).toEqual([]);
    expect(node.spec.unschedulable).toBe(true);
    expect(least).toBeGreaterThanOrEqual(3);
    await cluster.settle();
    expect(cluster.pods.list().every(({ nodeName }) => nodeName === 'n2')).toBe(true);
  });
});

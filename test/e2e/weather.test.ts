import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type Container, type Pod, type PodSpec } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';

const listen = (host: string): string => `
const server = require('node:net').createServer().listen(Number(process.argv[1]), ${host});
server.on('error', (error) => { console.error(error.code + ' at ' + process.argv[1]); process.exit(1); });
process.on('SIGTERM', () => process.exit(0));
`;

/** What can go wrong with a Pod on real processes: each ends in its status, an Event and a message, and nobody else suffers. */
describe('bad weather on real processes', () => {
  let cluster: Cluster;
  let good: Pod;
  let blocker: Server;
  let blocked: number;
  const stop = new AbortController();
  let running: Promise<void>;

  beforeAll(async () => {
    blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '0.0.0.0', resolve));
    blocked = (blocker.address() as { readonly port: number }).port;
    const runtime = new ProcessRuntime({
      images: {
        'listen:1': { command: [process.execPath, '-e', listen('process.env.HOST')] },
        'anywhere:1': { command: [process.execPath, '-e', listen("'0.0.0.0'")] },
        'sh:1': { command: ['sh', '-c'] },
        'absent:1': { command: ['/no/such/program'] },
      },
    });
    cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime, capacity: { cpu: '4', memory: '4Gi', pods: '20' } }] });
    running = cluster.run({ signal: stop.signal });
    good = await start('good', { image: 'listen:1', args: ['8080'], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } });
    await good.waitFor('Ready', { timeoutMs: 60_000 });
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
    await new Promise((resolve) => blocker.close(resolve));
  });

  const start = (name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> =>
    cluster.pods.create({ metadata: { name }, spec: { ...spec, containers: [{ name: 'main', image: 'sh:1', ...container }] } });
  const failure = (pod: Pod, timeoutMs = 60_000, condition: 'Ready' | 'Succeeded' = 'Ready'): Promise<Error> =>
    pod.waitFor(condition, { timeoutMs }).then(
      () => new Error(`${pod.name} became ${condition}`),
      (error: Error) => error,
    );
  const said = (pod: Pod, reason: string): Promise<string> =>
    cluster.client.waitFor(
      `Event ${reason} of ${pod.name}`,
      () => cluster.events.list().find(({ object }) => object.involvedObject.name === pod.name && object.reason === reason)?.object.message,
      () => pod.evidence(),
    );
  const state = (pod: Pod) => pod.status.containerStatuses?.[0];

  test('an image that is not there', async () => {
    const pod = await start('no-image', { image: 'nobody:1' });
    const error = await failure(pod);
    expect(error).toMatchObject({ code: 'WAIT_FAILED', object: { kind: 'Pod', name: 'no-image' } });
    expect(error.message).toMatch(/will not become Ready: container main: ImagePullBackOff: .*nobody:1/);
    expect(await said(pod, 'Failed')).toContain('nobody:1');
    expect(pod.phase).toBe('Pending');
  });

  test('a program that is not there', async () => {
    const pod = await start('no-program', { image: 'absent:1' });
    const error = await failure(pod);
    expect(error.message).toMatch(
      /^pod .*CrashLoopBackOff: .*; its last run ended with exit code 128 \(StartError\): .*\/no\/such\/program/,
    );
    expect(state(pod)?.lastState?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' });
    expect(state(pod)?.lastState?.terminated?.message).toContain('/no/such/program');
    expect(await said(pod, 'Failed')).toContain('/no/such/program');
  });

  test('a crash at the start: exit code, back-off, and the end of the log in the evidence', async () => {
    const pod = await start('crash', { args: ['echo "no configuration found" >&2; exit 3'] });
    const error = await failure(pod, 60_000, 'Succeeded');
    expect(error.message).toMatch(/^pod .*CrashLoopBackOff: .*; its last run ended with exit code 3 \(Error\)\n/);
    expect(error.message).toContain('no configuration found');
    expect(state(pod)?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(await said(pod, 'BackOff')).toContain('Back-off restarting failed container main in pod crash_default');
  });

  test('a port that another program of the machine has', async () => {
    const pod = await start('in-use', { image: 'listen:1', args: [String(blocked)] }, { restartPolicy: 'Never' });
    const error = await failure(pod, 60_000, 'Succeeded');
    expect(error.message).toMatch(
      /^pod default\/in-use will not become Succeeded: it has failed: container main ended with exit code 1 \(Error\)\n/,
    );
    expect(error.message).toContain(`EADDRINUSE at ${blocked}`);
    expect(pod.phase).toBe('Failed');
    expect(state(pod)?.state?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
  });

  test('a Pod that fits nowhere, a node that is full, and a host port that is taken', async () => {
    const nowhere = await start('nowhere', {}, { nodeSelector: { disk: 'ssd' } });
    expect((await failure(nowhere)).message).toContain(
      "it cannot be scheduled: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    );
    expect(await said(nowhere, 'FailedScheduling')).toContain('0/1 nodes are available');
    const huge = await start('huge', { resources: { requests: { cpu: '64' } } });
    expect((await failure(huge)).message).toContain('1 Insufficient cpu');
    expect(cluster.explain(huge).message).toContain('Insufficient cpu');
    // Bound by hand: the kubelet is the one who refuses.
    const forced = await start('forced', { resources: { requests: { cpu: '64' } } }, { nodeName: 'n1' });
    expect((await failure(forced)).message).toContain('OutOfcpu');
    expect(forced.phase).toBe('Failed');
    expect(forced.status.reason).toBe('OutOfcpu');
    expect(await said(forced, 'OutOfcpu')).toMatch(/Node didn't have enough resource: cpu, requested: 64000, used: \d+, capacity: \d+/);
  });

  test('a controller that waits for its Pods says what is wrong with them', async () => {
    const web = await cluster.run('web', 'nobody:2');
    await expect(web.ready()).rejects.toThrow(
      /^replicationcontroller default\/web will not have 1 ready Pods: pod web-\w+: container \w+: (ImagePullBackOff|ErrImageNeverPull)[^]*nobody:2/,
    );
    await expect(web.ready({ timeoutMs: 500, failFast: false })).rejects.toThrow(
      /timed out .*replicationcontroller default\/web[^]*pod default\/web-\w+[^]*nobody:2/,
    );
    await web.scale(0);
  });

  test('a wait whose time is up carries the status, the Events and the end of the log', async () => {
    const pod = await start('slow', {
      args: ['echo "still loading"; exec sleep 1000'],
      readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 },
    });
    await pod.waitFor('Running');
    await said(pod, 'Unhealthy');
    const error = await failure(pod, 500);
    expect(error).toMatchObject({ code: 'WAIT_TIMEOUT' });
    for (const evidence of ['slow', 'Running', 'Unhealthy', 'still loading']) expect(error.message).toContain(evidence);
    await pod.delete({ gracePeriodSeconds: 0 });
  });

  test.runIf(process.platform === 'linux')('a listener on every address: told in the status and by an Event', async () => {
    // One that nobody has now, on any address.
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '0.0.0.0', resolve));
    const { port } = free.address() as { readonly port: number };
    await new Promise((resolve) => free.close(resolve));
    const pod = await start('anywhere', { image: 'anywhere:1', args: [String(port)] });
    const message = await said(pod, 'ListensOnWildcard');
    expect(message).toContain(`container "main" listens on port ${port} of every address`);
    expect(message).toContain('Let it listen on $HOST');
    await cluster.client.waitFor(
      'the condition',
      () =>
        pod.status.conditions?.some(({ type, reason }) => type === 'coxswain.dev/Notice' && reason === 'ListensOnWildcard') || undefined,
      () => JSON.stringify(pod.status),
    );
    // Its sibling cannot listen, and says why.
    const sibling = await start('sibling', { image: 'listen:1', args: [String(port)] }, { restartPolicy: 'Never' });
    expect((await failure(sibling, 60_000, 'Succeeded')).message).toContain(`EADDRINUSE at ${port}`);
  });

  test('and through all of it nothing else suffered', async () => {
    expect(good.ready).toBe(true);
    expect(good.status.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
    expect(cluster.nodes.get('n1')?.ready).toBe(true);
  });
});

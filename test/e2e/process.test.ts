import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type ReplicationController, type Service } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { Load } from './load.ts';

/** A server that answers with the address of its pod, and finishes what it has begun when it is told to stop. */
const program = `
const server = require('node:http').createServer((request, response) => setTimeout(() => response.end(process.env.POD_IP + ' ' + process.pid), 2));
server.listen(8080, process.env.HOST);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;

beforeAll(async () => {
  const images = { 'web:1': { command: [process.execPath, '-e', program] as const } };
  cluster = await Cluster.create({
    nodeHealth: { leaseRenewMs: 1000, gracePeriodMs: 5000 },
    nodes: ['n1', 'n2', 'n3'].map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
  });
  running = cluster.run({ signal: stop.signal });
  web = await cluster.replicationControllers.create({
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      selector: { app: 'web' },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 20,
          tolerations: ['not-ready', 'unreachable'].map((state) => ({
            key: `node.kubernetes.io/${state}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 0,
          })),
          containers: [{ name: 'main', image: 'web:1', readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 } }],
        },
      },
    },
  });
  service = await cluster.expose(web, { port: 80, targetPort: 8080, protocol: 'http' });
  await web.ready();
  await service.ready();
});

afterAll(async () => {
  stop.abort();
  await running;
  await cluster.close();
});

const answerOnce = async (): Promise<string> => (await fetch(service.url()!)).text();

describe('real processes behind a Service', () => {
  test('requests are balanced over all pods', async () => {
    const answers = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const [ip = ''] = (await answerOnce()).split(' ');
      answers.set(ip, (answers.get(ip) ?? 0) + 1);
    }
    expect(new Set(answers.keys())).toEqual(new Set(web.pods().map((pod) => pod.ip)));
    expect([...answers.values()]).toEqual([10, 10, 10]);
  });

  test('a container that is killed with -9 is started again', async () => {
    const [ip = '', pid = ''] = (await answerOnce()).split(' ');
    process.kill(Number(pid), 'SIGKILL');
    const restarted = (): true | undefined => {
      const pod = web.pods().find((each) => each.ip === ip)!;
      return pod.ready && pod.status.containerStatuses?.[0]?.restartCount === 1 ? true : undefined;
    };
    await cluster.client.waitFor('the container to be started again', restarted, () => web.evidence());
    const last = web.pods().find((each) => each.ip === ip)!.status.containerStatuses?.[0]?.lastState?.terminated;
    expect(last?.exitCode).toBe(137);
    expect((await answerOnce()).split(' ')[1]).not.toBe(pid);
  });

  test('a pod is replaced under 500 requests a second, and no request fails', async () => {
    const load = new Load(service.url()!, 500);
    const victim = web.pods()[0]!;
    await cluster.client.waitFor(
      'load',
      () => (load.sent > 250 ? true : undefined),
      () => '',
    );
    await victim.delete();
    await victim.waitForDeletion();
    await web.ready();
    const before = load.sent;
    await cluster.client.waitFor(
      'more load',
      () => (load.sent > before + 250 ? true : undefined),
      () => '',
    );
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.sent).toBeGreaterThan(500);
  });

  test('3 to 10 to 2 under load, and no request fails', async () => {
    const load = new Load(service.url()!, 200);
    await web.scale(10);
    await web.ready();
    await web.scale(2);
    await web.ready();
    await cluster.client.waitFor(
      'the others to go',
      () => (web.pods().length === 2 ? true : undefined),
      () => web.evidence(),
    );
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.answers.size).toBeGreaterThan(2);
  });

  test('a lost node heals: its pods are made again elsewhere', async () => {
    await web.scale(3);
    await web.ready();
    const lost = web.pods()[0]!.nodeName!;
    await cluster.powerOff(lost);
    await cluster.nodes.get(lost)!.waitFor('NotReady');
    const healed = (): true | undefined => {
      const ready = web.pods().filter((pod) => pod.ready && pod.nodeName !== lost);
      return ready.length === 3 ? true : undefined;
    };
    await cluster.client.waitFor('three pods elsewhere', healed, () => web.evidence());
    const answers = new Set<string>();
    for (let i = 0; i < 12; i++) answers.add(await answerOnce());
    expect(answers.size).toBe(3);
  });
});

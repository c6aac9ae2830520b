import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, SystemClock } from 'coxswain';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import { leftBehind } from './docker-fixture.ts';
import { canStartDockerd, OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { ensureTestImages, testImages } from './test-images.ts';

const name = `swarm-${process.pid}`;
const clock = new SystemClock();
const program = `
const answer = (request, response) => (request.url === '/exit' ? process.exit(1) : response.end(process.env.HOSTNAME));
require('node:http').createServer(answer).listen(8080);
`;
let ownSwitch: OwnSwitch | undefined;
const engines: OwnDockerd[] = [];
let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;

/** Engines on machines of their own, of which the second joins the first one's swarm. */
async function makeSwarm(): Promise<void> {
  ownSwitch = new OwnSwitch('10.236.0');
  let token: string | undefined;
  for (const number of [2, 3]) {
    const machine = ownSwitch.machine(number);
    const dockerd = await OwnDockerd.start({ subnet: `10.237.${number}`, machine });
    engines.push(dockerd);
    const { engine } = await findEngine({ host: dockerd.host, env: {} }, clock);
    await ensureTestImages(engine);
    const common = { ListenAddr: `${machine.address}:2377`, AdvertiseAddr: machine.address };
    const post = (path: string, body: object) => engine.json('swarm', { method: 'POST', path, body }, { timeoutMs: 60_000 });
    if (token === undefined) {
      await post('/swarm/init', common);
      const { JoinTokens } = await engine.json<{ readonly JoinTokens: { readonly Worker: string } }>('swarm', {
        method: 'GET',
        path: '/swarm',
      });
      token = JoinTokens.Worker;
    } else await post('/swarm/join', { ...common, RemoteAddrs: ['10.236.0.2:2377'], JoinToken: token });
    engine.close();
  }
}

describe.runIf(canStartDockerd())('two engines on two machines, in a swarm', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    await makeSwarm();
    cluster = await Cluster.create({
      name,
      nodes: engines.map(({ tcpHost }, n) => ({ name: `n${n + 1}`, runtime: new DockerRuntime({ host: tcpHost, neverPull: true }) })),
    });
    running = cluster.run({ signal: stop.signal });
    const container = {
      name: 'main',
      image: testImages.node,
      command: ['node', '-e', program],
      ports: [{ containerPort: 8080 }],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
    };
    const spread = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    web = await cluster.replicationControllers.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { app: 'web' },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { terminationGracePeriodSeconds: 1, topologySpreadConstraints: [spread], containers: [container] },
        },
      },
    });
    service = await cluster.expose(web, { port: 80, targetPort: 8080, protocol: 'http' });
    await web.ready();
    await service.ready();
  }, 400_000);
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster?.close();
    for (const engine of engines) await engine.close();
    ownSwitch?.close();
  }, 180_000);

  const on = (node: string): Pod => web.pods().find((pod) => pod.nodeName === node && pod.metadata.deletionTimestamp === undefined)!;

  test('the status of the nodes says how pods reach one another', () => {
    for (const node of cluster.nodes.list()) {
      expect(node.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'coxswain.dev/PodNetwork', status: 'True', reason: 'Overlay' }),
      );
    }
  });

  test('a Service has the pods of both, and they reach each other by address', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) answers.add(await (await fetch(service.url()!)).text());
    expect([...answers].sort()).toEqual([on('n1').name, on('n2').name].sort());
    for (const [from, to] of [
      [on('n1'), on('n2')],
      [on('n2'), on('n1')],
    ] as const) {
      const code = `fetch('http://${to.ip}:8080/').then((answer) => answer.text()).then(console.log)`;
      expect((await from.exec(['node', '-e', code])).stdout.trim()).toBe(to.name);
    }
  });

  test('a container that ends is started again with the same address', async () => {
    const pod = on('n2');
    await pod.exec(['wget', '-q', 'http://127.0.0.1:8080/exit']);
    const now = (): Pod => cluster.pods.get(pod.name)!;
    await cluster.client.waitFor(
      'the restart',
      () => (now().ready && now().status.containerStatuses?.[0]?.restartCount === 1 ? true : undefined),
      () => now().evidence(),
    );
    expect(now().ip).toBe(pod.ip);
  });

  test('closed, it leaves nothing on either', async () => {
    stop.abort();
    await running;
    await cluster.close();
    for (const { host } of engines) {
      const { engine } = await findEngine({ host, env: {} }, clock);
      // The overlay network goes once the engines agree that nobody is in it: the watchdog waits for that.
      await expect.poll(() => leftBehind(engine, name), { timeout: 20_000 }).toEqual([]);
      engine.close();
    }
  });
});

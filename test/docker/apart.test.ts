import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, SystemClock } from 'coxswain';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Container } from 'coxswain/models';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import { within } from '../runtimes/suite-patience.ts';
import { canStartDockerd, OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { ensureTestImages, testImages } from './test-images.ts';

const name = `apart-${process.pid}`;
const clock = new SystemClock();
const program = `
const { createServer } = require('node:http');
for (const port of [8080, 9090]) createServer((request, response) => response.end(process.env.HOSTNAME)).listen(port);
`;
let ownSwitch: OwnSwitch | undefined;
const engines: OwnDockerd[] = [];
let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;

const container: Container = {
  name: 'main',
  image: testImages.node,
  command: ['node', '-e', program],
  ports: [{ containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
};

describe.runIf(canStartDockerd())('two engines on two machines, without a swarm', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    ownSwitch = new OwnSwitch('10.238.0');
    for (const number of [2, 3]) {
      const dockerd = await OwnDockerd.start({ subnet: `10.239.${number}`, machine: ownSwitch.machine(number) });
      engines.push(dockerd);
      const { engine } = await findEngine({ host: dockerd.host, env: {} }, clock);
      await ensureTestImages(engine);
      engine.close();
    }
    cluster = await Cluster.create({
      name,
      nodes: engines.map(({ tcpHost }, n) => ({ name: `n${n + 1}`, runtime: new DockerRuntime({ host: tcpHost, neverPull: true }) })),
    });
    running = cluster.run({ signal: stop.signal });
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
  }, 300_000);
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster?.close();
    for (const engine of engines) await engine.close();
    ownSwitch?.close();
  }, 180_000);

  const now = (pod: Pod): Pod => cluster.pods.get(pod.name)!;
  const toldOf = (pod: Pod): Promise<string> =>
    cluster.client.waitFor(
      `the condition of ${pod.name}`,
      () => now(pod).status.conditions?.find(({ type }) => type === 'coxswain.dev/Notice')?.message,
      () => now(pod).evidence(),
    );

  test('the status of the nodes says that pods reach only those of their node', () => {
    for (const node of cluster.nodes.list()) {
      expect(node.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'coxswain.dev/PodNetwork', status: 'False', reason: 'NodeOnly' }),
      );
    }
  });

  test('a Service has the pods of both, by the ports their engines publish', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) answers.add(await (await fetch(service.url()!)).text());
    expect([...answers].sort()).toEqual(
      web
        .pods()
        .map((pod) => pod.name)
        .sort(),
    );
  });

  test('a port that is not published is refused at once, and the Pods say why', async () => {
    const hidden = await cluster.expose(web, { name: 'hidden', port: 80, targetPort: 9090, protocol: 'http' });
    await hidden.ready();
    const answer = await within(fetch(hidden.url()!), 'the proxy answers', 10_000);
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('could be reached')]);
    const [pod] = web.pods();
    expect(await toldOf(pod!)).toBe(
      'port 9090/TCP cannot be reached from here: the engine publishes only ports that a container declares in spec.containers[].ports',
    );
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type Pod, type ReplicationController, type Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { Load } from '../e2e/load.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ownSubnet } from './own-dockerd.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

/** A server that answers with its pod's name, and finishes what it has begun when it is told to stop. */
const program = `
const server = require('node:http').createServer((request, response) => setTimeout(() => response.end(process.env.HOSTNAME), 2));
server.listen(8080);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;
const name = `docker-e2e-${process.pid}`;
const gateway = `${ownSubnet(231)}.1`;
const serviceCidr = `${ownSubnet(233)}.0/24`;

const here = await engineHere('the end-to-end stories on Docker');
let engine: Engine;
let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;
const runtimes = [1, 2].map(() => new DockerRuntime({ neverPull: true, serviceCidr }));

async function waitFor(what: string, condition: () => boolean): Promise<void> {
  await cluster.client.waitFor(
    what,
    () => (condition() ? true : undefined),
    () => web.evidence(),
  );
}

/** What a command in a pod wrote. */
const output = async (pod: Pod, command: readonly string[]): Promise<string> => (await pod.exec(command)).stdout;

const fetching = (url: string) => ['node', '-e', `fetch('${url}').then((answer) => answer.text()).then(console.log)`];

describe.runIf(here)('containers behind a Service', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    cluster = await Cluster.create({
      name,
      serviceCidr,
      // An engine may be busy for a while: that is no death.
      nodeHealth: { leaseRenewMs: 1000, gracePeriodMs: 15_000 },
      dns: { address: gateway, port: 53 },
      nodes: runtimes.map((runtime, at) => ({ name: `n${at + 1}`, podCidr: `${ownSubnet(231 + at)}.0/24`, runtime })),
    });
    running = cluster.run({ signal: stop.signal });
    const tolerations = ['not-ready', 'unreachable'].map((state) => ({
      ...{ key: `node.kubernetes.io/${state}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
    }));
    const readinessProbe = { httpGet: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 };
    const container = {
      name: 'main',
      image: testImages.node,
      command: ['node', '-e', program],
      ports: [{ name: 'http', containerPort: 8080 }],
      readinessProbe,
    };
    web = await cluster.replicationControllers.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { app: 'web' },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { terminationGracePeriodSeconds: 20, tolerations, containers: [container] },
        },
      },
    });
    service = await cluster.services.create({
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' }] },
    });
    await web.ready();
    await service.ready();
    await waitFor('the name server', () => cluster.nameServer?.address() !== undefined);
  });

  afterAll(async () => {
    stop.abort();
    await running;
    await cluster?.close();
    engine.close();
  });

  test('requests are balanced over all pods', async () => {
    const answers = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const answer = await (await fetch(service.url()!)).text();
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect([...answers.keys()].sort()).toEqual(
      web
        .pods()
        .map((pod) => pod.name)
        .sort(),
    );
    expect([...answers.values()]).toEqual([10, 10, 10]);
  });

  test('a runtime that has a node is refused for another, and goes on', async () => {
    const [runtime] = runtimes;
    if (runtime === undefined) throw new Error('there is no runtime');
    const added = cluster.addNode({ name: 'n3', podCidr: `${ownSubnet(234)}.0/24`, runtime });
    await expect(added).rejects.toThrow(/open already, for node "n1": give node "n3" one of its own/);
    await runtime.healthy();
    expect(cluster.nodes.list()).toHaveLength(2);
  });

  test('a container that is killed is started again, with the same address', async () => {
    const pod = web.pods()[0]!;
    const id = pod.status.containerStatuses![0]!.containerID!;
    const before = pod.ip;
    const filters = JSON.stringify({ label: [`coxswain.pod.uid=${pod.metadata.uid}`] });
    const [found] = await engine.json<readonly { readonly Id: string }[]>('list', {
      method: 'GET',
      path: '/containers/json',
      query: { filters },
    });
    expect(id).toBe(`docker://${found!.Id}`);
    await engine.json('kill', { method: 'POST', path: `/containers/${found!.Id}/kill` });
    const now = () => web.pods().find((each) => each.name === pod.name)!;
    await waitFor('the container to be started again', () => now().ready && now().status.containerStatuses![0]!.restartCount === 1);
    expect(now().status.containerStatuses![0]!.lastState?.terminated?.exitCode).toBe(137);
    expect(now().ip).toBe(before);
    expect(now().status.containerStatuses![0]!.containerID).toMatch(/^docker:\/\/[0-9a-f]{64}$/);
    expect(now().status.containerStatuses![0]!.containerID).not.toBe(id);
    expect(now().status.containerStatuses![0]!.lastState?.terminated?.containerID).toBe(id);
  });

  test.runIf(process.getuid?.() === 0)(
    'pods find Services by name, and reach them by ClusterIP, and pods of other nodes by address',
    async () => {
      const [a, b] = [web.pods().find((pod) => pod.nodeName === 'n1')!, web.pods().find((pod) => pod.nodeName === 'n2')!];
      for (const host of ['web', 'web.default', 'web.default.svc.cluster.local', b.ip!]) {
        const url = host === b.ip ? `http://${host}:8080/` : `http://${host}/`;
        expect(await output(a, fetching(url)), host).toMatch(/^web-/);
      }
      expect(await output(b, fetching(`http://${service.spec.clusterIP}/`))).toMatch(/^web-/);
    },
  );

  test.runIf(process.getuid?.() === 0)(
    'names from inside containers: SRV of a port, the addresses of a headless Service, short forms',
    async () => {
      const headless = await cluster.services.create({
        metadata: { name: 'each' },
        spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ name: 'http', port: 8080 }] },
      });
      await headless.ready();
      const ask = async (call: string): Promise<unknown> => {
        const code = `require('node:dns').promises.${call}.then((found) => console.log(JSON.stringify(found)))`;
        return JSON.parse(await output(web.pods()[0]!, ['node', '-e', code]));
      };
      const ips = web.pods().map(({ ip }) => ip!);
      const zone = 'default.svc.cluster.local';
      expect(await ask(`resolve4('web.${zone}')`)).toEqual([service.spec.clusterIP]);
      expect(((await ask(`resolve4('each.${zone}')`)) as string[]).sort()).toEqual([...ips].sort());
      expect(await ask(`resolveSrv('_http._tcp.web.${zone}')`)).toMatchObject([{ name: `web.${zone}`, port: 80 }]);
      const targets = (await ask(`resolveSrv('_http._tcp.each.${zone}')`)) as readonly { readonly name: string; readonly port: number }[];
      expect(targets.map(({ port }) => port)).toEqual([8080, 8080, 8080]);
      expect(ips).toContain(((await ask(`resolve4('${targets[0]!.name}')`)) as string[])[0]);
      for (const short of ['each', 'each.default', 'each.default.svc'])
        expect(ips).toContain(((await ask(`lookup('${short}')`)) as { readonly address: string }).address);
    },
  );

  test('a pod is replaced under load, and no request fails', async () => {
    const load = new Load(service.url()!, 200);
    const victim = web.pods()[0]!;
    await waitFor('load', () => load.sent > 100);
    await victim.delete();
    await victim.waitForDeletion();
    await web.ready();
    const before = load.sent;
    await waitFor('more load', () => load.sent > before + 100);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  test('3 to 6 to 2 under load, and no request fails', async () => {
    const load = new Load(service.url()!, 100);
    await web.scale(6);
    await web.ready();
    await web.scale(2);
    await web.ready();
    await waitFor('the others to go', () => web.pods().length === 2);
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
    const elsewhere = () => web.pods().filter((pod) => pod.ready && pod.nodeName !== lost);
    await waitFor('three pods elsewhere', () => elsewhere().length === 3);
    expect(new Set(elsewhere().map((pod) => pod.ip)).size).toBe(3);
  });

  test('a cluster that is closed leaves nothing on the engine', async () => {
    stop.abort();
    await running;
    await cluster.close();
    expect(await leftBehind(engine, name)).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Container } from 'coxswain/models';
import { within } from '../runtimes/suite-patience.ts';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { testImages } from './test-images.ts';

const name = `apart-${process.pid}`;
const program = `
const { createServer } = require('node:http');
for (const port of [8080, 9090]) createServer((request, response) => response.end(process.env.HOSTNAME)).listen(port);
`;
let ownSwitch: OwnSwitch | undefined;
let stage: DockerStage;
let engines: readonly OwnDockerd[];
let web: ReplicationController;
let service: Service;

const container: Container = {
  name: 'main',
  image: testImages.node,
  command: ['node', '-e', program],
  ports: [{ containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
};

describe.runIf(canStartDockerd())('two engines on two machines, without a swarm or a relay', () => {
  beforeAll(async () => {
    ownSwitch = new OwnSwitch(ownSubnet(238));
    const machines = [2, 3].map((number) => ({ subnet: ownSubnet(200 + number), machine: ownSwitch!.machine(number) }));
    engines = await DockerStage.engines(machines);
    const nodes = engines.map(({ tcpHost }, n) => ({
      name: `n${n + 1}`,
      podCidr: `${ownSubnet(204 + n)}.0/24`,
      runtime: new DockerRuntime({ host: tcpHost, neverPull: true, relay: false }),
    }));
    stage = await DockerStage.open({ name, nodes }, engines);
    ({ web, service } = await stage.web(container));
  });
  afterAll(async () => {
    await stage?.dispose();
    ownSwitch?.close();
  });

  const toldOf = (pod: Pod): Promise<string> =>
    stage.value(
      pod,
      `the condition of ${pod.name}`,
      ({ status }) => status.conditions?.find(({ type }) => type === 'coxswain.dev/Notice')?.message,
    );

  test('the status of the nodes says that pods reach only those of their node', () => {
    for (const node of stage.cluster.nodes.list()) {
      expect(node.status.conditions).toContainEqual(
        expect.objectContaining({
          ...{ type: 'coxswain.dev/PodNetwork', status: 'False', reason: 'NodeOnly' },
          message: expect.stringContaining("what they send to the address of another node's pod is not refused"),
        }),
      );
    }
  });

  test('nobody answers at the address of a pod of the other node', async () => {
    const [from, to] = web.pods();
    const code = `require('node:net').connect({ host: '${to!.ip}', port: 8080, timeout: 1500 })
      .on('connect', () => console.log('answered')).on('error', ({ code }) => console.log(code))
      .on('timeout', function () { console.log('silence'); this.destroy(); })`;
    // What comes back, if anything, is from a router on the way.
    expect((await from!.exec(['node', '-e', code])).stdout).toMatch(/^(silence|E[A-Z]+)\n$/);
  });

  /** Where the ports of a pod's container are published. */
  const bindings = async (pod: Pod): Promise<readonly string[]> => {
    const filters = JSON.stringify({ label: [`coxswain.pod.uid=${pod.metadata.uid}`] });
    return withEngine(engines[Number(stage.now(pod).nodeName!.slice(1)) - 1]!, async (engine) => {
      const query = { filters };
      type Listed = readonly { readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number }[] }[];
      const listed = await engine.json<Listed>('list', { method: 'GET', path: '/containers/json', query });
      return listed.flatMap(({ Ports }) => Ports.map(({ IP, PrivatePort }) => `${IP}:${PrivatePort}`));
    });
  };

  test('declared ports are published at all addresses of the machine, those with a hostIP at that one', async () => {
    expect(await bindings(web.pods()[0]!)).toContain('0.0.0.0:8080');
    const hostIP = `${ownSubnet(238)}.2`;
    const pod = await stage.cluster.pods.create({
      metadata: { name: 'narrow', labels: { app: 'narrow' } },
      spec: {
        nodeName: 'n1',
        terminationGracePeriodSeconds: 0,
        containers: [{ ...container, ports: [{ containerPort: 8080, hostPort: 18_080, hostIP }] }],
      },
    });
    // Its probe goes there too.
    await stage.until(pod, 'ready', ({ ready }) => ready);
    expect(await bindings(pod)).toEqual([`${hostIP}:8080`]);
    await pod.delete();
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
    const hidden = await stage.cluster.expose(web, { name: 'hidden', port: 80, targetPort: 9090, protocol: 'http' });
    await hidden.ready();
    const answer = await within(fetch(hidden.url()!), 'the proxy answers');
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('could be reached')]);
    const [pod] = web.pods();
    expect(await toldOf(pod!)).toBe(
      'port 9090/TCP cannot be reached from here: the engine publishes only ports that a container declares in spec.containers[].ports',
    );
  });
});

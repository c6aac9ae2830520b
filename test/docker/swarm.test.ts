import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { watchdogsOf } from './docker-fixture.ts';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { testImages } from './test-images.ts';

const name = `swarm-${process.pid}`;
const program = `
const answer = (request, response) => (request.url === '/exit' ? process.exit(1) : response.end(process.env.HOSTNAME));
require('node:http').createServer(answer).listen(8080);
`;
let ownSwitch: OwnSwitch | undefined;
let engines: readonly OwnDockerd[];
let stage: DockerStage;
let web: ReplicationController;
let service: Service;

/** Engines on machines of their own, of which the second joins the first one's swarm. */
async function makeSwarm(): Promise<void> {
  ownSwitch = new OwnSwitch(ownSubnet(236));
  const machines = [2, 3].map((number) => ({ subnet: ownSubnet(210 + number), machine: ownSwitch!.machine(number) }));
  engines = await DockerStage.engines(machines);
  const common = machines.map(({ machine: { address } }) => ({ ListenAddr: `${address}:2377`, AdvertiseAddr: address }));
  const post = (engine: Engine, path: string, body: object) => engine.json('swarm', { method: 'POST', path, body }, { timeoutMs: 60_000 });
  const token = await withEngine(engines[0]!, async (engine) => {
    await post(engine, '/swarm/init', common[0]!);
    const request = { method: 'GET', path: '/swarm' } as const;
    return (await engine.json<{ readonly JoinTokens: { readonly Worker: string } }>('swarm', request)).JoinTokens.Worker;
  });
  const join = { ...common[1]!, RemoteAddrs: [`${ownSubnet(236)}.2:2377`], JoinToken: token };
  await withEngine(engines[1]!, (engine) => post(engine, '/swarm/join', join));
}

const nodeOf = (n: number) => ({ name: `n${n + 1}`, runtime: new DockerRuntime({ host: engines[n]!.tcpHost, neverPull: true }) });

describe.runIf(canStartDockerd())('two engines on two machines, in a swarm', () => {
  beforeAll(async () => {
    await makeSwarm();
    stage = await DockerStage.open({ name, nodes: [nodeOf(0), nodeOf(1)] }, engines);
    ({ web, service } = await stage.web({
      name: 'main',
      image: testImages.node,
      command: ['node', '-e', program],
      ports: [{ containerPort: 8080 }],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
    }));
  });
  afterAll(async () => {
    await stage?.dispose();
    ownSwitch?.close();
  });

  test('the status of the nodes says how pods reach one another', () => {
    expect(stage.podNetworks()).toEqual(Array(2).fill({ status: 'True', reason: 'Overlay' }));
  });

  test('a Service has the pods of both, and they reach each other by address', async () => {
    const [one, two] = [stage.podOn('n1'), stage.podOn('n2')];
    expect(await stage.answers(service)).toEqual([one.name, two.name].sort());
    expect(await stage.heard(one, two)).toBe(two.name);
    expect(await stage.heard(two, one)).toBe(one.name);
  });

  test('a container that ends is started again with the same address', async () => {
    const pod = stage.podOn('n2');
    await pod.exec(['wget', '-q', 'http://127.0.0.1:8080/exit']);
    const restarted = ({ ready, status }: Pod): boolean => ready && status.containerStatuses?.[0]?.restartCount === 1;
    await stage.until(pod, 'the restart', restarted);
    expect(stage.now(pod).ip).toBe(pod.ip);
  });

  const overlays = (): Promise<readonly { readonly Id: string }[]> =>
    withEngine(engines[0]!, (engine) => {
      const query = { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`, 'coxswain.role=overlay'] }) };
      return engine.json('list', { method: 'GET', path: '/networks', query });
    });

  test('a node that is closed and opened again under its name is left alone by what cleared up after the first', async () => {
    const { cluster } = stage;
    const [before] = await overlays();
    const other = stage.podOn('n2');
    await cluster.powerOff('n1');
    // The other node's pod is in the network: it stays. Nobody is left who clears up after the first node.
    expect(await overlays()).toEqual([expect.objectContaining({ Id: before!.Id })]);
    expect(watchdogsOf(name, 'n1')).toEqual([]);
    await stage.podOn('n1').delete({ gracePeriodSeconds: 0 });
    await cluster.addNode(nodeOf(0));
    await web.ready();
    expect(await stage.heard(stage.podOn('n1'), other)).toBe(other.name);
  });

  test('the network is made again if it has gone', async () => {
    await web.scale(0);
    await expect.poll(() => web.pods().length, { timeout: 120_000 }).toBe(0);
    const remove = async (): Promise<number> => {
      const found = await overlays();
      for (const { Id } of found)
        await withEngine(engines[0]!, (engine) => engine.json('remove', { method: 'DELETE', path: `/networks/${Id}` })).catch(
          (error: unknown) => console.log(String(error)),
        );
      return found.length;
    };
    await expect.poll(remove, { timeout: 120_000 }).toBe(0);
    await web.scale(2);
    await web.ready();
    expect(await overlays()).toHaveLength(1);
  });

  test('closed, it leaves nothing on either', async () => {
    await stage.close();
    expect(await stage.left()).toEqual([]);
  });
});

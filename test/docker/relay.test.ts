import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { ListedContainer } from '../../src/runtimes/docker/engine-answers.ts';
import { leftBehind } from './docker-fixture.ts';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { dial, exchange, echo, relayServer } from './relay-talk.ts';
import { testImages } from './test-images.ts';

const name = `relay-${process.pid}`;
let ownSwitch: OwnSwitch | undefined;
let stage: DockerStage;
let engines: readonly OwnDockerd[];

/** On the first machine `n1`; on the second `n2`, and `n3` by its socket: nodes that share an engine. */
const engineOf = (node: string): OwnDockerd => engines[node === 'n1' ? 0 : 1]!;
const nodeOf = (node: 'n1' | 'n2' | 'n3') => {
  const runtime =
    node === 'n3'
      ? new DockerRuntime({ host: engines[1]!.host, neverPull: true, relay: true })
      : new DockerRuntime({ host: engineOf(node).tcpHost, neverPull: true });
  return { name: node, runtime };
};
const pod = (node: string): Pod => stage.cluster.pods.get(`on-${node}`)!;
const podOn = async (node: string): Promise<Pod> => {
  const made = await stage.cluster.pods.create({
    metadata: { name: `on-${node}` },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: testImages.node, command: ['node', '-e', relayServer], ports: [{ containerPort: 8080 }] }],
    },
  });
  return made.waitFor('Ready');
};
const condition = (node: string) =>
  stage.cluster.nodes.get(node)!.status.conditions?.find(({ type }) => type === 'coxswain.dev/PodNetwork');

const relays = (node: string): Promise<readonly ListedContainer[]> =>
  withEngine(engineOf(node), (engine) => {
    const filters = JSON.stringify({ label: [`coxswain.cluster=${name}`, 'coxswain.role=relay'] });
    return engine.json('list', { method: 'GET', path: '/containers/json', query: { all: true, filters } });
  });

/** Says what came back, or why nothing did, as soon as the other answers again. */
const answers = (from: string, to: string) =>
  expect.poll(async () => (await dial(pod(from), pod(to).ip!)).said, { timeout: 120_000, interval: 200 });

describe.runIf(canStartDockerd())('engines on two machines, without a swarm', () => {
  beforeAll(async () => {
    ownSwitch = new OwnSwitch(ownSubnet(232));
    const machines = [2, 3].map((number) => ({ subnet: ownSubnet(190 + number), machine: ownSwitch!.machine(number) }));
    engines = await DockerStage.engines(machines);
    stage = await DockerStage.open({ name, nodes: [nodeOf('n1'), nodeOf('n2'), nodeOf('n3')] }, engines);
    for (const node of ['n1', 'n2', 'n3']) await podOn(node);
  });
  afterAll(async () => {
    await stage?.dispose();
    ownSwitch?.close();
  });

  test('the status of the nodes says that pods reach those of the others, and by what', () => {
    const message = expect.stringMatching(new RegExp(`the relay of process ${process.pid} on .*what nobody has there is refused`));
    for (const node of ['n1', 'n2', 'n3']) expect(condition(node)).toMatchObject({ status: 'True', reason: 'Relay', message });
  });

  test('nodes that share an engine share its relay, and each pod has an address of its own', async () => {
    expect([(await relays('n1')).length, (await relays('n2')).length]).toEqual([1, 1]);
    const ips = ['n1', 'n2', 'n3'].map((node) => pod(node).ip!);
    expect(new Set(ips).size).toBe(3);
    // One range, of which each engine has a slice.
    const slices = ips.map((ip) => ip.split('.').map(Number)).map(([a, b, c]) => `${a}.${b}.${c! >> 3}`);
    expect([slices[1] === slices[2], slices[0] === slices[1], slices[0]!.split('.')[1] === slices[1]!.split('.')[1]]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test.each([
    ['n1', 'n2'],
    ['n2', 'n1'],
    ['n3', 'n1'],
    ['n2', 'n3'],
  ])('from %s to %s: megabytes arrive whole over TCP both ways, and datagrams', async (from, to) => {
    expect(await exchange(pod(from), pod(to).ip!, 5_000_000)).toBe('both as sent');
    expect(await echo(pod(from), pod(to).ip!)).toBe('ping');
  });

  test('what nobody has is refused at once: an address of another engine, and one of no engine', async () => {
    const of = (ip: string, last: string): string => ip.replace(/\d+\.\d+$/, last);
    const unknown = [pod('n2').ip!.replace(/\d+$/, '200'), of(pod('n2').ip!, '255.9'), of(pod('n2').ip!, '0.9')];
    for (const ip of unknown) {
      const { said, ms } = await dial(pod('n1'), ip);
      expect(said).toBe('EHOSTUNREACH');
      expect(ms).toBeLessThan(1000);
    }
  });

  test('a container that ends is started again with the same address', async () => {
    const before = pod('n2');
    await dial(pod('n1'), before.ip!, '/exit');
    await stage.until(before, 'the restart', ({ ready, status }) => ready && status.containerStatuses?.[0]?.restartCount === 1);
    expect(pod('n2').ip).toBe(before.ip);
    await answers('n1', 'n2').toBe('on-n2');
  });

  test.each(['kill', 'remove'])('a relay that somebody does this to is made again: %s', async (what) => {
    const [relay] = await relays('n2');
    const path = `/containers/${relay!.Id}`;
    await withEngine(engines[1]!, (engine) =>
      what === 'kill'
        ? engine.json('kill', { method: 'POST', path: `${path}/kill` })
        : engine.json('remove', { method: 'DELETE', path, query: { force: true } }),
    );
    await answers('n1', 'n2').toBe('on-n2');
    await answers('n2', 'n1').toBe('on-n1');
    expect((await relays('n2')).map(({ Id }) => Id)).not.toContain(relay!.Id);
  });

  test('while an engine is away its pods are refused at once and the status says so; when it is back, all is as before', async () => {
    const { ip } = pod('n2');
    await engines[1]!.stop('SIGTERM');
    await expect.poll(() => condition('n2'), { timeout: 120_000 }).toMatchObject({ status: 'False', reason: 'RelayDown' });
    expect(condition('n2')!.message).toMatch(/only those of this engine: the relay of process .* is down and is made again: .*\w/);
    const { said, ms } = await dial(pod('n1'), ip!);
    expect(said).toBe('EHOSTUNREACH');
    expect(ms).toBeLessThan(1000);
    await engines[1]!.start();
    await answers('n1', 'n2').toBe('on-n2');
    await answers('n3', 'n1').toBe('on-n1');
    await expect.poll(() => condition('n2'), { timeout: 120_000 }).toMatchObject({ status: 'True', reason: 'Relay' });
  });

  test('a node that is closed leaves the relay to the other node of its engine', async () => {
    const [relay] = await relays('n3');
    await stage.cluster.powerOff('n3');
    expect((await relays('n2')).map(({ Id }) => Id)).toEqual([relay!.Id]);
    await answers('n1', 'n2').toBe('on-n2');
  });

  test('closed, it leaves nothing on either', async () => {
    await stage.close();
    for (const dockerd of engines) await withEngine(dockerd, async (engine) => expect(await leftBehind(engine, name)).toEqual([]));
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RuntimeClass, type Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Container } from 'coxswain/models';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, OwnDockerd, ownSubnet } from './own-dockerd.ts';
import { ensureTestImages, testImages } from './test-images.ts';

const name = `runtime-class-${process.pid}`;
const can = canStartDockerd();
let dockerd: OwnDockerd;
let stage: DockerStage;

const container = (called: string): Container => ({
  name: called,
  image: testImages.base,
  command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
});
const podOf = (runtimeClassName: string | undefined, ...containers: readonly Container[]): Promise<Pod> =>
  stage.cluster.pods.create({
    metadata: { generateName: 'p-' },
    spec: { terminationGracePeriodSeconds: 1, containers, ...(runtimeClassName === undefined ? {} : { runtimeClassName }) },
  });

/** What the engine runs the containers of a pod with, its sandbox among them. */
async function runtimesOf(engine: Engine, pod: Pod): Promise<readonly string[]> {
  const filters = JSON.stringify({ label: [`coxswain.pod.name=${pod.name}`] });
  const list = await engine.json<readonly { readonly Id: string }[]>('list', {
    method: 'GET',
    path: '/containers/json',
    query: { filters },
  });
  const inspected = list.map(({ Id }) =>
    engine.json<{ readonly HostConfig: { readonly Runtime: string } }>('look', { method: 'GET', path: `/containers/${Id}/json` }),
  );
  return (await Promise.all(inspected)).map(({ HostConfig }) => HostConfig.Runtime);
}

describe.runIf(can)('RuntimeClasses on an engine with several runtimes', () => {
  beforeAll(async () => {
    dockerd = await OwnDockerd.start({ subnet: ownSubnet(224), runtimes: ['second'] });
    await withEngine(dockerd, (engine) => ensureTestImages(engine, 'base'));
    const runtime = new DockerRuntime({ host: dockerd.host, neverPull: true });
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime }] }, [dockerd]);
    for (const handler of ['second', 'third']) await stage.cluster.create(new RuntimeClass({ metadata: { name: handler }, handler }));
  });
  afterAll(() => stage?.dispose());

  test('all containers of a Pod are run by what its class names', async () => {
    const pods = [
      await podOf('second', container('a')),
      await podOf('second', container('a'), container('b')),
      await podOf(undefined, container('a')),
    ];
    for (const pod of pods) await stage.until(pod, 'ready', ({ ready }) => ready);
    await withEngine(dockerd, async (engine) => {
      const found = await Promise.all(pods.map((pod) => runtimesOf(engine, pod)));
      expect(found).toEqual([['second'], ['second', 'second', 'second'], ['runc']]);
    });
    expect(stage.cluster.nodes.get('n1')?.object.status?.runtimeHandlers).toEqual(
      expect.arrayContaining([{ name: '' }, { name: 'second' }]),
    );
  });

  test('one that the engine does not have is told of', async () => {
    const pod = await podOf('third', container('a'));
    const told = () =>
      stage.cluster.events.list().filter(({ object }) => object.involvedObject.name === pod.name && object.type === 'Warning');
    await stage.until(pod, 'an Event', () => told().length > 0);
    expect(told().map(({ object }) => object.message)).toEqual([
      'Failed to create pod sandbox: failed to get sandbox runtime: no runtime for "third" is configured',
    ]);
  });
});

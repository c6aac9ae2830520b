import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import type { Labels } from '../../src/runtimes/docker/docker-labels.ts';
import { leftBehind } from './docker-fixture.ts';
import { DockerStage } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `lost-${process.pid}`;
const here = await engineHere('what gets lost on an engine');
let engine: Engine;
let stage: DockerStage;

interface Network {
  readonly Id: string;
  readonly Labels: Labels;
}
const networks = (): Promise<readonly Network[]> => {
  const query = { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`] }) };
  return engine.json('list', { method: 'GET', path: '/networks', query });
};

describe.runIf(here)('what gets lost on an engine', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime: new DockerRuntime({ neverPull: true }) }] });
  });
  afterAll(async () => {
    await stage.close();
    engine.close();
  });

  test('a pod network that somebody removed is made again, with its range', async () => {
    const [before] = await networks();
    await engine.json('remove', { method: 'DELETE', path: `/networks/${before!.Id}` });
    const container = (each: string) => ({ name: each, image: testImages.base, command: ['sleep', '1000'] });
    const create = (podName: string, ...names: readonly string[]): Promise<Pod> =>
      stage.cluster.pods.create({
        metadata: { name: podName },
        spec: { terminationGracePeriodSeconds: 0, containers: names.map(container) },
      });
    const pods = await Promise.all([create('one', 'a'), create('two', 'a', 'b'), create('three', 'a')]);
    for (const pod of pods) await pod.waitFor('Ready');
    const after = await networks();
    expect(after).toHaveLength(1);
    expect(after[0]!.Id).not.toBe(before!.Id);
    // Nobody had to be started twice.
    expect(pods.map((pod) => stage.now(pod).status.containerStatuses?.map(({ restartCount }) => restartCount))).toEqual([[0], [0, 0], [0]]);
    for (const pod of pods) await pod.delete();
    for (const pod of pods) await pod.waitForDeletion();
  });

  test('a sandbox that was made, never started, and that no pod explains goes', async () => {
    const [network] = await networks();
    const plan = {
      ...{
        uid: 'nobody',
        name: 'nobody',
        namespace: 'default',
        attempt: 3,
        createdAtMs: 0,
        ip: undefined,
        sandboxed: true,
        hostname: 'nobody',
      },
      ...{ dns: undefined, hostNetwork: false, hostPid: false, hostIpc: false, sharesProcesses: false },
      ...{ extraHosts: [], sysctls: {}, groups: [], ports: [] },
    };
    const own = {
      'coxswain.role': 'sandbox',
      'coxswain.pod.uid': 'nobody',
      'coxswain.sandbox.attempt': '3',
      'coxswain.pod.plan': JSON.stringify(plan),
    };
    const body = { Image: testImages.base, Cmd: ['true'], Labels: { ...network!.Labels, ...own } };
    await engine.json('make', { method: 'POST', path: '/containers/create', body });
    await expect.poll(() => leftBehind(engine, name), { timeout: 120_000 }).toEqual([network!.Id]);
  });
});

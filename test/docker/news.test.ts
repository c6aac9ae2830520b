import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { DockerStage } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { FaultProxy } from './fault-proxy.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `news-${process.pid}`;
const here = await engineHere('the news of what happens on an engine');
/** Whoever hears of it by the kubelet's own list alone, every 30 s, hears of it later. */
const toldWithinMs = 15_000;
let engine: Engine;
let proxy: FaultProxy;
let stage: DockerStage;

const container = (each: string) => ({ name: each, image: testImages.base, command: ['sleep', '1000'] });

async function runs(podName: string, ...names: readonly string[]): Promise<Pod> {
  const spec = { terminationGracePeriodSeconds: 0, containers: names.map(container) };
  const pod = await stage.cluster.pods.create({ metadata: { name: podName }, spec });
  return pod.waitFor('Ready');
}

/** What the engine has of the pod in this role. */
async function containerOf({ metadata: { uid } }: Pod, role: 'sandbox' | 'container'): Promise<string> {
  const query = { filters: JSON.stringify({ label: [`coxswain.pod.uid=${uid}`, `coxswain.role=${role}`] }) };
  const [found] = await engine.json<readonly { readonly Id: string }[]>('list', { method: 'GET', path: '/containers/json', query });
  return found!.Id;
}
const post = (id: string, what: string): Promise<unknown> => engine.json(what, { method: 'POST', path: `/containers/${id}/${what}` });

const restarted = ({ ready, status }: Pod): boolean =>
  ready &&
  (status.containerStatuses ?? []).every(({ restartCount, lastState }) => restartCount === 1 && lastState?.terminated !== undefined);

/** How long it took, in milliseconds, from the end of a run until the pod was told to run again. */
function gapMs({ status }: Pod): number {
  const starts = (status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? ''));
  const ends = (status.containerStatuses ?? []).map(({ lastState }) => Date.parse(lastState?.terminated?.finishedAt ?? ''));
  return Math.max(...starts) - Math.max(...ends);
}

describe.runIf(here)('the news of what happens on an engine', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    proxy = await FaultProxy.start(engine);
    const runtime = new DockerRuntime({ host: proxy.host, neverPull: true });
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime }] });
  });
  afterAll(async () => {
    proxy.clear();
    await stage.close();
    await proxy.close();
    engine.close();
  });

  test('a sandbox that is killed alone: its containers are ended and made anew at once', async () => {
    const pod = await runs('headless', 'a', 'b');
    await post(await containerOf(pod, 'sandbox'), 'kill');
    await stage.until(pod, 'the restart', restarted);
    expect(gapMs(stage.now(pod))).toBeLessThan(toldWithinMs);
  });

  test('a container that cannot be looked at holds up the news of no other pod, though no event comes', async () => {
    const [stuck, killed] = [await runs('stuck', 'a'), await runs('killed', 'a')];
    const id = await containerOf(stuck, 'container');
    proxy.add({ match: /^GET \S*\/events\?/, kind: 500 }, { match: new RegExp(`^GET \\S*/containers/${id}/json`), kind: 'hang' });
    proxy.cutAll();
    // What is paused is looked at whenever it is listed.
    await post(id, 'pause');
    await post(await containerOf(killed, 'container'), 'kill');
    await stage.until(killed, 'the restart', restarted);
    proxy.clear();
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import type { Clock } from 'coxswain';
import { labels, nodeFilter, overlayLabels, ownLabels, sharedLabels } from '../../src/runtimes/docker/docker-labels.ts';
import type { Labels } from '../../src/runtimes/docker/docker-labels.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { removeEngineVolume } from '../../src/runtimes/docker/local-volumes.ts';
import { currentOwner } from '../../src/runtimes/docker/process-owner.ts';
import { refuseSecondOwner, sweepDead, sweepHelpers, sweepNode, sweepOverlay } from '../../src/runtimes/docker/sweep.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const clusterId = `sweep-${process.pid}`;
const node = { clusterId, nodeName: 'n1', onHostDeath: 'kill' } as const;
const here = await engineHere('what is left on an engine');
const signal = new AbortController().signal;
/** On a machine of its own: whoever opens a node on this engine meanwhile does not clear away what is dead here. */
const owner = { ...currentOwner(), host: clusterId };
let engine: Engine;
let slept: number;
/** Time passes as always; how long was slept is noted. */
const clock: Clock = Object.assign(Object.create(new SystemClock()) as SystemClock, {
  now: () => new SystemClock().now(),
  sleep: (ms: number) => {
    slept += ms;
    return new SystemClock().sleep(ms);
  },
});

const network = async (name: string, itsLabels: Labels): Promise<string> => {
  const body = { Name: `${clusterId}-${name}`, Labels: itsLabels };
  return (await engine.json<{ readonly Id: string }>('make', { method: 'POST', path: '/networks/create', body })).Id;
};
const container = async (itsLabels: Labels, networkId?: string): Promise<string> => {
  const HostConfig = networkId === undefined ? {} : { NetworkMode: networkId };
  const body = { Image: testImages.base, Cmd: ['sleep', '1000'], Labels: itsLabels, StopTimeout: 0, HostConfig };
  const { Id } = await engine.json<{ readonly Id: string }>('make', { method: 'POST', path: '/containers/create', body });
  await engine.json('start', { method: 'POST', path: `/containers/${Id}/start` });
  return Id;
};
const remove = (id: string): Promise<unknown> =>
  engine.json('remove', { method: 'DELETE', path: `/containers/${id}`, query: { force: true } });

describe.runIf(here)('what is left on an engine', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine, 'base');
  });
  afterAll(() => engine.close());
  afterEach(() => sweepNode(engine, clock, JSON.stringify({ label: [`${labels.cluster}=${clusterId}`] })));

  test('of a dead process goes; what somebody uses stays, and does not hold anybody up', async () => {
    // A process of this number has not started then.
    const dead = { ...ownLabels(node, owner, 'network'), [labels.ownerPid]: '1', [labels.ownerStart]: 'before' };
    const used = await network('used', dead);
    await network('unused', dead);
    const foreign = await container({}, used);
    try {
      slept = 0;
      await sweepDead(engine, clock, owner);
      expect(slept).toBeLessThanOrEqual(500);
      expect(await leftBehind(engine, clusterId)).toEqual([used]);
    } finally {
      await remove(foreign);
    }
  });

  test('the network of all nodes of a cluster goes with the last who uses it', async () => {
    const shared = await network('shared', overlayLabels(clusterId));
    const foreign = await container({}, shared);
    slept = 0;
    await sweepOverlay(engine, clock, clusterId, 2);
    expect(await leftBehind(engine, clusterId)).toEqual([shared]);
    expect(slept).toBe(250);
    await remove(foreign);
    await sweepOverlay(engine, clock, clusterId);
    expect(await leftBehind(engine, clusterId)).toEqual([]);
  });

  test('what the nodes of a dead process shared goes, and no sweep of one node takes what those of a living one share', async () => {
    const dead = { [labels.ownerPid]: '1', [labels.ownerStart]: 'before' };
    const left = await network('left', { ...sharedLabels(node, owner, 'relay-network'), ...dead });
    await container({ ...sharedLabels(node, owner, 'relay'), ...dead }, left);
    const alive = [await network('alive', sharedLabels(node, owner, 'relay-network')), await container(sharedLabels(node, owner, 'relay'))];
    await sweepDead(engine, clock, owner);
    await sweepNode(engine, clock, nodeFilter(node));
    expect([...(await leftBehind(engine, clusterId))].sort()).toEqual([...alive].sort());
  });

  test('what runs and another machine started is not taken for left behind, unless the host says so', async () => {
    const foreign = { ...ownLabels(node, owner, 'container'), [labels.ownerHost]: 'elsewhere', [labels.ownerPid]: '77' };
    const id = await container(foreign);
    await expect(refuseSecondOwner(engine, node, owner, false)).rejects.toThrow(
      `node "n1" of cluster "${clusterId}": containers of it run on this engine that process 77 on "elsewhere" started (this is "${clusterId}")`,
    );
    await refuseSecondOwner(engine, node, owner, true);
    await engine.json('kill', { method: 'POST', path: `/containers/${id}/kill` });
    await engine.json('wait', { method: 'POST', path: `/containers/${id}/wait` });
    await refuseSecondOwner(engine, node, owner, false);
  });

  test('helpers of a host that died go, of this node alone', async () => {
    const mine = await container(ownLabels(node, owner, 'container'));
    await container(ownLabels(node, owner, 'helper'));
    const others = await container(ownLabels({ ...node, nodeName: 'n2' }, owner, 'helper'));
    await sweepHelpers(engine, node);
    expect([...(await leftBehind(engine, clusterId))].sort()).toEqual([mine, others].sort());
  });

  test("a persistent volume goes if it was made as one of the cluster's", async () => {
    const made = async (role: object): Promise<string> => {
      const body = { Name: `${clusterId}-v`, Labels: { [labels.cluster]: clusterId, ...role } };
      await engine.json('make', { method: 'POST', path: '/volumes/create', body });
      await removeEngineVolume(engine, clusterId, `${clusterId}-v`, signal);
      return (await leftBehind(engine, clusterId)).join();
    };
    expect(await made({})).toBe(`${clusterId}-v`);
    await engine.json('remove', { method: 'DELETE', path: `/volumes/${clusterId}-v` });
    expect(await made({ [labels.role]: 'volume' })).toBe('');
  });
});

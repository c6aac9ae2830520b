import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { DockerRuntimeOptions } from '../../src/runtimes/docker/docker-runtime-options.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { leftBehind } from './docker-fixture.ts';
import { DockerStage } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { Fault } from './fault-proxy.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `unrelayed-${process.pid}`;
const here = await engineHere('engines that can have no relay');
let engine: Engine;
let proxy: FaultProxy;

describe.runIf(here)('whether an engine can have a relay', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine, 'base');
    proxy = await FaultProxy.start(engine);
  });
  afterAll(async () => {
    await proxy.close();
    engine.close();
  });

  /** Opens a node and runs a pod on it. What the node's status says of its pod network; a relay would be `Relay`. */
  async function saidWith(options: DockerRuntimeOptions): Promise<string> {
    const runtime = new DockerRuntime({ host: proxy.host, neverPull: true, hostRules: false, relay: true, ...options });
    const stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime }] });
    try {
      const pod = await stage.cluster.pods.create({
        metadata: { name: 'a' },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: testImages.base, command: ['sleep', '1000'] }] },
      });
      await pod.waitFor('Ready');
      const { reason, message } = stage.cluster.nodes.get('n1')!.status.conditions!.find(({ type }) => type === 'coxswain.dev/PodNetwork')!;
      return `${reason}: ${message}`;
    } finally {
      await stage.close();
    }
  }

  /** A relay that runs, of a process that there is not on this machine. Its id. */
  async function relayOf(host: string): Promise<string> {
    const owner = { 'coxswain.owner.pid': '7', 'coxswain.owner.start': 'then', 'coxswain.owner.host': host };
    const Labels = { 'coxswain.cluster': name, 'coxswain.node': '*', 'coxswain.role': 'relay', ...owner };
    const body = { Image: testImages.base, Cmd: ['sleep', '1000'], Labels };
    const { Id } = await engine.json<{ readonly Id: string }>('make', { method: 'POST', path: '/containers/create', body });
    await engine.json('start', { method: 'POST', path: `/containers/${Id}/start` });
    return Id;
  }

  test('it makes no such container: pods start without, the status says why, and nothing of it is left', async () => {
    proxy.add({ match: /^POST \S*\/containers\/create\?name=coxswain-relay/, kind: 500, times: 9 });
    expect(await saidWith({})).toMatch(/^NodeOnly: pods reach by address only those of this node;.* There is no relay: create the relay/s);
    proxy.clear();
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test('another process has it: that one is left alone', async () => {
    const Id = await relayOf('elsewhere');
    try {
      expect(await saidWith({})).toMatch(/^NodeOnly: .* There is no relay: process 7 on elsewhere has the cluster's relay on this engine$/);
      expect(await leftBehind(engine, name)).toEqual([Id]);
    } finally {
      await engine.json('remove', { method: 'DELETE', path: `/containers/${Id}`, query: { force: true } });
    }
  });

  test('a process of this machine had it, and has died a moment ago', async () => {
    await relayOf(hostname());
    expect(await saidWith({})).toMatch(/^Relay: /);
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test.each<Fault['kind']>([500, 'lost', 'reset'])('what passes keeps it from none: %s', async (kind) => {
    proxy.add({ match: /^POST \S*\/containers\/create\?name=coxswain-relay/, kind, times: 1 });
    expect(await saidWith({})).toMatch(/^Relay: /);
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test('it makes it and never says so: nothing of it is left', async () => {
    proxy.add({ match: /^POST \S*\/containers\/create\?name=coxswain-relay/, kind: 'lost', times: 9 });
    expect(await saidWith({})).toMatch(/^NodeOnly: /);
    proxy.clear();
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test('unless asked for, an engine behind a socket has none', async () => {
    expect(await saidWith({ relay: 'auto' })).toMatch(/^NodeOnly: (?!.*There is no relay)/);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { LmdbStore } from 'coxswain/stores/lmdb';
import { DockerStage } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { dial, relayServer } from './relay-talk.ts';
import { testImages } from './test-images.ts';

const name = `kept-${process.pid}`;
let ownSwitch: OwnSwitch | undefined;
let folder: string;
let engines: readonly OwnDockerd[] = [];

describe.runIf(canStartDockerd())('pods on two machines that outlive their host', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coxswain-kept-'));
    ownSwitch = new OwnSwitch(ownSubnet(234));
    engines = await DockerStage.engines([2, 3].map((n) => ({ subnet: ownSubnet(194 + n), machine: ownSwitch!.machine(n) })));
  });
  afterAll(async () => {
    for (const engine of engines) await engine.close();
    ownSwitch?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (): Promise<DockerStage> =>
    DockerStage.open({
      name,
      nodes: engines.map(({ tcpHost }, n) => ({ name: `n${n}`, runtime: new DockerRuntime({ host: tcpHost, neverPull: true }) })),
      stateDir: join(folder, 'state'),
      store: new LmdbStore({ path: join(folder, 'store') }),
      onHostDeath: 'keep',
    });

  test('are reached by the next host with their addresses', async () => {
    const first = await open();
    const container = { name: 'main', image: testImages.node, command: ['node', '-e', relayServer] };
    for (const nodeName of ['n0', 'n1']) {
      const pod = await first.cluster.pods.create({ metadata: { name: `on-${nodeName}` }, spec: { nodeName, containers: [container] } });
      await pod.waitFor('Ready');
    }
    const before = first.cluster.pods.list().map((pod) => [pod.name, pod.ip]);
    await first.close();
    const second = await open();
    const pod = (node: string) => second.cluster.pods.get(`on-${node}`)!;
    try {
      for (const node of ['n0', 'n1']) await pod(node).waitFor('Ready');
      expect(second.cluster.pods.list().map((each) => [each.name, each.ip])).toEqual(before);
      expect((await dial(pod('n0'), pod('n1').ip!)).said).toBe('on-n1');
      expect((await dial(pod('n1'), pod('n0').ip!)).said).toBe('on-n0');
    } finally {
      await second.close();
    }
  });
});

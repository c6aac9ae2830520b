import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { leftBehind } from './docker-fixture.ts';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { testImages } from './test-images.ts';

const name = `engines-${process.pid}`;
const program = `require('node:http').createServer((request, response) => response.end(process.env.HOSTNAME)).listen(8080);`;
let engines: readonly OwnDockerd[];
let stage: DockerStage;
let web: ReplicationController;
let service: Service;

describe.runIf(canStartDockerd())('two engines as two nodes', () => {
  beforeAll(async () => {
    engines = await DockerStage.engines([{ subnet: ownSubnet(234) }, { subnet: ownSubnet(235) }]);
    const nodes = engines.map(({ host }, n) => ({
      name: `n${n + 1}`,
      podCidr: `${ownSubnet(224 + n)}.0/24`,
      runtime: new DockerRuntime({ host, neverPull: true }),
    }));
    stage = await DockerStage.open({ name, nodeHealth: { leaseRenewMs: 1000, gracePeriodMs: 5000 }, nodes }, engines);
    ({ web, service } = await stage.web({
      name: 'main',
      image: testImages.node,
      command: ['node', '-e', program],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
    }));
  });
  afterAll(() => stage?.dispose());

  const on = (node: string): Pod => web.pods().find((pod) => pod.nodeName === node && pod.metadata.deletionTimestamp === undefined)!;

  test('the status of the nodes says how pods reach one another', () => {
    for (const node of stage.cluster.nodes.list()) {
      expect(node.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'coxswain.dev/PodNetwork', status: 'True', reason: 'HostRules' }),
      );
    }
  });

  test('a Service has the pods of both, and they reach each other by address', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) answers.add(await (await fetch(service.url()!)).text());
    expect([...answers].sort()).toEqual([on('n1').name, on('n2').name].sort());
    for (const [from, to] of [
      [on('n1'), on('n2')],
      [on('n2'), on('n1')],
    ] as const) {
      const code = `fetch('http://${to.ip}:8080/').then((answer) => answer.text()).then(console.log)`;
      expect((await from.exec(['node', '-e', code])).stdout.trim()).toBe(to.name);
    }
  });

  test('an engine that stands still makes its node NotReady, the other goes on, and it comes back', async () => {
    engines[0]!.freeze(true);
    await stage.cluster.nodes.get('n1')!.waitFor('NotReady');
    await stage.cluster.nodes.get('n2')!.waitFor('Ready');
    expect(stage.cluster.nodes.get('n1')!.ready).toBe(false);
    engines[0]!.freeze(false);
    await stage.cluster.nodes.get('n1')!.waitFor('Ready');
    await web.ready();
  });

  test('closed, it leaves nothing on either', async () => {
    await stage.close();
    for (const dockerd of engines) await withEngine(dockerd, async (engine) => expect(await leftBehind(engine, name)).toEqual([]));
  });
});

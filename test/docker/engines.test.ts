import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { DockerStage } from './docker-stage.ts';
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

  test('the status of the nodes says how pods reach one another', () => {
    expect(stage.podNetworks()).toEqual(Array(2).fill({ status: 'True', reason: 'HostRules' }));
  });

  test('a Service has the pods of both, and they reach each other by address', async () => {
    const [one, two] = [stage.podOn('n1'), stage.podOn('n2')];
    expect(await stage.answers(service)).toEqual([one.name, two.name].sort());
    expect(await stage.heard(one, two)).toBe(two.name);
    expect(await stage.heard(two, one)).toBe(one.name);
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
    expect(await stage.left()).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, SystemClock } from 'coxswain';
import type { Pod, ReplicationController, Service } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import { canStartDockerd, OwnDockerd } from './own-dockerd.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testImages } from './test-images.ts';

const name = `engines-${process.pid}`;
const here = canStartDockerd() && (await engineHere('two engines'));
const program = `require('node:http').createServer((request, response) => response.end(process.env.HOSTNAME)).listen(8080);`;
let engines: readonly OwnDockerd[];
let cluster: Cluster;
let web: ReplicationController;
let service: Service;
const stop = new AbortController();
let running: Promise<void>;

describe.runIf(here)('two engines as two nodes', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    engines = [await OwnDockerd.start({ subnet: '10.234.1' }), await OwnDockerd.start({ subnet: '10.234.2' })];
    for (const { host } of engines) {
      const { engine } = await findEngine({ host, env: {} }, new SystemClock());
      await ensureTestImages(engine);
      engine.close();
    }
    cluster = await Cluster.create({
      name,
      nodeHealth: { leaseRenewMs: 1000, gracePeriodMs: 5000 },
      nodes: engines.map(({ host }, n) => ({
        name: `n${n + 1}`,
        podCidr: `10.233.${n}.0/24`,
        runtime: new DockerRuntime({ host, neverPull: true }),
      })),
    });
    running = cluster.run({ signal: stop.signal });
    const container = {
      name: 'main',
      image: testImages.node,
      command: ['node', '-e', program],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
    };
    const spread = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    web = await cluster.replicationControllers.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { app: 'web' },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { terminationGracePeriodSeconds: 1, topologySpreadConstraints: [spread], containers: [container] },
        },
      },
    });
    service = await cluster.expose(web, { port: 80, targetPort: 8080, protocol: 'http' });
    await web.ready();
    await service.ready();
  }, 240_000);
  afterAll(async () => {
    for (const engine of engines ?? []) engine.freeze(false);
    stop.abort();
    await running;
    await cluster?.close();
    for (const engine of engines ?? []) await engine.close();
  }, 120_000);

  const on = (node: string): Pod => web.pods().find((pod) => pod.nodeName === node && pod.metadata.deletionTimestamp === undefined)!;

  test('the status of the nodes says how pods reach one another', () => {
    for (const node of cluster.nodes.list()) {
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
    await cluster.nodes.get('n1')!.waitFor('NotReady');
    expect(cluster.nodes.get('n2')!.ready).toBe(true);
    engines[0]!.freeze(false);
    await cluster.nodes.get('n1')!.waitFor('Ready');
    await web.ready();
  });

  test('closed, it leaves nothing on either', async () => {
    stop.abort();
    await running;
    await cluster.close();
    for (const { host } of engines) {
      const { engine } = await findEngine({ host, env: {} }, new SystemClock());
      expect(await leftBehind(engine, name)).toEqual([]);
      engine.close();
    }
  });
});

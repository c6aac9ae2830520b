import { expect, test } from 'vitest';
import { ManualClock } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { ServedApi } from './served-api.ts';

interface Metrics {
  readonly metadata: { readonly name: string };
  readonly window: string;
  readonly usage?: { readonly cpu: string; readonly memory: string };
  readonly containers?: readonly { readonly name: string; readonly usage: { readonly cpu: string; readonly memory: string } }[];
}
interface MetricsList {
  readonly kind: string;
  readonly items: readonly Metrics[];
}
const api = '/apis/metrics.k8s.io/v1beta1';

async function served(): Promise<ServedApi> {
  const web = { cpuCores: 0.25, memoryBytes: 64 * 1024 * 1024 };
  const runtime = (): SimulatedRuntime => new SimulatedRuntime({ images: { web } });
  const nodes = [
    { name: 'n1', runtime: runtime() },
    { name: 'n2', runtime: runtime() },
  ];
  const served = await ServedApi.start({}, { nodes, clock: new ManualClock() });
  for (const app of ['a', 'b'])
    await served.create('/api/v1/namespaces/default/pods', {
      metadata: { name: app, labels: { app } },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'web' }] },
    });
  await served.cluster.settle();
  await served.cluster.advance(20_000);
  return served;
}

test('pods and nodes tell what they use, from the first time they are asked', async () => {
  await using s = await served();
  const pods = await s.ask<MetricsList>(`${api}/namespaces/default/pods`);
  expect(pods.body.kind).toBe('PodMetricsList');
  expect(pods.body.items.map(({ metadata, containers }) => [metadata.name, containers])).toEqual([
    ['a', [{ name: 'c', usage: { cpu: '250m', memory: '65536Ki' } }]],
    ['b', [{ name: 'c', usage: { cpu: '250m', memory: '65536Ki' } }]],
  ]);
  const nodes = await s.ask<MetricsList>(`${api}/nodes`);
  expect(nodes.body.items.map(({ metadata, usage }) => [metadata.name, usage])).toEqual([
    ['n1', { cpu: '500m', memory: '131072Ki' }],
    ['n2', { cpu: '0m', memory: '0Ki' }],
  ]);
  await s.cluster.advance(7_000);
  expect((await s.ask<Metrics>(`${api}/namespaces/default/pods/b`)).body).toMatchObject({ kind: 'PodMetrics', window: '7s' });
});

test('metrics are selected and found as other objects are', async () => {
  await using s = await served();
  const names = async (path: string): Promise<readonly string[]> =>
    (await s.ask<MetricsList>(`${api}${path}`)).body.items.map(({ metadata }) => metadata.name);
  expect(await names('/pods?labelSelector=app%3Db')).toEqual(['b']);
  expect(await names('/namespaces/kube-system/pods')).toEqual([]);
  expect((await s.ask(`${api}/pods?labelSelector=%3D`)).status).toBe(400);
  expect((await s.ask(`${api}/namespaces/default/pods/none`)).body).toMatchObject({
    code: 404,
    message: 'pods.metrics.k8s.io "none" not found',
  });
  expect((await s.ask(`${api}/nodes`, { method: 'DELETE' })).status).toBe(405);
  expect((await s.ask(`${api}/services`)).status).toBe(404);
  expect((await s.ask(api)).body).toMatchObject({
    kind: 'APIResourceList',
    resources: [
      { name: 'nodes', kind: 'NodeMetrics', namespaced: false, verbs: ['get', 'list'] },
      { name: 'pods', kind: 'PodMetrics', namespaced: true, verbs: ['get', 'list'] },
    ],
  });
});

import { expect, test } from 'vitest';
import type { V2HorizontalPodAutoscalerSpec, V2MetricSpec } from '../../src/api/generated/models.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { HorizontalPodAutoscaler, type Cluster, type ClusterOptions } from '../../src/index.ts';
import { horizontalPodAutoscalerKind } from '../../src/kinds/horizontal-pod-autoscaler.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import type { SimulatedImage } from '../../src/runtimes/simulated/simulated-image.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const namespace = 'default';
const rc = (replicas: number) => ({
  apiVersion: 'v1' as const,
  kind: 'ReplicationController' as const,
  metadata: { name: 'web', namespace },
  spec: {
    replicas,
    selector: { app: 'web' },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'web', resources: { requests: { cpu: '500m', memory: '100Mi' } } }] },
    },
  },
});

interface World {
  readonly metrics: readonly V2MetricSpec[];
  readonly replicas?: number;
  readonly spec?: Partial<V2HorizontalPodAutoscalerSpec>;
  readonly image?: SimulatedImage;
  readonly options?: ClusterOptions;
}

async function scaled({ metrics, replicas = 1, spec = {}, image = {}, options = {} }: World): Promise<Cluster> {
  const cluster = await smallCluster({ web: image }, options);
  await cluster.client.create(replicationControllerKind, rc(replicas));
  await cluster.advance('10s');
  await cluster.client.create(horizontalPodAutoscalerKind, {
    metadata: { name: 'h', namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics,
      ...spec,
    },
  });
  await cluster.settle();
  return cluster;
}

const size = (cluster: Cluster) => cluster.view.get(replicationControllerKind, namespace, 'web')?.spec?.replicas;
const statusOf = (cluster: Cluster) => cluster.view.get(horizontalPodAutoscalerKind, namespace, 'h')?.status;
const condition = (cluster: Cluster, type: string) => {
  const found = statusOf(cluster)?.conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}`;
};

const cpu = (averageUtilization: number): V2MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const external: V2MetricSpec = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
};
const perService: V2MetricSpec = {
  type: 'Object',
  object: {
    describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
    metric: { name: 'requests-per-second' },
    target: { type: 'AverageValue', averageValue: '100' },
  },
};
const quick = { type: 'Pods', value: 10, periodSeconds: 15 };
const aQueue = (length: { now: number }): ClusterOptions => ({ metrics: { external: () => Promise.resolve(length.now) } });

test('CPU: as many Pods as bring the mean to the target, at most doubled at a time, no more than allowed', async () => {
  await using cluster = await scaled({ metrics: [cpu(50)], replicas: 2, image: { cpuCores: 0.5 }, spec: { maxReplicas: 7 } });
  // The CPU of Pods that have just begun counts once they have been ready for a whole window.
  await cluster.advance('40s');
  expect(size(cluster)).toBe(4);
  expect(condition(cluster, 'ScalingActive')).toBe('True ValidMetricFound');
  await cluster.advance('6m');
  expect(size(cluster)).toBe(7);
  expect(condition(cluster, 'ScalingLimited')).toBe('True TooManyReplicas');
  expect(statusOf(cluster)?.currentMetrics).toEqual([
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '500m' } } },
  ]);
  expect(reasonsOf(cluster, 'h')).toContain('SuccessfulRescale');
});

test('within a tenth of the target nothing is done', async () => {
  await using cluster = await scaled({ metrics: [cpu(95)], replicas: 2, image: { cpuCores: 0.5 } });
  await cluster.advance('10m');
  expect(size(cluster)).toBe(2);
  expect(condition(cluster, 'AbleToScale')).toBe('True ReadyForNewScale');
});

test('memory of one container, by value', async () => {
  const metric: V2MetricSpec = {
    type: 'ContainerResource',
    containerResource: { name: 'memory', container: 'c', target: { type: 'AverageValue', averageValue: '50Mi' } },
  };
  await using cluster = await scaled({ metrics: [metric], image: { memoryBytes: 150 * 1024 * 1024 } });
  await cluster.advance('1m');
  expect(size(cluster)).toBeGreaterThanOrEqual(3);
  expect(statusOf(cluster)?.currentMetrics?.[0]?.containerResource?.current.averageValue).toBe('157286400');
});

test('down only after five minutes in which less was enough', async () => {
  const queue = { now: 60 };
  await using cluster = await scaled({ metrics: [external], replicas: 6, options: aQueue(queue) });
  await cluster.advance('30s');
  expect(size(cluster)).toBe(6);
  queue.now = 20;
  await cluster.advance('4m');
  expect(size(cluster)).toBe(6);
  expect(condition(cluster, 'AbleToScale')).toBe('True ScaleDownStabilized');
  await cluster.advance('2m');
  expect(size(cluster)).toBe(2);
});

test('a behavior sets windows and rates', async () => {
  const queue = { now: 100 };
  const behavior = {
    scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] },
  };
  await using cluster = await scaled({ metrics: [external], replicas: 1, spec: { behavior }, options: aQueue(queue) });
  await cluster.advance('20s');
  expect(size(cluster)).toBe(2);
  expect(condition(cluster, 'ScalingLimited')).toBe('True ScaleUpLimit');
  await cluster.advance('9m');
  expect(size(cluster)).toBe(10);
  queue.now = 10;
  await cluster.advance('30s');
  expect(size(cluster)).toBe(5);
  expect(condition(cluster, 'ScalingLimited')).toBe('True ScaleDownLimit');
});

test('a direction can be switched off', async () => {
  const queue = { now: 10 };
  await using cluster = await scaled({
    metrics: [external],
    replicas: 3,
    spec: { behavior: { scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 } } },
    options: aQueue(queue),
  });
  await cluster.advance('2m');
  expect(size(cluster)).toBe(3);
});

test('without a function for it an External metric says what is missing, and nothing is scaled', async () => {
  await using cluster = await scaled({ metrics: [external], replicas: 3 });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(3);
  expect(condition(cluster, 'ScalingActive')).toBe('False FailedGetExternalMetric');
  expect(statusOf(cluster)?.conditions?.find(({ type }) => type === 'ScalingActive')?.message).toContain('options.metrics.external');
  expect(reasonsOf(cluster, 'h')).toEqual(expect.arrayContaining(['FailedGetExternalMetric', 'FailedComputeMetricsReplicas']));
});

test('of several metrics the one that asks for most counts, and with one missing only more is decided', async () => {
  const queue = { now: 50 };
  await using cluster = await scaled({ metrics: [cpu(50), external], replicas: 2, options: aQueue(queue), image: { cpuCores: 0.1 } });
  await cluster.advance('40s');
  expect(size(cluster)).toBe(5);
  await using blind = await scaled({ metrics: [perService, external], replicas: 8, options: aQueue({ now: 10 }) });
  await blind.advance('10m');
  expect(size(blind)).toBe(8);
  expect(condition(blind, 'ScalingActive')).toBe('False FailedGetObjectMetric');
});

test('requests per second of a Service: up and down again, and to none and back on request', async () => {
  let perSecond = 0;
  let begun = 0;
  let last = 0;
  const options = (): ClusterOptions => ({
    metrics: {
      requests: {
        serviceCounters: () => {
          const now = cluster.clock.now();
          begun += (perSecond * (now - last)) / 1000;
          last = now;
          return { requests: Math.floor(begun), inFlight: 0 };
        },
        podCounters: () => undefined,
      },
    },
  });
  await using cluster: Cluster = await scaled({ metrics: [perService], spec: { minReplicas: 0 }, options: options() });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(1);
  perSecond = 800;
  await cluster.advance('1m');
  expect(size(cluster)).toBe(8);
  const stored = cluster.view.get(horizontalPodAutoscalerKind, namespace, 'h')!;
  expect(new HorizontalPodAutoscaler(stored, cluster.client).bind(cluster.client, stored).metrics()).toMatchObject([
    { type: 'Object', name: 'requests-per-second', current: { averageValue: '100' } },
  ]);
  perSecond = 0;
  await cluster.advance('7m');
  expect(size(cluster)).toBe(0);
  perSecond = 1;
  await cluster.advance('3s');
  expect(size(cluster)).toBe(1);
});

test('what was scaled to none by hand is left alone', async () => {
  await using cluster = await scaled({ metrics: [external], replicas: 0, options: aQueue({ now: 100 }) });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(0);
  expect(condition(cluster, 'ScalingActive')).toBe('False ScalingDisabled');
});

test('a manifest that is applied again leaves the autoscaler its number, and says so', async () => {
  await using cluster = await scaled({ metrics: [external], replicas: 1, options: aQueue({ now: 40 }) });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(4);
  const warnings: string[] = [];
  await cluster.apply(rc(1), { onWarning: (message) => warnings.push(message) });
  expect(size(cluster)).toBe(4);
  expect(warnings).toEqual([
    'replicationcontrollers "web": spec.replicas is left at 4, not set to 1: HorizontalPodAutoscaler "h" decides it',
  ]);
});

test('a selector on what the service proxy measures is told, not passed over', async () => {
  const metric = { name: 'requests-per-second', selector: { matchLabels: { path: 'home' } } };
  await using cluster = await scaled({ metrics: [{ type: 'Object', object: { ...perService.object!, metric } }], replicas: 2 });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(2);
  expect(statusOf(cluster)?.conditions?.find(({ type }) => type === 'ScalingActive')?.message).toContain('expected no metric.selector');
});

test('two autoscalers for the same Pods: neither acts, both say so, and the one that is left goes on', async () => {
  await using cluster = await scaled({ metrics: [external], replicas: 3, options: aQueue({ now: 80 }) });
  const { spec } = cluster.view.get(horizontalPodAutoscalerKind, namespace, 'h')!;
  await cluster.client.create(horizontalPodAutoscalerKind, { metadata: { name: 'rival', namespace }, spec: spec! });
  await cluster.client.patch(replicationControllerKind, { namespace, name: 'web' }, { type: 'merge', patch: { spec: { replicas: 4 } } });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(4);
  expect(condition(cluster, 'ScalingActive')).toBe('False AmbiguousSelector');
  expect(reasonsOf(cluster, 'rival')).toContain('AmbiguousSelector');
  await cluster.client.delete(horizontalPodAutoscalerKind, { namespace, name: 'rival' });
  await cluster.advance('1m');
  expect(size(cluster)).toBe(8);
  expect(condition(cluster, 'ScalingActive')).toBe('True ValidMetricFound');
});

test.each([
  ['a text', '.status.selector', 'app=web', 6, 'True ValidMetricFound'],
  ['a text that is none', '.status.selector', 'app in', 1, 'False InvalidSelector'],
  ['nothing', undefined, undefined, 1, 'False InvalidSelector'],
])('a custom resource whose scale has %s as selector', async (_what, labelSelectorPath, selector, expected, active) => {
  await using cluster = await smallCluster({}, aQueue({ now: 60 }));
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const scale = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    ...(labelSelectorPath && { labelSelectorPath }),
  };
  const version = { name: 'v1', served: true, storage: true, schema, subresources: { status: {}, scale } };
  const names = { plural: 'farms', singular: 'farm', kind: 'Farm', listKind: 'FarmList' };
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'farms.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version] },
    }),
  );
  await cluster.settle();
  const kind = cluster.kinds.byKind('example.com/v1', 'Farm')!;
  const farm = await cluster.client.create(kind, { metadata: { name: 'f', namespace }, spec: { replicas: 1 } } as KubeObject);
  await cluster.client.updateStatus(kind, { ...farm, status: { replicas: 1, ...(selector && { selector }) } } as KubeObject);
  const scaleTargetRef = { apiVersion: 'example.com/v1', kind: 'Farm', name: 'f' };
  const spec = { scaleTargetRef, minReplicas: 1, maxReplicas: 10, metrics: [external], behavior: { scaleUp: { policies: [quick] } } };
  await cluster.client.create(horizontalPodAutoscalerKind, { metadata: { name: 'h', namespace }, spec });
  await cluster.advance('1m');
  expect(cluster.view.get(kind, namespace, 'f')).toMatchObject({ spec: { replicas: expected } });
  expect(condition(cluster, 'ScalingActive')).toBe(active);
});

test('a target that is not there is told', async () => {
  await using cluster = await smallCluster();
  await cluster.client.create(horizontalPodAutoscalerKind, {
    metadata: { name: 'h', namespace },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, maxReplicas: 3 },
  });
  await cluster.settle();
  expect(condition(cluster, 'AbleToScale')).toBe('False FailedGetScale');
});

import { expect, test } from 'vitest';
import { Eviction } from '../../src/admission/eviction.ts';
import type { PodDisruptionBudgetSpec } from '../../src/api/generated/models.ts';
import { Node, type Cluster, type WaitTimeoutError } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated/index.ts';
import { jobKind } from '../../src/kinds/job.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podDisruptionBudgetKind } from '../../src/kinds/pod-disruption-budget.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const namespace = 'default';
const labels = { app: 'web' };

async function clusterOf(replicas: number, spec: PodDisruptionBudgetSpec, image = 'web'): Promise<Cluster> {
  const cluster = await smallCluster({}, { nodes: ['n1', 'n2'].map((name) => ({ name, runtime: newRuntime() })) });
  const probe = { exec: { command: ['ok'] }, periodSeconds: 1, failureThreshold: 1000 };
  await cluster.client.create(replicationControllerKind, {
    metadata: { name: 'web', namespace },
    spec: {
      replicas,
      selector: labels,
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image, readinessProbe: probe }] } },
    },
  });
  await cluster.client.create(podDisruptionBudgetKind, {
    metadata: { name: 'b', namespace },
    spec: { selector: { matchLabels: labels }, ...spec },
  });
  await cluster.advance('10s');
  return cluster;
}

const newRuntime = () => new SimulatedRuntime({ images: { slow: { readyAfterMs: 60_000 } } });
const statusOf = (cluster: Cluster) => cluster.view.get(podDisruptionBudgetKind, namespace, 'b')?.status;
const podNames = (cluster: Cluster) => cluster.view.list(podKind, { namespace }).map((pod) => pod.metadata.name);

test.each([
  [{ minAvailable: 2 }, { disruptionsAllowed: 2, desiredHealthy: 2, currentHealthy: 4, expectedPods: 4 }],
  [{ minAvailable: '51%' }, { disruptionsAllowed: 1, desiredHealthy: 3 }],
  [{ maxUnavailable: 1 }, { disruptionsAllowed: 1, desiredHealthy: 3 }],
  [{ maxUnavailable: '30%' }, { disruptionsAllowed: 2, desiredHealthy: 2 }],
  [{ maxUnavailable: 0 }, { disruptionsAllowed: 0, desiredHealthy: 4 }],
] as const)('%j of four Pods', async (spec, expected) => {
  await using cluster = await clusterOf(4, spec);
  expect(statusOf(cluster)).toMatchObject({ ...expected, observedGeneration: 1 });
  expect(statusOf(cluster)?.conditions).toMatchObject([
    {
      type: 'DisruptionAllowed',
      status: expected.disruptionsAllowed > 0 ? 'True' : 'False',
      reason: expected.disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    },
  ]);
});

test('an eviction takes one disruption; when there is none left, the next is refused in Kubernetes’ words', async () => {
  await using cluster = await clusterOf(2, { minAvailable: 1 });
  const [first, second] = podNames(cluster) as [string, string];
  await cluster.client.evict({ namespace, name: first });
  expect(statusOf(cluster)).toMatchObject({ disruptionsAllowed: 0 });
  expect(cluster.view.get(podKind, namespace, first)?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
  );
  await expect(new Eviction(cluster.registry, cluster.view, cluster.clock).evict({ namespace, name: second })).rejects.toMatchObject({
    status: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 2 currently' }] },
  });
});

test('the budget counts again once the replacement is ready', async () => {
  await using cluster = await clusterOf(3, { maxUnavailable: 1 });
  await cluster.client.evict({ namespace, name: podNames(cluster)[0]! });
  await cluster.advance('2m');
  expect(statusOf(cluster)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
  expect(statusOf(cluster)).not.toHaveProperty('disruptedPods');
});

test('a Pod that is not ready may go if the policy says so, and else while too few are healthy not', async () => {
  await using cluster = await clusterOf(2, { minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }, 'slow');
  expect(statusOf(cluster)).toMatchObject({ currentHealthy: 0, disruptionsAllowed: 0 });
  await cluster.client.evict({ namespace, name: podNames(cluster)[0]! });
  expect(statusOf(cluster)).not.toHaveProperty('disruptedPods');
  await using other = await clusterOf(2, { minAvailable: 2 }, 'slow');
  await expect(other.client.evict({ namespace, name: podNames(other)[0]! }, { timeoutMs: 0 })).rejects.toMatchObject({
    code: 'WAIT_TIMEOUT',
  });
});

test('what has no scale cannot be counted in percent, and is left alone', async () => {
  await using cluster = await smallCluster();
  const template = { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'web' }] } };
  await cluster.client.create(jobKind, { metadata: { name: 'j', namespace }, spec: { template } });
  const spec = { selector: { matchLabels: labels }, maxUnavailable: 1 };
  await cluster.client.create(podDisruptionBudgetKind, { metadata: { name: 'b', namespace }, spec });
  await cluster.advance('5s');
  expect(statusOf(cluster)).toMatchObject({ disruptionsAllowed: 0 });
  expect(statusOf(cluster)?.conditions?.[0]).toMatchObject({
    status: 'False',
    reason: 'SyncFailed',
    message: 'jobs.batch does not implement the scale subresource',
  });
  expect(reasonsOf(cluster, 'b')).toContain('CalculateExpectedPodCountFailed');
});

const draining = (cluster: Cluster, timeoutMs: number): Promise<string> => {
  const node = cluster.view.get(nodeKind, undefined, 'n1')!;
  return new Node(node, cluster.client)
    .bind(cluster.client, node)
    .drain({ timeoutMs })
    .then(
      () => 'drained',
      (error: WaitTimeoutError) => error.message,
    );
};

test('a drain goes as fast as the budget lets it, and never below', async () => {
  await using cluster = await clusterOf(6, { maxUnavailable: 1 });
  let least = 6;
  cluster.on('change', () => (least = Math.min(least, statusOf(cluster)?.currentHealthy ?? 6)));
  const drained = draining(cluster, 600_000);
  await cluster.advance('10m');
  expect(await drained).toBe('drained');
  expect(least).toBe(5);
  expect(cluster.view.list(podKind, { namespace }).map((pod) => pod.spec?.nodeName)).toEqual(Array<string>(6).fill('n2'));
});

test('a drain that a budget forbids ends with the budget’s words', async () => {
  await using cluster = await clusterOf(4, { maxUnavailable: 0 });
  const drained = draining(cluster, 30_000);
  await cluster.advance('1m');
  expect(await drained).toContain('The disruption budget b needs 4 healthy pods and has 4 currently');
});

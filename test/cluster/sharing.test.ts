import { expect, test } from 'vitest';
import { Cluster, ManualClock, podKind, replicationControllerKind } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const labels = { app: 'web' };
const resources = { requests: { cpu: '10m' } };

test('what pods of a template have in common is held once', async () => {
  await using cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new SimulatedRuntime({ durations: { sandboxMs: 1, startMs: 1, pullMs: 1 } }) })),
  });
  await cluster.client.create(replicationControllerKind, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 12,
      selector: labels,
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1', resources }] } },
    },
  });
  await cluster.advance('10s');
  const pods = cluster.view.list(podKind);
  expect(pods.map((pod) => pod.status?.phase)).toEqual(Array.from({ length: 12 }, () => 'Running'));
  const different = (of: (pod: (typeof pods)[number]) => unknown): number => new Set(pods.map(of)).size;
  // One for each group of creates: 1, 1, 2, 4 and what is missing.
  expect(different((pod) => pod.metadata.ownerReferences)).toBeLessThanOrEqual(5);
  expect(different((pod) => pod.spec)).toBe(2);
  expect(different((pod) => pod.spec?.containers)).toBe(1);
  // Whichever the node, in this order or another: pods that came up in the same second.
  expect(different((pod) => pod.status?.conditions)).toBeLessThanOrEqual(2);
  expect(different((pod) => pod.status?.containerStatuses?.[0]?.state)).toBe(1);

  // The spec of a bound pod is known to be complete: it is not taken apart for a write that leaves it alone.
  const [first] = pods;
  const changed = await cluster.client.update(podKind, { ...first!, metadata: { ...first!.metadata, labels: { ...labels, more: 'x' } } });
  expect(changed.spec).toBe(first!.spec);
});

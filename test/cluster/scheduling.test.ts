import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { eventKind } from '../../src/kinds/event.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';

async function addNode(cluster: Cluster, name: string, cpu: string): Promise<void> {
  const node = await cluster.client.create(nodeKind, { metadata: { name } });
  await cluster.client.updateStatus(nodeKind, {
    ...node,
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      allocatable: { cpu, memory: '8Gi', pods: '10' },
      capacity: { cpu, memory: '8Gi', pods: '10' },
    },
  });
}

const pod = (name: string, cpu: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'web:1', resources: { requests: { cpu } } }] },
});

test('a cluster places pods by itself, says why it does not, and does once it can', async () => {
  const clock = new ManualClock();
  await using cluster = await Cluster.create({ clock, seed: 1 });
  await addNode(cluster, 'small', '1');
  await cluster.client.create(podKind, pod('fits', '1'));
  await cluster.client.create(podKind, pod('waits', '2'));
  await cluster.settle();
  const at = (name: string) => cluster.client.get(podKind, { namespace: 'default', name })!;
  expect(at('fits').spec?.nodeName).toBe('small');
  const message = '0/1 nodes are available: 1 Insufficient cpu.';
  const whole = `${message} preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`;
  expect(at('waits').status?.conditions).toMatchObject([
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: whole },
  ]);
  expect(cluster.explain(at('waits'))).toMatchObject({
    message,
    nodes: [{ node: 'small', refusedBy: { plugin: 'NodeResourcesFit', resolvable: false } }],
  });

  await addNode(cluster, 'big', '4');
  await cluster.settle();
  expect(at('waits').spec?.nodeName).toBeUndefined();
  clock.moveTo(clock.now() + 1_000);
  await cluster.settle();
  expect(at('waits').spec?.nodeName).toBe('big');
  const events = cluster.client.list(eventKind).map(({ reason, message: text }) => `${reason}: ${text}`);
  expect(events).toContain(`FailedScheduling: ${whole}`);
  expect(events).toContain('Scheduled: Successfully assigned default/waits to big');
});

test('a pod with scheduling gates says so from the start, and is placed once they are gone', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1 });
  await addNode(cluster, 'n', '1');
  const { metadata, spec } = pod('held', '1');
  const created = await cluster.client.create(podKind, { metadata, spec: { ...spec, schedulingGates: [{ name: 'quota.example.com' }] } });
  expect(created.status?.conditions).toEqual([
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ]);
  await cluster.settle();
  const held = cluster.client.get(podKind, metadata)!;
  expect(held.spec?.nodeName).toBeUndefined();
  const { schedulingGates: _gates, ...free } = held.spec!;
  await cluster.client.update(podKind, { ...held, spec: free });
  await cluster.settle();
  const placed = cluster.client.get(podKind, metadata)!;
  expect(placed.spec?.nodeName).toBe('n');
  expect(placed.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
});

test('without a scheduler nothing is placed; a pod of an unknown scheduler cannot be explained', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, scheduler: 'none' });
  await addNode(cluster, 'n', '1');
  const created = await cluster.client.create(podKind, pod('p', '1'));
  await cluster.settle();
  expect(cluster.client.get(podKind, { namespace: 'default', name: 'p' })?.spec?.nodeName).toBeUndefined();
  expect(() => cluster.explain(created)).toThrow('no scheduler of this cluster is called default-scheduler');
});

test('a scheduler of the host takes the place of the default one', async () => {
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, scheduler: new DefaultScheduler() });
  await addNode(cluster, 'n', '1');
  await cluster.client.create(podKind, pod('p', '1'));
  await cluster.settle();
  expect(cluster.client.get(podKind, { namespace: 'default', name: 'p' })?.spec?.nodeName).toBe('n');
});

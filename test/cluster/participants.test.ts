import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { podKind } from '../../src/kinds/pod.ts';
import type { Participant } from '../../src/loop/participant.ts';
import type { SandboxConfig, SandboxReport } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

/** Remembers what its sandboxes were told about names. */
class RecordingRuntime extends SimulatedRuntime {
  readonly dns = new Map<string, SandboxConfig['dns']>();

  override runSandbox(config: SandboxConfig): Promise<SandboxReport> {
    this.dns.set(config.pod.metadata.name, config.dns);
    return super.runSandbox(config);
  }
}

const pod = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
});

test("a host's own participant is told of changes, stepped, and closed with the cluster", async () => {
  const seen = new Set<string>();
  let steps = 0;
  let closed = 0;
  const participant: Participant = {
    name: 'mine',
    start: () => undefined,
    onChanges: (changes) => {
      for (const { object } of changes) seen.add(`${object.kind} ${object.metadata.name}`);
    },
    step: () => {
      steps++;
      return { inFlight: 0, wakeAt: undefined, progressed: false };
    },
    close: async () => void closed++,
  };
  const cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, extraParticipants: [participant] });
  await cluster.client.create(podKind, pod('p'));
  await cluster.settle();
  expect(seen).toContain('Pod p');
  expect(seen).toContain('Namespace default');
  expect(steps).toBeGreaterThan(0);
  await cluster.close();
  expect(closed).toBe(1);
});

test('a cluster with a name server tells its Pods where to ask, in the zone that was chosen', async () => {
  const runtime = new RecordingRuntime();
  await using cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    dns: { zone: 'ship.test', podNameservers: ['10.0.0.53'] },
    nodes: [{ name: 'n1', runtime }],
  });
  await cluster.client.create(podKind, pod('p'));
  await cluster.settle();
  expect(runtime.dns.get('p')).toEqual({
    nameservers: ['10.0.0.53'],
    searches: ['default.svc.ship.test', 'svc.ship.test', 'ship.test'],
    options: ['ndots:5'],
  });
  const address = cluster.nameServer?.address();
  expect(address?.address).toBe('127.0.0.1');
  expect(address?.port).toBeGreaterThan(0);
});

test('a name server at a port that resolvers do not know is not told to Pods, and without `dns` there is none', async () => {
  const runtime = new RecordingRuntime();
  await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, dns: {}, nodes: [{ name: 'n1', runtime }] });
  await cluster.client.create(podKind, pod('p'));
  await cluster.settle();
  expect(runtime.dns.has('p')).toBe(true);
  expect(runtime.dns.get('p')).toBeUndefined();
  await using plain = await Cluster.create({ clock: new ManualClock(), seed: 1 });
  expect(plain.nameServer).toBeUndefined();
});

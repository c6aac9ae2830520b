import { describe, expect, test } from 'vitest';
import { objectKey } from '../../src/api/keys.ts';
import type { StoredObject } from '../../src/api/object.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';
import { Cluster } from '../../src/cluster.ts';
import type { ClusterOptions } from '../../src/cluster-options.ts';
import type { Controller } from '../../src/controllers/controller.ts';
import { silentLogger } from '../../src/env/logger.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { endpointSliceKind } from '../../src/kinds/endpoint-slice.ts';
import { eventKind } from '../../src/kinds/event.ts';
import { leaseKind } from '../../src/kinds/lease.ts';
import { namespaceKind } from '../../src/kinds/namespace.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import type { Participant } from '../../src/loop/participant.ts';
import type { ComponentFailure } from '../../src/loop/loop.ts';
import type { SandboxReport } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import type { AnyPlugin } from '../../src/scheduler/plugin.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';

const pod = (name: string) => ({ metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'web:1' }] } });

const web = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
  },
};

interface Watched {
  readonly cluster: Cluster;
  readonly failures: ComponentFailure[];
  running(): readonly string[];
  reasons(name: string): readonly string[];
}

async function watched(options: ClusterOptions = {}): Promise<Watched> {
  const cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }],
    ...options,
  });
  const failures: ComponentFailure[] = [];
  cluster.on('failure', (failure) => failures.push(failure));
  return {
    cluster,
    failures,
    running: () =>
      cluster.client
        .list(podKind)
        .filter(({ status }) => status?.phase === 'Running')
        .map(({ metadata }) => metadata.name)
        .sort(),
    reasons: (name) =>
      cluster.client
        .list(eventKind)
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason = '' }) => reason),
  };
}

describe('who throws is told of, and harms nobody else', () => {
  test.each(['triggers', 'initialKeys', 'reconcile'] as const)('a controller that throws in %s', async (where) => {
    const throwing = (here: string, name: string): void => {
      if (where === here && name === 'bad') throw new Error(`no good: ${name}`);
    };
    const seen: string[] = [];
    const controller: Controller = {
      name: 'mine',
      triggers: [
        {
          kind: configMapKind,
          keys: ({ object }) => {
            throwing('triggers', object.metadata.name);
            return [object.metadata.name];
          },
        },
      ],
      initialKeys: () => {
        throwing('initialKeys', 'bad');
        return [];
      },
      reconcile: (_view, key) => {
        throwing('reconcile', key);
        seen.push(key);
        return { writes: [] };
      },
    };
    const { cluster, failures, running } = await watched({ extraControllers: [controller] });
    await using _ = cluster;
    for (const name of ['bad', 'good']) await cluster.client.create(configMapKind, { metadata: { name, namespace: 'default' } });
    await cluster.client.create(replicationControllerKind, web);
    await cluster.advance('30s');
    expect(running()).toHaveLength(2);
    expect(seen).toContain('good');
    expect(seen.includes('bad')).toBe(where === 'initialKeys');
    expect(failures[0]).toMatchObject({
      component: 'mine',
      key: where === 'reconcile' ? 'bad' : where,
      error: { message: 'no good: bad' },
    });
    // Tried again, but not in a hot loop.
    expect(failures.length).toBeLessThan(60);
  });

  test.each(['start', 'onChanges', 'step'] as const)('a participant that throws in %s is stepped again', async (where) => {
    let steps = 0;
    let broken = true;
    const throwing = (here: string): void => {
      if (broken && where === here) throw new Error(`no good: ${here}`);
    };
    const participant: Participant = {
      name: 'mine',
      start: () => throwing('start'),
      onChanges: () => throwing('onChanges'),
      step: () => {
        throwing('step');
        steps++;
        return { inFlight: 0, wakeAt: undefined, progressed: false };
      },
      close: async () => undefined,
    };
    if (where === 'start') {
      await expect(watched({ extraParticipants: [participant] })).rejects.toThrow('no good: start');
      return;
    }
    const { cluster, failures, running } = await watched({ extraParticipants: [participant] });
    await using _ = cluster;
    await cluster.client.create(podKind, pod('good'));
    await cluster.advance('10s');
    expect(running()).toEqual(['good']);
    expect(failures[0]).toMatchObject({ component: 'mine', key: where });
    expect(failures.length).toBeLessThan(20);
    broken = false;
    const before = steps;
    await cluster.advance('2m');
    expect(steps).toBeGreaterThan(before);
  });

  test('a scheduler that throws is asked again, less and less often', async () => {
    class Moody extends DefaultScheduler {
      broken = true;
      override schedule(...args: Parameters<DefaultScheduler['schedule']>): ReturnType<DefaultScheduler['schedule']> {
        if (this.broken) throw new Error('not today');
        return super.schedule(...args);
      }
    }
    const scheduler = new Moody();
    const { cluster, failures, running } = await watched({ scheduler });
    await using _ = cluster;
    await cluster.client.create(podKind, pod('p'));
    await cluster.advance('1m');
    expect(running()).toEqual([]);
    expect(failures[0]).toMatchObject({ component: scheduler.name, key: 'schedule', error: { message: 'not today' } });
    expect(failures.length).toBeLessThan(40);
    scheduler.broken = false;
    await cluster.advance('2m');
    expect(running()).toEqual(['p']);
  });

  test.each(['preFilter', 'filter', 'score', 'reserve', 'permit', 'preBind'] as const)(
    'a plugin that throws in %s for one Pod: SchedulerError, and a new try',
    async (point) => {
      let broken = true;
      const call = (info: { readonly object: StoredObject }): undefined => {
        if (broken && info.object.metadata.name === 'bad') throw new Error('out of order');
        return undefined;
      };
      const results = { score: 0, preBind: [] as const };
      const plugin = {
        name: 'Broken',
        [point]: (info: never) => call(info) ?? (results as Record<string, unknown>)[point],
      } as unknown as AnyPlugin;
      const { cluster, running, reasons } = await watched({
        scheduler: new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin, weight: 1 }] }] }),
        nodes: ['n1', 'n2'].map((name) => ({ name, runtime: new SimulatedRuntime() })),
      });
      await using _ = cluster;
      for (const name of ['bad', 'good']) await cluster.client.create(podKind, pod(name));
      await cluster.advance('5s');
      expect(running()).toEqual(['good']);
      const [condition] = cluster.client.get(podKind, { namespace: 'default', name: 'bad' })?.status?.conditions ?? [];
      expect(condition).toMatchObject({ type: 'PodScheduled', status: 'False' });
      expect(condition?.message).toContain('out of order');
      expect(reasons('bad')).toContain('FailedScheduling');
      broken = false;
      await cluster.advance('6m');
      expect(running()).toEqual(['bad', 'good']);
    },
  );

  test('a Pod of which the runtime tells nonsense does not hold up the others of its node', async () => {
    class Confused extends SimulatedRuntime {
      confused = true;
      override async inspectPod(uid: string): Promise<readonly SandboxReport[]> {
        const reports = await super.inspectPod(uid);
        return reports.map((report) =>
          this.confused && report.podName === 'bad' ? { ...report, containers: undefined as never } : report,
        );
      }
      override async runSandbox(...args: Parameters<SimulatedRuntime['runSandbox']>): Promise<SandboxReport> {
        const report = await super.runSandbox(...args);
        return this.confused && report.podName === 'bad' ? { ...report, containers: undefined as never } : report;
      }
    }
    const runtime = new Confused();
    const { cluster, running, reasons } = await watched({ nodes: [{ name: 'n1', runtime }] });
    await using _ = cluster;
    for (const name of ['bad', 'good', 'other']) await cluster.client.create(podKind, pod(name));
    await cluster.advance('30s');
    expect(running()).toEqual(['good', 'other']);
    expect(reasons('bad')).toContain('FailedSync');
    runtime.confused = false;
    await cluster.advance('10m');
    expect(running()).toEqual(['bad', 'good', 'other']);
  });

  test("an admission step of the host that throws: its writer is told, a controller's Event says so, others are made", async () => {
    const { cluster, running, reasons } = await watched({
      admission: [
        {
          name: 'mine',
          validate: ({ object }) => {
            if ((object?.metadata?.labels?.['app'] ?? '') === 'web' && object?.kind === 'Pod') throw new TypeError('x is undefined');
          },
        },
      ],
    });
    await using _ = cluster;
    await cluster.client.create(replicationControllerKind, web);
    await expect(
      cluster.client.create(podKind, { ...pod('p'), metadata: { name: 'p', namespace: 'default', labels: { app: 'web' } } }),
    ).rejects.toThrow('x is undefined');
    await cluster.client.create(podKind, pod('good'));
    await cluster.advance('5s');
    expect(running()).toEqual(['good']);
    expect(reasons('web')).toContain('FailedCreate');
  });

  test('`once` is once, `off` is off, and what an async listener rejects with goes to the logger', async () => {
    const told: unknown[] = [];
    const { cluster } = await watched({ logger: { ...silentLogger, error: (fields) => told.push(fields) } });
    await using _ = cluster;
    let once = 0;
    let off = 0;
    const count = (): void => void off++;
    cluster.once('pass', () => once++);
    cluster.on('pass', count);
    expect(cluster.listeners('pass')).toContain(count);
    // What a program without a type checker may do.
    const asynchronous: () => unknown = () => Promise.reject(new Error('async listener'));
    cluster.once('pass', asynchronous as () => void);
    cluster.once('pass', () => {
      throw new Error('listener');
    });
    await cluster.reconcile();
    cluster.off('pass', count);
    await cluster.reconcile();
    expect({ once, off }).toEqual({ once: 1, off: 1 });
    expect(told).toEqual([
      { event: 'pass', error: 'listener' },
      { event: 'pass', error: 'async listener' },
    ]);
  });

  test('listeners that throw change nothing', async () => {
    const { cluster, running } = await watched();
    const late: string[] = [];
    for (const name of ['pass', 'change', 'event', 'closed'] as const) {
      cluster.on(name, () => {
        throw new Error('listener');
      });
      cluster.on(name, () => late.push(name));
    }
    await cluster.client.create(podKind, pod('good'));
    await cluster.advance('5s');
    expect(running()).toEqual(['good']);
    await cluster.close();
    expect(new Set(late)).toEqual(new Set(['pass', 'change', 'event', 'closed']));
  });
});

test('objects in the store that no version of ours has written stop nothing', async () => {
  const store = new MemoryStore();
  const { cluster, running } = await watched({ store });
  await using _ = cluster;
  let number = 0;
  const bodies: readonly object[] = [
    {},
    { spec: null, status: null },
    { spec: {}, status: {} },
    { spec: { containers: [], selector: { some: 'thing' }, ports: [], template: {} }, status: { conditions: [{}] } },
    { spec: { nodeName: 'n1', containers: [{ name: 'c' }], replicas: 'many', taints: [{}], tolerations: [{}], volumes: [{}] } },
    { spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: 'lots' } } }] } },
    { spec: { selector: { app: 'web' }, replicas: 3, template: { metadata: { labels: { app: 'web' } } } } },
    { metadata: { ownerReferences: [{}], labels: null, finalizers: null, deletionTimestamp: 'soon' } },
    { endpoints: [{}], ports: [{}], subsets: [{}] },
    { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } }, containers: [{ name: 'c' }] } },
  ];
  const kinds: readonly KindDescriptor[] = [
    podKind,
    replicationControllerKind,
    serviceKind,
    nodeKind,
    endpointSliceKind,
    namespaceKind,
    leaseKind,
  ];
  for (const kind of kinds) {
    for (const body of bodies) {
      const name = `bad-${number++}`;
      const metadata = {
        name,
        uid: `uid-${name}`,
        creationTimestamp: '2024-01-01T00:00:00Z',
        ...(kind.namespaced && { namespace: 'default' }),
        ...(body as { readonly metadata?: object }).metadata,
      };
      const value = { apiVersion: kind.group === '' ? 'v1' : `${kind.group}/v1`, kind: kind.kind, ...body, metadata };
      await store.write([{ key: objectKey(kind, 'default', name), value, expected: 0 } as never]);
    }
  }
  await cluster.client.create(serviceKind, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await cluster.client.create(replicationControllerKind, web);
  await cluster.client.create(podKind, pod('good'));
  await cluster.advance('2m');
  expect(running()).toContain('good');
  expect(running().filter((name) => name.startsWith('web-'))).toHaveLength(2);
  const ready = cluster.client
    .list(endpointSliceKind)
    .filter(({ metadata }) => metadata.name.startsWith('web-'))
    .flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready === true));
  expect(ready).toHaveLength(2);
});

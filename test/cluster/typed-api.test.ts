import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Cluster,
  ConfigMap,
  ConfigurationError,
  InvalidError,
  Pod,
  ReplicationController,
  Service,
  WaitFailedError,
  WaitTimeoutError,
} from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

let cluster: Cluster;

beforeAll(async () => {
  const runtime = new SimulatedRuntime();
  cluster = await Cluster.create({ clock: new ManualClock(), seed: 5, nodes: [{ name: 'n1', runtime }] });
});
afterAll(() => cluster.close());

describe('typed classes', () => {
  test('a handle is made from a manifest, and is live once created', async () => {
    const rc = new ReplicationController({
      metadata: { name: 'live' },
      spec: {
        replicas: 2,
        selector: { app: 'live' },
        template: { metadata: { labels: { app: 'live' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
      },
    });
    expect(() => rc.spec).toThrow(ConfigurationError);
    await cluster.create(rc);
    await rc.ready();
    expect(rc.pods().map((pod) => pod.phase)).toEqual(['Running', 'Running']);
    await rc.scale(5);
    await rc.ready();
    expect(rc.pods()).toHaveLength(5);
    await rc.delete();
    await cluster.advance('1m');
    expect(rc.exists).toBe(false);
    expect(cluster.pods.list({ labelSelector: 'app=live' })).toEqual([]);
  });

  test('console.log of a handle shows the object, stored or not, and not the machinery', async () => {
    const settings = await cluster.configMaps.create({ metadata: { name: 'shown' }, data: { colour: 'blue' } });
    expect(inspect(settings)).toMatch(/^ConfigMap default\/shown \{[^]*data: \{ colour: 'blue' \}/);
    const unstored = new Pod({ metadata: { name: 'later' }, spec: { containers: [] } });
    expect(inspect(unstored)).toMatch(/^Pod default\/later \{[^]*name: 'later'/);
    expect(inspect([settings, unstored])).not.toContain('applyDefaults');
  });

  test('run and expose; a Service knows its endpoints', async () => {
    const rc = await cluster.run('web', 'web:1', { replicas: 3, port: 8080 });
    const service = await cluster.expose(rc, { port: 80, targetPort: 8080 });
    await rc.ready();
    await service.ready();
    expect(service).toBeInstanceOf(Service);
    expect(service.endpoints().filter((each) => each.ready)).toHaveLength(3);
    expect(service.clusterIP).toMatch(/^127\.96\./);
  });

  test('apply: YAML of many documents, twice', async () => {
    const yaml = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { colour: blue }
---
apiVersion: v1
kind: Pod
metadata: { name: worker }
spec:
  containers: [{ name: c, image: "job:1" }]
`;
    expect((await cluster.apply(yaml)).map((each) => each.outcome)).toEqual(['created', 'created']);
    expect((await cluster.apply(yaml)).map((each) => each.outcome)).toEqual(['unchanged', 'unchanged']);
    const changed = await cluster.apply(yaml.replace('blue', 'red'));
    expect(changed.map((each) => each.outcome)).toEqual(['configured', 'unchanged']);
    expect(cluster.configMaps.get('settings')?.data).toEqual({ colour: 'red' });
  });

  test('apply: objects as they stand in a program, of any kind', async () => {
    const applied = await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'literal' }, data: { colour: 'green' } });
    expect(applied.map((each) => each.outcome)).toEqual(['created']);
    const several = await cluster.apply([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'literal' }, data: { colour: 'blue' } },
      new ConfigMap({ metadata: { name: 'handle' } }),
    ]);
    expect(several.map((each) => each.outcome)).toEqual(['configured', 'created']);
  });

  test('apply: nothing was left to do if only the owners of fields change', async () => {
    const yaml = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: again }\n';
    for (const outcome of ['created', 'unchanged', 'unchanged']) {
      expect((await cluster.apply(yaml)).map((each) => each.outcome)).toEqual([outcome]);
    }
  });

  test('unknown fields and bad values are refused, all at once, with their paths', async () => {
    const bad = cluster.pods.create({
      metadata: { name: 'bad' },
      spec: { containers: [{ name: 'C!', image: '', ports: [{ containerPort: 70000 }] }] },
    });
    await expect(bad).rejects.toThrow(InvalidError);
    const fields = await bad.catch((error: InvalidError) => error.causes.map((cause) => cause.field));
    expect(fields).toEqual(
      expect.arrayContaining(['spec.containers[0].name', 'spec.containers[0].image', 'spec.containers[0].ports[0].containerPort']),
    );
    const unknown = { metadata: { name: 'odd' }, spec: { containers: [{ name: 'c', image: 'web:1', imagee: 'x' }] } };
    await expect(cluster.pods.create(unknown)).rejects.toThrow('unknown field "spec.containers[0].imagee"');
  });

  test('waits say at once what can no longer happen, and carry the evidence when the time is up', async () => {
    const big = await cluster.create(
      new Pod({
        metadata: { name: 'big' },
        spec: { containers: [{ name: 'c', image: 'web:1', resources: { requests: { cpu: '999' } } }] },
      }),
    );
    const failure = await big.waitFor('Running').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WaitFailedError);
    expect(String(failure)).toContain('0/1 nodes are available: 1 Insufficient cpu.');
    const timeout = await big.waitFor('Running', { failFast: false, timeoutMs: 5000 }).catch((error: unknown) => error);
    expect(timeout).toBeInstanceOf(WaitTimeoutError);
    expect((timeout as WaitTimeoutError).evidence).toContain('FailedScheduling');
    expect(cluster.explain(big).nodes[0]?.refusedBy?.reasons).toEqual(['Insufficient cpu']);
  });

  test('a watch is an async iterable that ends', async () => {
    const seen: string[] = [];
    await using watch = cluster.configMaps.watch({ labelSelector: 'watched=yes' });
    await cluster.configMaps.create({ metadata: { name: 'w1', namespace: 'default', labels: { watched: 'yes' } } });
    await cluster.configMaps.get('w1')!.label({ watched: null });
    for await (const { type, object } of watch) {
      seen.push(`${type} ${object.name}`);
      if (type === 'DELETED') break;
    }
    expect(seen).toEqual(['ADDED w1', 'DELETED w1']);
  });

  test('a node is cordoned and drained', async () => {
    const node = cluster.nodes.get('n1')!;
    expect(node.pods().length).toBeGreaterThan(0);
    await node.drain();
    expect(node.spec.unschedulable).toBe(true);
    expect(node.pods().filter((pod) => pod.phase === 'Running')).toEqual([]);
    await node.uncordon();
    expect(node.spec.unschedulable).toBeUndefined();
  });
});

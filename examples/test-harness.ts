/**
 * A test of one's own deployment, in virtual time: a node falls silent, and ten minutes later, which take milliseconds, its pods run
 * elsewhere. Nothing here is a mock: the scheduler, the controllers and the kubelets are the ones that run real pods.
 *
 *     npx tsx examples/test-harness.ts
 */
import assert from 'node:assert/strict';
import { Cluster, ManualClock } from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

const started = process.hrtime.bigint();
const images = { 'web:1': { startMs: [50, 200] as const } };

await using cluster = await Cluster.create({
  clock: new ManualClock(),
  seed: 42,
  nodes: ['a', 'b', 'c'].map((name) => ({ name, runtime: new SimulatedRuntime({ images }) })),
});

const rc = await cluster.run('web', 'web:1', { replicas: 6 });
await rc.ready();
assert.deepEqual(new Set(rc.pods().map((pod) => pod.nodeName)), new Set(['a', 'b', 'c']));

await cluster.powerOff('b');
await cluster.advance('40s');
assert.equal(cluster.nodes.get('b')?.ready, true, 'Kubernetes believes in a silent node for 50 s');
await cluster.advance('20s');
assert.equal(cluster.nodes.get('b')?.ready, false);
await cluster.advance('10m');

await rc.ready();
const running = rc.pods().filter((pod) => pod.ready && pod.metadata.deletionTimestamp === undefined);
assert.equal(running.length, 6);
assert.ok(running.every((pod) => pod.nodeName !== 'b'));

const ms = Number(process.hrtime.bigint() - started) / 1e6;
console.log(`eleven minutes of a cluster, tested in ${ms.toFixed(0)} ms: node b was lost, 6 pods run on a and c`);

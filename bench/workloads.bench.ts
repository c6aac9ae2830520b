/**
 * `npm run bench:workloads [-- --pods 10000]`: how fast Deployments come up and roll on simulated nodes, how many reconciles a second
 * of CPU each controller makes, what a Pod's life costs in writes, and that a cluster at rest writes nothing but heartbeats. Ends with an
 * error if the writes of a Pod differ from those listed, or if a cluster at rest writes.
 */
import { parseArgs } from 'node:util';
import type { KindDescriptor } from '../src/api/kind.ts';
import type { Cluster } from '../src/cluster.ts';
import { builtInControllers } from '../src/controllers/built-in-controllers.ts';
import type { Controller } from '../src/controllers/controller.ts';
import { daemonSetKind } from '../src/kinds/daemon-set.ts';
import { deploymentKind } from '../src/kinds/deployment.ts';
import { podKind } from '../src/kinds/pod.ts';
import { replicaSetKind } from '../src/kinds/replica-set.ts';
import { replicationControllerKind } from '../src/kinds/replication-controller.ts';
import { statefulSetKind } from '../src/kinds/stateful-set.ts';
import { besides, createWorkload, runningPods, template, until, workloadCluster, WriteCount } from './workloads/workload-cluster.ts';

/** Created; bound; Pending on its node; Running and Ready. */
const writesToRunning = 4;
/** Told to go; no longer ready; ended; gone. */
const writesToGone = 4;
const heartbeats = new Set(['Lease', 'Node']);
const problems: string[] = [];

const { values } = parseArgs({ options: { pods: { type: 'string', default: '10000' } } });
const pods = Number(values.pods);
const deployment = deploymentKind as KindDescriptor;
const at = { namespace: 'default', name: 'web' };

async function seconds(deed: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await deed();
  return (performance.now() - start) / 1000;
}

function say(name: string, figure: string): void {
  console.log(`${name.padEnd(36)} ${figure}`);
}

async function scaleUp(): Promise<void> {
  const cluster = await workloadCluster(Math.max(10, pods / 10));
  const writes = new WriteCount(cluster);
  const took = await seconds(async () => {
    await createWorkload(cluster, deployment, { replicas: pods });
    await until(cluster, `${pods} pods to run`, () => runningPods(cluster) === pods);
  });
  say(`deployment.0-to-${pods}`, `${took.toFixed(2)} s`);
  await until(cluster, 'the status to say so', () => cluster.client.get(deploymentKind, at)?.status?.availableReplicas === pods);
  perPod('writes per pod, created to Running', [...writes.byPod.values()], writesToRunning);
  say('  for all of them', [...writes.byKind].map(([kind, count]) => `${kind} ${count}`).join(', '));
  await atRest(cluster);
  const gone = new WriteCount(cluster);
  await cluster.client.patch(deployment, at, { type: 'merge', patch: { spec: { replicas: 0 } } });
  await until(cluster, 'all pods to go', () => cluster.view.count(podKind) === 0);
  perPod('writes per pod, Running to gone', [...gone.byPod.values()], writesToGone);
  await cluster.close();
}

function perPod(name: string, counts: readonly number[], expected: number): void {
  const different = counts.filter((count) => count !== expected).length;
  say(name, `${expected} (${counts.length - different} of ${counts.length} pods)`);
  if (different > 0)
    problems.push(
      `${name}: expected ${expected} for each, ${different} of ${counts.length} pods took another number (${[...new Set(counts)].join(', ')})`,
    );
}

async function atRest(cluster: Cluster): Promise<void> {
  await cluster.advance('2m');
  const writes = new WriteCount(cluster);
  await cluster.advance('10m');
  const loud = [...writes.byKind].filter(([kind]) => !heartbeats.has(kind));
  say(
    'writes in 10 min at rest',
    `${loud.length === 0 ? 'none' : loud.map(String).join(' ')} but Lease ${writes.of('Lease')}, Node ${writes.of('Node')}`,
  );
  if (loud.length > 0) problems.push(`at rest: ${loud.map(([kind, count]) => `${count} writes of ${kind}`).join(', ')}`);
}

async function rollOver(): Promise<void> {
  const replicas = Math.min(1000, pods);
  const cluster = await workloadCluster(100);
  await createWorkload(cluster, deployment, { replicas });
  await until(cluster, 'all pods to be available', () => cluster.client.get(deploymentKind, at)?.status?.availableReplicas === replicas);
  const took = await seconds(async () => {
    await cluster.client.patch(deployment, at, { type: 'merge', patch: { spec: { template: template(2) } } });
    const done = (): boolean => {
      const { status, metadata } = cluster.client.get(deploymentKind, at)!;
      if (status?.observedGeneration !== metadata.generation) return false;
      return status?.updatedReplicas === replicas && status.replicas === replicas && status.availableReplicas === replicas;
    };
    await until(cluster, 'the rollout to be complete', done);
  });
  say(`deployment.rollout-${replicas}`, `${took.toFixed(2)} s`);
  await cluster.close();
}

/** One of everything that a control loop looks after, at rest. */
async function household(): Promise<Cluster> {
  const cluster = await workloadCluster(100);
  await createWorkload(cluster, deployment, { replicas: 100 });
  await createWorkload(cluster, replicaSetKind as KindDescriptor, { replicas: 100 }, 'rs');
  await createWorkload(cluster, replicationControllerKind as KindDescriptor, { replicas: 100, selector: { app: 'rc' } }, 'rc');
  await createWorkload(cluster, daemonSetKind as KindDescriptor, {}, 'ds');
  const ordinals = { replicas: 100, podManagementPolicy: 'Parallel', serviceName: 'sts' };
  await createWorkload(cluster, statefulSetKind as KindDescriptor, ordinals, 'sts');
  for (const [kind, manifest] of besides()) await cluster.client.create(kind, manifest);
  await until(cluster, '600 pods to run', () => runningPods(cluster) === 600);
  await cluster.advance('2m');
  return cluster;
}

/** Which keys a control loop would look at if everything that is stored had just come. */
function keysOf(controller: Controller, cluster: Cluster): readonly string[] {
  const keys = new Set(controller.initialKeys?.(cluster.view));
  for (const { kind, keys: keysFor } of controller.triggers)
    for (const each of kind === 'any' ? cluster.kinds.all() : [kind])
      for (const object of cluster.view.list(each))
        for (const key of keysFor({ type: 'added', object, previous: undefined }, cluster.view)) keys.add(key);
  return [...keys];
}

/** How often each control loop can look at what there is while nothing is to be done, in a second of CPU. */
async function reconciles(): Promise<void> {
  const cluster = await household();
  for (const controller of builtInControllers({ kinds: cluster.kinds })) {
    const keys = keysOf(controller, cluster);
    if (keys.length === 0) continue;
    let count = 0;
    const start = performance.now();
    const before = process.cpuUsage();
    while (performance.now() - start < 300) {
      const key = keys[count++ % keys.length]!;
      const { writes } = controller.reconcile(cluster.view, key, cluster.clock.now());
      if (writes.length > 0) throw new Error(`${controller.name} ${key}: expected nothing to be done, ${writes.length} writes are planned`);
    }
    const { user, system } = process.cpuUsage(before);
    const perSecond = Math.round((count * 1e6) / (user + system)).toLocaleString('en');
    say(`reconciles/s ${controller.name}`, `${perSecond} (${keys.length} keys)`);
  }
  await cluster.close();
}

await scaleUp();
await rollOver();
await reconciles();
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

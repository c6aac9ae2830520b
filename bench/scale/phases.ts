import { configMapKind, endpointSliceKind, nodeKind, podKind } from 'coxswain';
import type { Cluster } from 'coxswain';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createControllers, createServices, RunningCount, sizeOf, scaleCluster } from './scale-cluster.ts';

/** What a cluster of one size needed. */
export interface ScaleRun {
  readonly nodes: number;
  readonly pods: number;
  /** Seconds until the nodes were registered and ready. */
  readonly registerS: number;
  /** Seconds from the first ReplicationController to the last running pod. */
  readonly fillS: number;
  /** CPU seconds of the fill: how much of a core it took. */
  readonly fillCpuS: number;
  /** Resident memory once all pods run, in MB. */
  readonly rssMb: number;
  readonly heapMb: number;
  /** CPU used in the steady state, in percent of a core. */
  readonly idleCpu: number;
  /** Seconds from the loss of a tenth of the nodes (their Node objects deleted, as a cloud does it) until all pods run again. */
  readonly healS: number;
  /** Under 1 % churn a second. */
  readonly churn: ChurnRun;
}

export interface ChurnRun {
  /** Pods replaced per second. */
  readonly replacedPerS: number;
  readonly writeP50Ms: number;
  readonly writeP99Ms: number;
  /** The longest the host's event loop was blocked. */
  readonly loopBlockMaxMs: number;
  readonly loopBlockP99Ms: number;
  /** What the watchers saw. */
  readonly watched: number;
  readonly listed: number;
  /** Milliseconds until the endpoints of both large Services were exact again. */
  readonly endpointsExactMs: number;
}

export interface ScalePlan {
  readonly nodes: number;
  readonly idleS: number;
  readonly churnS: number;
  readonly lose: boolean;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const deadlineS = 900;

/** Runs one cluster through its life and says what it took. Everything is real time. */
export async function scaleRun(plan: ScalePlan, say: (line: string) => void): Promise<ScaleRun> {
  const size = sizeOf(plan.nodes);
  const started = performance.now();
  const cluster = await scaleCluster(size);
  const registerS = (performance.now() - started) / 1000;
  say(`${size.nodes} nodes ready after ${registerS.toFixed(1)} s`);
  const stop = new AbortController();
  const running = cluster.run({ signal: stop.signal });
  const count = new RunningCount(cluster);
  try {
    const fill = await timed(async () => {
      await createControllers(cluster, size);
      await until(
        () => count.running === size.pods,
        () => `${count.running} of ${size.pods} pods run`,
      );
    });
    say(`${size.pods} pods run after ${fill.s.toFixed(1)} s, ${fill.cpuS.toFixed(1)} s of CPU`);
    const { rssMb, heapMb } = await memory();
    const idleCpu = await idle(plan.idleS);
    say(`${rssMb.toFixed(0)} MB resident, ${heapMb.toFixed(0)} MB heap; steady state ${idleCpu.toFixed(1)} % of a core`);
    const healS = plan.lose ? await loseNodes(cluster, size.nodes, () => count.running === size.pods) : Number.NaN;
    if (plan.lose) say(`a tenth of the nodes lost and healed in ${healS.toFixed(1)} s`);
    const churn = await churned(cluster, size.pods, plan.churnS, () => count.running === size.pods);
    say(`churn: write p99 ${churn.writeP99Ms.toFixed(1)} ms, loop blocked ${churn.loopBlockMaxMs.toFixed(0)} ms at most`);
    return { nodes: size.nodes, pods: size.pods, registerS, fillS: fill.s, fillCpuS: fill.cpuS, rssMb, heapMb, idleCpu, healS, churn };
  } finally {
    stop.abort();
    await running;
    await cluster.close();
  }
}

async function timed(what: () => Promise<void>): Promise<{ readonly s: number; readonly cpuS: number }> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await what();
  const used = process.cpuUsage(cpu);
  return { s: (performance.now() - started) / 1000, cpuS: (used.user + used.system) / 1e6 };
}

async function until(done: () => boolean, describe: () => string): Promise<void> {
  const deadline = performance.now() + deadlineS * 1000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`after ${deadlineS} s: ${describe()}`);
    await sleep(5);
  }
}

/** Resident memory some seconds after the fill, when garbage has been collected. */
async function memory(): Promise<{ readonly rssMb: number; readonly heapMb: number }> {
  (globalThis as { gc?: () => void }).gc?.();
  await sleep(3000);
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMb: rss / 1e6, heapMb: heapUsed / 1e6 };
}

/** Percent of a core while nothing happens but leases and node statuses. */
async function idle(seconds: number): Promise<number> {
  const { s, cpuS } = await timed(() => sleep(seconds * 1000));
  return (100 * cpuS) / s;
}

async function loseNodes(cluster: Cluster, nodes: number, healed: () => boolean): Promise<number> {
  const started = performance.now();
  const lost = Array.from({ length: Math.floor(nodes / 10) }, (_, i) => `node-${i * 10}`);
  for (const name of lost) {
    await cluster.powerOff(name);
    await cluster.client.delete(nodeKind, { namespace: undefined, name });
  }
  await until(
    () => cluster.view.count(nodeKind) === nodes - lost.length,
    () => 'nodes are still there',
  );
  // The pods of the lost nodes go with them; all of them run elsewhere.
  await until(
    () => healed() && lost.every((name) => cluster.view.podsOnNode(name).length === 0),
    () => `${lost.filter((name) => cluster.view.podsOnNode(name).length > 0).length} lost nodes still have pods`,
  );
  return (performance.now() - started) / 1000;
}

/** One percent of the pods deleted each second, with ten watchers, a list a second, two Services of a fifteenth of the pods each, and 50 writes a second. */
async function churned(cluster: Cluster, pods: number, seconds: number, healed: () => boolean): Promise<ChurnRun> {
  const services = await createServices(cluster);
  await until(
    () => services.every((name) => endpointsExact(cluster, name)),
    () => 'the endpoints are not there',
  );
  const stop = new AbortController();
  let watched = 0;
  const watchers = Array.from({ length: 10 }, async (_, i) => {
    for await (const _event of cluster.client.watch(podKind, { namespace: 'default', labelSelector: `app=web-${i}`, signal: stop.signal }))
      watched++;
  });
  const latencies: number[] = [];
  const blocks = monitorEventLoopDelay({ resolution: 1 });
  let listed = 0;
  let replaced = 0;
  await cluster.client.create(configMapKind, { metadata: { name: 'written', namespace: 'default' }, data: {} });
  blocks.enable();
  const started = performance.now();
  const perTurn = Math.max(1, Math.round(pods / 100 / 50));
  for (let turn = 0; performance.now() - started < seconds * 1000; turn++) {
    // Fifty turns a second, each with its share of the deletions and one write that is timed.
    await sleep(Math.max(0, started + turn * 20 - performance.now()));
    if (turn % 50 === 0) listed += cluster.client.list(podKind, { namespace: 'default' }).length;
    const all = cluster.view.list(podKind);
    for (let i = 0; i < perTurn; i++) {
      const { metadata } = all[(turn * perTurn + i * 97) % all.length]!;
      if (metadata.deletionTimestamp !== undefined) continue;
      replaced++;
      void cluster.client.delete(podKind, { namespace: 'default', name: metadata.name }, { gracePeriodSeconds: 1 }).catch(() => undefined);
    }
    const before = performance.now();
    await cluster.client.update(configMapKind, { metadata: { name: 'written', namespace: 'default' }, data: { turn: String(turn) } });
    latencies.push(performance.now() - before);
  }
  blocks.disable();
  const tookS = (performance.now() - started) / 1000;
  const ended = performance.now();
  await until(
    () => healed() && services.every((name) => endpointsExact(cluster, name)),
    () => 'the churn has not healed',
  );
  const endpointsExactMs = performance.now() - ended;
  stop.abort();
  await Promise.allSettled(watchers);
  latencies.sort((a, b) => a - b);
  const at = (q: number): number => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))]!;
  return {
    replacedPerS: replaced / tookS,
    writeP50Ms: at(0.5),
    writeP99Ms: at(0.99),
    loopBlockMaxMs: blocks.max / 1e6,
    loopBlockP99Ms: blocks.percentile(99) / 1e6,
    watched,
    listed,
    endpointsExactMs,
  };
}

/** Whether the ready endpoints of a Service are exactly its ready pods. */
function endpointsExact(cluster: Cluster, service: string): boolean {
  const ready = new Set<string>();
  for (const pod of cluster.view.withLabel(podKind, 'default', 'group', service)) {
    if (pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running') ready.add(pod.metadata.uid);
  }
  let found = 0;
  for (const slice of cluster.view.withLabel(endpointSliceKind, 'default', 'kubernetes.io/service-name', service)) {
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready !== true) continue;
      if (!ready.has(endpoint.targetRef?.uid ?? '')) return false;
      found++;
    }
  }
  return found === ready.size;
}

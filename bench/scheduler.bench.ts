/**
 * `npm run bench:scheduler [-- --nodes 500,5000] [--only NAME,NAME] [--samples N] [--out FILE]`: Kubernetes' scheduler_perf against the scheduler
 * alone. Prints pods/s, how long one pod takes (median and 99th percentile) and what Kubernetes demands of itself at 5,000 nodes.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DefaultScheduler } from '../src/scheduler/default-scheduler.ts';
import type { Figure } from './measure.ts';
import { median } from './sampling.ts';
import { PerfCluster } from './scheduler/perf-cluster.ts';
import { workloads, type Workload } from './scheduler/workloads.ts';

interface Run {
  readonly podsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const aim = (workload: Workload): number => (workload.name === 'SchedulingBasic' ? 20_000 : 2_000);

function run(workload: Workload): Run {
  const cluster = new PerfCluster(new DefaultScheduler());
  workload.prepare(cluster);
  cluster.settle();
  const before = cluster.bound;
  workload.measure(cluster);
  // The pods are in the queue before the clock starts, as in scheduler_perf they come faster than they are scheduled.
  cluster.pass();
  cluster.resetMeter();
  const first = cluster.bound;
  for (let pass = 0; cluster.bound - before < workload.measured; pass++) {
    if (pass > 20 * workload.measured)
      throw new Error(`${workload.name}: ${cluster.bound - before} of ${workload.measured} pods placed after ${pass} passes`);
    workload.meanwhile?.(cluster, pass);
    cluster.pass();
  }
  const passes = [...cluster.passes].sort((a, b) => a - b);
  const totalMs = passes.reduce((sum, ms) => sum + ms, 0);
  const at = (q: number): number => 1_000 * (passes[Math.min(passes.length - 1, Math.floor(q * passes.length))] ?? Number.NaN);
  return { podsPerSecond: (1_000 * (cluster.bound - first)) / totalMs, p50Us: at(0.5), p99Us: at(0.99) };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function main(): void {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500,5000' },
      only: { type: 'string' },
      samples: { type: 'string', default: '3' },
      out: { type: 'string' },
    },
  });
  const only = values.only?.split(',');
  const figures: Figure[] = [];
  console.log(
    `${'workload'.padEnd(58)}${'pods/s'.padStart(9)}${'p50 us'.padStart(9)}${'p99 us'.padStart(9)}${'gate'.padStart(7)}${'x gate'.padStart(8)}`,
  );
  for (const nodes of values.nodes.split(',').map(Number)) {
    for (const workload of workloads.map((sized) => sized(nodes)).filter(({ name }) => only?.includes(name) ?? true)) {
      const runs = Array.from({ length: Number(values.samples) }, () => run(workload));
      const name = `scheduler.${workload.name}.${nodes}`;
      const samples = runs.map(({ podsPerSecond }) => podsPerSecond);
      const speed = median(samples);
      const gate = workload.gate;
      const beside =
        gate === undefined
          ? `${'-'.padStart(7)}${'-'.padStart(8)}`
          : `${whole(gate).padStart(7)}${`${(speed / gate).toFixed(1)}x`.padStart(8)}`;
      const latency = `${whole(median(runs.map(({ p50Us }) => p50Us))).padStart(9)}${whole(median(runs.map(({ p99Us }) => p99Us))).padStart(9)}`;
      console.log(`${name.padEnd(58)}${whole(speed).padStart(9)}${latency}${beside}${speed < aim(workload) ? '  BELOW AIM' : ''}`);
      figures.push({
        name,
        unit: 'pods/s',
        median: speed,
        samples,
        against: gate === undefined ? [] : [{ name: 'kubernetes-gate', median: gate, ratio: speed / gate, samples: [gate] }],
      });
    }
  }
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(figures, undefined, 2)}\n`);
}

main();

/**
 * `npm run bench:scheduler [-- --nodes 500,5000] [--only NAME,NAME] [--samples N] [--out FILE]`: Kubernetes' scheduler_perf against the scheduler
 * alone. Prints pods/s, the CPU for each pod, how long one pod takes (median and 99th percentile) and what Kubernetes demands of itself at
 * 5,000 nodes. On a machine that others use too the CPU is what counts.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Figure } from './measure.ts';
import { median } from './sampling.ts';
import { runInTurns, runWorkload, type Run } from './scheduler/run-workload.ts';
import type { Workload } from './scheduler/workload.ts';
import { workloads } from './scheduler/workloads.ts';

const aim = ({ name }: Workload): number => (name === 'SchedulingBasic' ? 20_000 : 2_000);
/** What is in the way may cost so much. */
const slowdownMax = 1.05;

interface Measured {
  readonly workload: Workload;
  readonly runs: readonly Run[];
  /** Without what is in the way. */
  readonly others: readonly Run[];
}

function measure(workload: Workload, samples: number): Measured {
  const { without } = workload;
  const runs: Run[] = [];
  const others: Run[] = [];
  for (let i = 0; i < samples; i++) {
    if (without === undefined) runs.push(runWorkload(workload));
    else {
      const [run, other] = runInTurns(workload, { ...workload, ...without });
      runs.push(run);
      others.push(other);
    }
  }
  return { workload, runs, others };
}

const of = (runs: readonly Run[], what: keyof Run): number => median(runs.map((run) => run[what]));
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const columns = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(9)).join('');
const against = (name: string, value: number, speed: number): Figure['against'][number] => ({
  name,
  median: value,
  ratio: speed / value,
  samples: [value],
});

function print({ workload, runs, others }: Measured): void {
  const speed = of(runs, 'podsPerSecond');
  const perCpuSecond = 1e6 / of(runs, 'cpuUsPerPod');
  const { gate } = workload;
  const cells = [whole(speed), of(runs, 'cpuUsPerPod').toFixed(1), whole(of(runs, 'p50Us')), whole(of(runs, 'p99Us'))];
  const beside = gate === undefined ? ['-', '-'] : [whole(gate), `${(speed / gate).toFixed(1)}x`];
  const missed = speed >= aim(workload) ? '' : perCpuSecond >= aim(workload) ? '  below aim by the clock, not by CPU' : '  BELOW AIM';
  console.log(`${`scheduler.${workload.name}.${workload.nodes}`.padEnd(58)}${columns([...cells, ...beside])}${missed}`);
  if (others.length === 0) return;
  const ratio = slowdown({ workload, runs, others });
  console.log(
    `  ${of(others, 'cpuUsPerPod').toFixed(1)} us of CPU ${workload.without?.name}: ${ratio.toFixed(3)}x, at most ${slowdownMax}x ${ratio <= slowdownMax ? 'reached' : 'NOT REACHED'}`,
  );
}

/** Of CPU for each pod, in pairs taken in turns. */
const slowdown = ({ runs, others }: Measured): number => median(runs.map(({ cpuUsPerPod }, i) => cpuUsPerPod / others[i]!.cpuUsPerPod));

function figureOf(measured: Measured): Figure {
  const { workload, runs, others } = measured;
  const speed = of(runs, 'podsPerSecond');
  return {
    name: `scheduler.${workload.name}.${workload.nodes}`,
    unit: 'pods/s',
    median: speed,
    samples: runs.map(({ podsPerSecond }) => podsPerSecond),
    against: [
      against('pods-per-cpu-second', 1e6 / of(runs, 'cpuUsPerPod'), speed),
      ...(workload.gate === undefined ? [] : [against('kubernetes-gate', workload.gate, speed)]),
      ...(others.length === 0
        ? []
        : [{ ...against(workload.without!.name, of(others, 'podsPerSecond'), speed), ratio: 1 / slowdown(measured) }]),
    ],
  };
}

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
  console.log(`${'workload'.padEnd(58)}${columns(['pods/s', 'CPU us', 'p50 us', 'p99 us', 'gate', 'x gate'])}`);
  for (const nodes of values.nodes.split(',').map(Number)) {
    for (const workload of workloads.map((sized) => sized(nodes)).filter(({ name }) => only?.includes(name) ?? true)) {
      const measured = measure(workload, Number(values.samples));
      print(measured);
      figures.push(figureOf(measured));
    }
  }
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(figures, undefined, 2)}\n`);
}

main();

/**
 * `npm run bench:scale [-- --nodes 500,1000,2000,5000,10000] [--out FILE] [--chart FILE] [--idle S] [--churn S] [--short]`: whole
 * clusters of several sizes in this process' children, 30 pods for each node. Prints what each needed; the figures proper are those
 * of 5,000 nodes (or of the largest below). `--short` leaves the loss of nodes out.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './measure.ts';
import { growthChart } from './scale/growth-chart.ts';
import type { ScaleRun } from './scale/phases.ts';

/** The largest supported cluster of Kubernetes. */
const fullNodes = 5_000;

const aims: readonly { readonly name: string; readonly unit: string; readonly aim: number; readonly of: (run: ScaleRun) => number }[] = [
  { name: 'scale.fill', unit: 's', aim: 15, of: ({ fillS }) => fillS },
  { name: 'scale.rss', unit: 'MB', aim: 600, of: ({ rssMb }) => rssMb },
  { name: 'scale.idle-cpu', unit: '%', aim: 5, of: ({ idleCpu }) => idleCpu },
  { name: 'scale.write-p99', unit: 'ms', aim: 5, of: ({ churn }) => churn.writeP99Ms },
  { name: 'scale.loop-block-max', unit: 'ms', aim: 20, of: ({ churn }) => churn.loopBlockMaxMs },
];

function runOne(args: readonly string[]): Promise<ScaleRun> {
  const [bundled, program] = [join(import.meta.dirname, '../scripts/run-bundled.mjs'), join(import.meta.dirname, 'scale/run.ts')];
  const node = ['--expose-gc', '--max-old-space-size=12000', bundled, program, ...args];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, node, { maxBuffer: 1 << 24 }, (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ScaleRun);
      else reject(error);
    });
    child.stderr?.pipe(process.stderr);
  });
}

const figure = (name: string, unit: string, value: number): Figure => ({ name, unit, median: value, samples: [value], against: [] });

function table(runs: readonly ScaleRun[]): string {
  const head = 'nodes      pods  fill s  CPU s  us/pod  RSS MB  idle %  heal s  p99 ms  block ms';
  const lines = runs.map(({ nodes, pods, fillS, fillCpuS, rssMb, idleCpu, healS, churn }) => {
    const cells = [nodes, pods, fillS.toFixed(1), fillCpuS.toFixed(1), ((1e6 * fillCpuS) / pods).toFixed(0), rssMb.toFixed(0)];
    const more = [idleCpu.toFixed(1), Number.isFinite(healS) ? healS.toFixed(1) : '-', churn.writeP99Ms.toFixed(1)];
    const widths = [5, 10, 8, 7, 8, 8, 8, 8, 8, 10];
    return [...cells, ...more, churn.loopBlockMaxMs.toFixed(0)].map((cell, i) => String(cell).padStart(widths[i]!)).join('');
  });
  return [head, ...lines].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500,1000,2000,5000,10000' },
      idle: { type: 'string', default: '20' },
      churn: { type: 'string', default: '15' },
      short: { type: 'boolean', default: false },
      out: { type: 'string' },
      chart: { type: 'string' },
    },
  });
  const sizes = values.nodes.split(',').map(Number);
  const full = Math.max(...sizes.filter((nodes) => nodes <= fullNodes));
  const runs: ScaleRun[] = [];
  for (const nodes of sizes) {
    console.log(`${nodes} nodes`);
    const lose = nodes === full && !values.short ? ['--lose'] : [];
    runs.push(await runOne(['--nodes', String(nodes), '--idle', values.idle, '--churn', values.churn, ...lose]));
  }
  console.log(`\n${table(runs)}\n`);
  const figures: Figure[] = [];
  const main = runs.find(({ nodes }) => nodes === full);
  for (const { name, unit, aim, of } of main === undefined ? [] : aims) {
    const value = of(main!);
    console.log(
      `${name.padEnd(22)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(3)} aim <= ${aim} ${value <= aim ? 'reached' : 'NOT REACHED'} (${full} nodes)`,
    );
    figures.push(figure(name, unit, value));
  }
  for (const run of runs) for (const { name, unit, of } of aims) figures.push(figure(`${name}.${run.nodes}`, unit, of(run)));
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(figures, undefined, 2)}\n`);
  if (values.chart !== undefined) writeFileSync(values.chart, growthChart(runs));
}

await main();

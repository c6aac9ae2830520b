/**
 * `npm run guard:performance [-- --against REV] [--rounds N]`: the same small cluster (500 simulated nodes, pods of several owners, a
 * Service, minutes at rest), and the scheduler alone in some of its workloads at 500 nodes, with the sources of this commit and of the one
 * before, in turns, each in a Node of its own. Fails if the best run of this one needs clearly more CPU than the best run of the other.
 * Says so, and passes, where there is nothing to compare with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** A best run this many times as long as the other is a clear drop; machines that share their cores vary by less. */
const worst = 1.3;
/** The scheduler's runs are short: the same code gave 0.62x to 1.26x of itself. */
const worstOfScheduler = 1.6;
const root = join(import.meta.dirname, '..');

/** What is run, against public names that every version has. Prints CPU milliseconds: of the fill, of the rest. */
const program = (tree: string): string => `
import { Cluster, ManualClock, podKind, replicationControllerKind, serviceKind } from ${JSON.stringify(join(tree, 'src/index.ts'))};
import { SimulatedRuntime } from ${JSON.stringify(join(tree, 'src/runtimes/simulated-runtime.ts'))};
const cluster = await Cluster.create({
  clock: new ManualClock(),
  seed: 1,
  nodes: Array.from({ length: 500 }, (_, i) => ({ name: 'node-' + i, runtime: new SimulatedRuntime(), labels: { 'topology.kubernetes.io/zone': 'z' + (i % 3) } })),
});
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const before = cpu();
await cluster.client.create(serviceKind, { metadata: { name: 'all', namespace: 'default' }, spec: { selector: { of: 'guard' }, ports: [{ port: 80 }] } });
for (const [name, replicas] of [['big', 1000], ['middle', 400], ['small', 100]]) {
  const labels = { app: name, of: 'guard' };
  const spec = { containers: [{ name: 'c', image: 'web:1', resources: { requests: { cpu: '100m' } } }] };
  await cluster.client.create(replicationControllerKind, {
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { app: name }, template: { metadata: { labels }, spec } },
  });
}
const running = () => cluster.view.list(podKind).filter((pod) => pod.status?.phase === 'Running').length;
for (let second = 0; running() < 1500; second++) {
  if (second > 300) throw new Error('only ' + running() + ' of 1500 pods run after five virtual minutes');
  await cluster.advance(1000);
}
const filled = cpu();
await cluster.advance(200_000);
console.log(JSON.stringify({ fill: filled - before, rest: cpu() - filled }));
await cluster.close();
`;

/** Workloads of `bench:scheduler` that take every way through the scheduler. */
const schedulerWorkloads = [
  'SchedulingBasic',
  'SchedulingPodAntiAffinity',
  'SchedulingPreferredPodAffinity',
  'TopologySpreading',
  'FillByOwners',
  'PreemptionBasic',
  'EventHandlingPodDelete',
];

/** The workloads of this commit against the scheduler of a tree. Prints microseconds of CPU for each pod, by workload. */
const schedulerProgram = (tree: string): string => `
import { runWorkload } from ${JSON.stringify(join(tree, 'bench/scheduler/run-workload.ts'))};
import { workloads } from ${JSON.stringify(join(tree, 'bench/scheduler/workloads.ts'))};
const wanted = ${JSON.stringify(schedulerWorkloads)};
const taken = workloads.map((sized) => sized(500)).filter(({ name }) => wanted.includes(name));
// The best of many: a run is some hundred pods, and in the first ten of them code is still being compiled, up to ten times as slow.
const best = (workload) => Math.min(...Array.from({ length: 24 }, () => runWorkload(workload).cpuUsPerPod));
console.log(JSON.stringify(Object.fromEntries(taken.map((workload) => ['scheduler.' + workload.name, best(workload)]))));
`;

/** CPU by what was done. */
type Sample = Readonly<Record<string, number>>;

function once(file: string): Sample | string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', file], { cwd: root, encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Sample) : stderr.trim().split('\n').slice(-3).join('\n');
}

/** The sources of a revision in a folder, or why there are none. */
function sourcesOf(revision: string, into: string): string | undefined {
  const git = (...args: readonly string[]): Buffer =>
    execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 30 });
  try {
    git('rev-parse', '--verify', `${revision}^{commit}`);
  } catch {
    return `there is no ${revision} here (a shallow clone?)`;
  }
  execFileSync('tar', ['-x', '-C', into], { input: git('archive', revision, 'src', 'package.json', 'tsconfig.json') });
  // What is measured must be the same for both.
  cpSync(join(root, 'bench'), join(into, 'bench'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'));
  return undefined;
}

function compare(ours: readonly Sample[], theirs: readonly Sample[], unit: string, limit: number): boolean {
  let good = true;
  for (const what of Object.keys(ours[0] ?? {})) {
    const best = (samples: readonly Sample[]): number => Math.min(...samples.map((sample) => sample[what] ?? Number.NaN));
    const ratio = best(ours) / best(theirs);
    const clear = ratio > limit;
    good &&= !clear;
    console.log(
      `${what}: ${best(ours).toFixed(0)} ${unit} of CPU, before ${best(theirs).toFixed(0)} ${unit}: ${ratio.toFixed(2)}x${clear ? `, more than ${limit}x: TOO SLOW` : ''}`,
    );
  }
  return good;
}

/** The program with both trees, in turns; undefined if the one before does not run it. */
function inTurns(folder: string, of: (tree: string) => string, name: string, rounds: number): readonly [Sample[], Sample[]] | undefined {
  const files = [root, folder].map((tree, i) => {
    const file = join(folder, `${name}-${i}.mts`);
    writeFileSync(file, of(tree));
    return file;
  });
  const taken: readonly [Sample[], Sample[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const sample = once(files[i]!);
      if (typeof sample !== 'string') taken[i].push(sample);
      else if (i === 0) throw new Error(`this commit does not run the guard's program (${name}):\n${sample}`);
      else {
        console.log(`${name}: nothing to compare with: the commit before does not run the guard's program:\n${sample}`);
        return undefined;
      }
    }
  }
  return taken;
}

function main(): boolean {
  const { values } = parseArgs({ options: { against: { type: 'string', default: 'HEAD~1' }, rounds: { type: 'string', default: '3' } } });
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-guard-'));
  try {
    const missing = sourcesOf(values.against, folder);
    if (missing !== undefined) {
      console.log(`nothing to compare with: ${missing}`);
      return true;
    }
    const rounds = Number(values.rounds);
    const whole = inTurns(folder, program, 'cluster', rounds);
    const alone = inTurns(folder, schedulerProgram, 'scheduler', rounds);
    const good = [whole && compare(...whole, 'ms', worst), alone && compare(...alone, 'us a pod', worstOfScheduler)];
    return !good.includes(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main() ? 0 : 1;

/**
 * `npm run guard:performance [-- --against REV] [--rounds N]`: the same small cluster (500 simulated nodes, pods of several owners, a
 * Service, minutes at rest), and the scheduler alone in some of its workloads at 500 nodes, with the sources of this commit and of the one
 * before, in turns, each in a Node of its own. Fails if the best run of this one needs clearly more CPU than the best run of the other.
 * Says so, and passes, where there is nothing to compare with.
 *
 * What neighbours of the machine do to a run only ever makes it dearer: the best of enough runs is what the code itself needs. How many
 * are enough depends on the neighbours. So where a limit is exceeded, both are measured again, what exceeds it alone and for longer, until
 * it does not or there have been many rounds. These are more samples for the one question, of both sides, and every one counts: code that
 * is slower by more than the limit stays so however often it runs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Rounds at most, where a limit is exceeded. */
const roundsMax = 9;
const root = join(import.meta.dirname, '..');

/** CPU by what was done. */
type Sample = Readonly<Record<string, number>>;

/** Something to be measured with both trees. */
interface Subject {
  readonly name: string;
  readonly unit: string;
  /** A best run this many times as dear as the other is a clear drop. */
  readonly limit: number;
  /** A program that prints a sample of what is wanted, or of everything there is. */
  program(tree: string, wanted: readonly string[] | undefined): string;
}

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

/**
 * The workloads of this commit against the scheduler of a tree. Prints microseconds of CPU for each pod, by workload: the best of as many
 * runs as fit into some CPU time. A run is some hundred pods: in the first ten of them code is still being compiled, up to ten times as
 * slow, and on a busy machine it takes longer.
 */
const schedulerProgram = (tree: string, wanted: readonly string[] = schedulerWorkloads, budgetMs = 600): string => `
import { runWorkload } from ${JSON.stringify(join(tree, 'bench/scheduler/run-workload.ts'))};
import { workloads } from ${JSON.stringify(join(tree, 'bench/scheduler/workloads.ts'))};
const wanted = ${JSON.stringify(wanted)};
const taken = workloads.map((sized) => sized(500)).filter(({ name }) => wanted.includes(name));
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const best = (workload) => {
  const until = cpu() + ${budgetMs};
  let least = Infinity;
  for (let runs = 0; runs < 12 || cpu() < until; runs++) least = Math.min(least, runWorkload(workload).cpuUsPerPod);
  return least;
};
console.log(JSON.stringify(Object.fromEntries(taken.map((workload) => [workload.name, best(workload)]))));
`;

const subjects: readonly Subject[] = [
  // Machines that share their cores vary by less.
  { name: 'cluster', unit: 'ms', limit: 1.3, program },
  // Its runs are short: the same code gave 0.62x to 1.26x of itself.
  {
    name: 'scheduler',
    unit: 'us a pod',
    limit: 1.6,
    program: (tree, wanted) => (wanted === undefined ? schedulerProgram(tree) : schedulerProgram(tree, wanted, 1_000)),
  },
];

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

/** The samples of this commit, and of the one before. */
type Taken = readonly [ours: Sample[], theirs: Sample[]];

const best = (samples: readonly Sample[], what: string): number => Math.min(...samples.map((sample) => sample[what] ?? Infinity));
const ratio = ([ours, theirs]: Taken, what: string): number => best(ours, what) / best(theirs, what);
const tooSlow = (taken: Taken, limit: number): readonly string[] =>
  Object.keys(taken[0][0] ?? {}).filter((what) => ratio(taken, what) > limit);

function report({ name, unit, limit }: Subject, taken: Taken, rounds: number): void {
  for (const what of Object.keys(taken[0][0] ?? {})) {
    const [ours, theirs] = taken.map((samples) => best(samples, what).toFixed(0));
    const clear = ratio(taken, what) > limit ? `, more than ${limit}x after ${rounds} rounds: TOO SLOW` : '';
    console.log(`${name}.${what}: ${ours} ${unit} of CPU, before ${theirs} ${unit}: ${ratio(taken, what).toFixed(2)}x${clear}`);
  }
}

/** One run with each tree, the other one first in every other round; why the one before does not run it, if it does not. */
function oneRound(subject: Subject, trees: readonly [string, string], round: number, taken: Taken, wanted?: readonly string[]): string {
  for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const file = join(trees[1], `${subject.name}-${i}.mts`);
    writeFileSync(file, subject.program(trees[i], wanted));
    const sample = once(file);
    if (typeof sample !== 'string') taken[i].push(sample);
    else if (i === 0) throw new Error(`this commit does not run the guard's program (${subject.name}):\n${sample}`);
    else return sample;
  }
  return '';
}

/** True unless this commit is clearly slower in something. */
function isAsFast(subject: Subject, trees: readonly [string, string], rounds: number): boolean {
  const taken: Taken = [[], []];
  let round = 0;
  for (; round < rounds || (round < roundsMax && tooSlow(taken, subject.limit).length > 0); round++) {
    const wanted = round < rounds ? undefined : tooSlow(taken, subject.limit);
    if (wanted !== undefined) {
      const ratios = wanted.map((what) => `${what} ${ratio(taken, what).toFixed(2)}x`);
      console.log(`${subject.name}: after ${round} rounds above ${subject.limit}x, measured again: ${ratios.join(', ')}`);
    }
    const trouble = oneRound(subject, trees, round, taken, wanted);
    if (trouble !== '') {
      console.log(`${subject.name}: nothing to compare with: the commit before does not run the guard's program:\n${trouble}`);
      return true;
    }
  }
  report(subject, taken, round);
  return tooSlow(taken, subject.limit).length === 0;
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
    const outcomes = subjects.map((subject) => isAsFast(subject, [root, folder], Number(values.rounds)));
    return !outcomes.includes(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main() ? 0 : 1;

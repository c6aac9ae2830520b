import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import { PerfCluster } from './perf-cluster.ts';
import type { Until, Workload } from './workload.ts';

export interface Run {
  readonly podsPerSecond: number;
  /** CPU of the whole process, the objects around the scheduler included, whatever else the machine does meanwhile. */
  readonly cpuUsPerPod: number;
  /** Of one pass, which is one pod. */
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Passes of one workload, some at a time. */
class Progress {
  readonly #workload: Workload;
  readonly #cluster: PerfCluster;
  readonly #steps: Iterator<Until>;
  readonly #before: number;
  readonly #first: number;
  #pass = 0;
  #cpuUs = 0;
  #until: Until | undefined;
  #untilPass = 0;
  #idle = false;

  constructor(workload: Workload) {
    this.#workload = workload;
    const cluster = new PerfCluster(new DefaultScheduler());
    this.#cluster = cluster;
    workload.prepare(cluster);
    cluster.settle();
    this.#before = cluster.bound;
    workload.measure(cluster);
    // The pods are in the queue before the clock starts, as in scheduler_perf they come faster than they are scheduled.
    cluster.pass();
    cluster.resetMeter();
    this.#first = cluster.bound;
    this.#steps = (workload.steps?.(cluster) ?? [])[Symbol.iterator]();
    this.#step();
  }

  get done(): boolean {
    return this.#cluster.bound - this.#before >= this.#workload.measured;
  }

  advance(passes: number): void {
    const { name, measured, meanwhile } = this.#workload;
    const before = process.cpuUsage();
    for (let i = 0; i < passes && !this.done; i++) {
      if (this.#pass > 100_000 + 20 * measured)
        throw new Error(`${name}: ${this.#cluster.bound - this.#before} of ${measured} pods placed after ${this.#pass} passes`);
      meanwhile?.(this.#cluster, this.#pass);
      this.#pass++;
      this.#idle = !this.#cluster.pass();
      while (this.#until !== undefined && this.#reached(this.#until)) this.#step();
    }
    const { user, system } = process.cpuUsage(before);
    this.#cpuUs += user + system;
  }

  run(): Run {
    const passes = [...this.#cluster.passes].sort((a, b) => a - b);
    const totalMs = passes.reduce((sum, ms) => sum + ms, 0);
    const at = (q: number): number => 1_000 * (passes[Math.min(passes.length - 1, Math.floor(q * passes.length))] ?? Number.NaN);
    const bound = this.#cluster.bound - this.#first;
    return { podsPerSecond: (1_000 * bound) / totalMs, cpuUsPerPod: this.#cpuUs / bound, p50Us: at(0.5), p99Us: at(0.99) };
  }

  #step(): void {
    this.#until = this.#steps.next().value as Until | undefined;
    this.#untilPass = this.#pass;
  }

  #reached(until: Until): boolean {
    if (until === 'nothing is due') return this.#idle;
    if ('passes' in until) return this.#pass - this.#untilPass >= until.passes;
    return this.#cluster.bound - this.#before >= until.bound;
  }
}

export function runWorkload(workload: Workload): Run {
  const progress = new Progress(workload);
  while (!progress.done) progress.advance(1_000);
  return progress.run();
}

/** Two workloads in one process, some passes of each in turns: whatever the machine and the collector do happens to both. */
export function runInTurns(a: Workload, b: Workload): readonly [Run, Run] {
  const both = [new Progress(a), new Progress(b)] as const;
  for (let turn = 0; both.some(({ done }) => !done); turn++) {
    const [first, second] = turn % 2 === 0 ? both : ([both[1], both[0]] as const);
    first.advance(200);
    second.advance(200);
  }
  return [both[0].run(), both[1].run()];
}

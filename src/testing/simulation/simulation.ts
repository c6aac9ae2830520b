import { createHash } from 'node:crypto';
import { Cluster } from '../../cluster.ts';
import type { ClusterOptions } from '../../cluster-options.ts';
import { ManualClock } from '../../env/manual-clock.ts';
import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import type { Random } from '../../env/random.ts';
import { SeededRandom } from '../../env/seeded-random.ts';
import { podKind } from '../../kinds/pod.ts';
import { SimulatedRuntime } from '../../runtimes/simulated-runtime.ts';
import type { SimulatedContext } from '../../runtimes/simulated/simulated-image.ts';
import { MemoryStore } from '../../stores/memory-store.ts';
import { FaultyStore, type StoreFault } from './faulty-store.ts';
import { calmViolations, HistoryInvariants } from './invariants.ts';
import { SimulatedWorkloads, taskImage } from './simulated-workloads.ts';
import { surroundingViolations } from './surrounding-invariants.ts';
import { workloadViolations } from './workload-invariants.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Storms, each followed by calm. 6 unless given. */
  readonly storms?: number;
  /** What the cluster is made of besides: controllers and schedulers of the host, in the same weather. */
  readonly cluster?: Pick<ClusterOptions, 'controllers' | 'extraControllers' | 'scheduler' | 'admission' | 'kinds'>;
}

export interface SimulationResult {
  readonly seed: number;
  /** Everything that broke, with when. Empty: all is well. */
  readonly violations: readonly string[];
  /** A hash of every change in order: the same for the same seed, on every machine. */
  readonly historyHash: string;
  readonly changes: number;
  readonly virtualMs: number;
}

/** Kinds whose writes go on in a quiet cluster: heartbeats. */
const heartbeats: ReadonlySet<string> = new Set(['Lease', 'Node']);

/**
 * A seeded cluster in seeded weather: containers crash, nodes fall silent and come back, the store conflicts, fails and loses answers,
 * the control plane is stopped, or dies between two writes, and is started again. Checks invariants on the way and at the end.
 */
export class Simulation {
  readonly #random: Random;
  readonly #clock = new ManualClock();
  readonly #seed: number;
  readonly #storms: number;
  readonly #options: NonNullable<SimulationOptions['cluster']>;
  readonly #store: FaultyStore;
  readonly #runtimes = new Map<string, SimulatedRuntime>();
  readonly #invariants = new HistoryInvariants();
  readonly #workloads: SimulatedWorkloads;
  readonly #hash = createHash('sha256');
  #cluster: Cluster | undefined;
  #faultRate = 0;
  #isCalm = false;
  #changes = 0;
  #starts = 0;
  #quietChanges: string[] | undefined;

  constructor(options: SimulationOptions) {
    this.#seed = options.seed;
    this.#storms = options.storms ?? 6;
    this.#options = options.cluster ?? {};
    this.#random = new SeededRandom(options.seed);
    const weather = this.#random.fork('store');
    this.#store = new FaultyStore(new MemoryStore(), () => this.#storeFault(weather));
    const nodes = 2 + this.#random.integer(5);
    // Begun in the calm, a task ends well: the wait after a Job's failures grows to ten minutes each, and outlasts any calm they go on in.
    const exitCode = (context: SimulatedContext): number => (this.#isCalm ? 0 : task(context));
    const images = { [taskImage]: { runsForMs: [1000, 20_000] as const, exitCode } };
    for (let i = 1; i <= nodes; i++)
      this.#runtimes.set(`n${i}`, new SimulatedRuntime({ images, capacity: { cpu: '16', memory: '32Gi', pods: '60' } }));
    this.#workloads = new SimulatedWorkloads(this.#random.fork('workloads'), () => this.#running.client);
  }

  async run(): Promise<SimulationResult> {
    const start = this.#clock.now();
    const violations: string[] = [];
    await this.#start();
    await this.#populate();
    for (let storm = 0; storm < this.#storms; storm++) await this.#storm();
    await this.#calm();
    violations.push(
      ...this.#invariants.violations,
      ...calmViolations(this.#running.view),
      ...workloadViolations(this.#running.view),
      ...surroundingViolations(this.#running.view, this.#workloads.queue),
      ...(await this.#unexplained()),
    );
    violations.push(...(await this.#quiet()));
    const virtualMs = this.#clock.now() - start;
    await this.#running.close();
    await this.#store.dispose();
    if (this.#clock.timers > 0) violations.push(`${this.#clock.timers} timers are left after close`);
    return { seed: this.#seed, violations, historyHash: this.#hash.digest('hex'), changes: this.#changes, virtualMs };
  }

  get #running(): Cluster {
    if (this.#cluster === undefined) throw new Error('the simulation has no cluster');
    return this.#cluster;
  }

  async #start(): Promise<void> {
    const rate = this.#faultRate;
    this.#faultRate = 0;
    const cluster = await Cluster.create({
      ...this.#options,
      clock: this.#clock,
      store: this.#store,
      seed: this.#seed * 1000 + this.#starts++,
      onHostDeath: 'keep',
      metrics: { external: () => Promise.resolve(this.#workloads.queue) },
      nodes: [...this.#runtimes].map(([name, runtime]) => ({ name, runtime })),
    });
    this.#cluster = cluster;
    this.#faultRate = rate;
    cluster.on('change', ({ type, object }) => {
      this.#changes++;
      this.#hash.update(`${type} ${JSON.stringify(object)}\n`);
      this.#quietChanges?.push(object.kind);
      this.#invariants.change(type, object, cluster.view);
    });
  }

  async #populate(): Promise<void> {
    await this.#workloads.populate();
    await this.#running.settle();
  }

  async #storm(): Promise<void> {
    this.#faultRate = this.#random.next() < 0.5 ? 0.1 : 0;
    for (let i = 0; i < 3; i++) {
      await this.#disturb(this.#random.integer(8));
      await this.#running.advance(Math.floor(this.#random.next() * 60_000));
    }
    this.#faultRate = 0;
  }

  async #disturb(kind: number): Promise<void> {
    switch (kind) {
      case 0:
        this.#crashContainer();
        break;
      case 1:
      case 6:
      case 7:
        await this.#workloads.disturb();
        break;
      case 2:
        this.#pick([...this.#runtimes.values()])?.disconnect();
        break;
      case 3:
        for (const runtime of this.#runtimes.values()) runtime.reconnect();
        break;
      case 4:
        await this.#restart();
        break;
      default:
        await this.#crashBetweenWrites();
    }
  }

  /** The control plane is started again on what is stored and what still runs; it needs engines that answer. */
  async #restart(): Promise<void> {
    for (const runtime of this.#runtimes.values()) runtime.reconnect();
    await this.#running.close();
    await this.#start();
  }

  /** The control plane has something to do, and dies in the middle of it. */
  async #crashBetweenWrites(): Promise<void> {
    this.#store.crashAfter(1 + this.#random.integer(12));
    await this.#workloads.disturb();
    this.#crashContainer();
    for (let i = 0; i < 20 && !this.#store.crashed; i++) await this.#running.advance(500);
    await this.#restart();
  }

  #crashContainer(): void {
    const pod = this.#pick(this.#running.client.list(podKind).filter((each) => each.status?.phase === 'Running'));
    if (pod !== undefined) this.#runtimes.get(pod.spec?.nodeName ?? '')?.crash(pod.metadata.uid, 'main');
  }

  async #calm(): Promise<void> {
    this.#isCalm = true;
    for (const runtime of this.#runtimes.values()) runtime.reconnect();
    await this.#workloads.calm();
    await this.#running.advance('20m');
  }

  /** What runs somewhere though no Pod says so. */
  async #unexplained(): Promise<readonly string[]> {
    const violations: string[] = [];
    for (const [node, runtime] of this.#runtimes) {
      for (const { ready, podUid, podName } of await runtime.listSandboxes()) {
        const pod = this.#running.view.byUid(podUid) as Stored<PodManifest> | undefined;
        if (ready && pod?.spec?.nodeName !== node) violations.push(`${podName} runs on ${node}, where no Pod explains it`);
      }
    }
    return violations;
  }

  /** For ten minutes nothing is written but heartbeats. */
  async #quiet(): Promise<readonly string[]> {
    this.#quietChanges = [];
    await this.#running.advance('10m');
    const loud = this.#quietChanges.filter((kind) => !heartbeats.has(kind));
    return loud.length === 0 ? [] : [`${loud.length} writes in a quiet cluster: ${[...new Set(loud)].join(', ')}`];
  }

  #storeFault(weather: Random): StoreFault {
    if (this.#faultRate === 0 || weather.next() >= this.#faultRate) return 'none';
    const kind = weather.integer(3);
    return kind === 0 ? 'conflict' : kind === 1 ? 'error-before' : 'lost-answer';
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.#random.integer(from.length)];
  }
}

/** Now and then the first run of a container fails. A Job that makes a new Pod for each try may fail many times in a row. */
const task = ({ podName, attempt }: SimulatedContext): number =>
  attempt === 0 && podName.charCodeAt(podName.length - 1) % 4 === 0 ? 1 : 0;

/** The result of one seed. */
export function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

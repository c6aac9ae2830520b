import { createHash } from 'node:crypto';
import { Cluster } from '../../cluster.ts';
import { ManualClock } from '../../env/manual-clock.ts';
import type { Random } from '../../env/random.ts';
import { SeededRandom } from '../../env/seeded-random.ts';
import { podKind } from '../../kinds/pod.ts';
import { replicationControllerKind } from '../../kinds/replication-controller.ts';
import { SimulatedRuntime } from '../../runtimes/simulated-runtime.ts';
import { MemoryStore } from '../../stores/memory-store.ts';
import { FaultyStore, type StoreFault } from './faulty-store.ts';
import { calmViolations, HistoryInvariants } from './invariants.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Storms, each followed by calm. 6 unless given. */
  readonly storms?: number;
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
 * the control plane is killed and started again. Checks invariants on the way and at the end.
 */
export class Simulation {
  readonly #random: Random;
  readonly #clock = new ManualClock();
  readonly #seed: number;
  readonly #storms: number;
  readonly #store: FaultyStore;
  readonly #runtimes = new Map<string, SimulatedRuntime>();
  readonly #invariants = new HistoryInvariants();
  readonly #hash = createHash('sha256');
  #cluster: Cluster | undefined;
  #faultRate = 0;
  #changes = 0;
  #starts = 0;
  #quietChanges: string[] | undefined;

  constructor(options: SimulationOptions) {
    this.#seed = options.seed;
    this.#storms = options.storms ?? 6;
    this.#random = new SeededRandom(options.seed);
    const weather = this.#random.fork('store');
    this.#store = new FaultyStore(new MemoryStore(), () => this.#storeFault(weather));
    const nodes = 2 + this.#random.integer(5);
    for (let i = 1; i <= nodes; i++)
      this.#runtimes.set(`n${i}`, new SimulatedRuntime({ capacity: { cpu: '8', memory: '16Gi', pods: '40' } }));
  }

  async run(): Promise<SimulationResult> {
    const start = this.#clock.now();
    const violations: string[] = [];
    await this.#start();
    await this.#populate();
    for (let storm = 0; storm < this.#storms; storm++) await this.#storm();
    await this.#calm();
    violations.push(...this.#invariants.violations, ...calmViolations(this.#running.view));
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
      clock: this.#clock,
      store: this.#store,
      seed: this.#seed * 1000 + this.#starts++,
      onHostDeath: 'keep',
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
    const owners = 1 + this.#random.integer(4);
    for (let i = 0; i < owners; i++) {
      const app = `app-${i}`;
      await this.#running.client.create(replicationControllerKind, {
        metadata: { name: app, namespace: 'default' },
        spec: {
          replicas: 1 + this.#random.integer(8),
          selector: { app },
          template: {
            metadata: { labels: { app } },
            spec: {
              containers: [
                { name: 'main', image: `${app}:1`, resources: { requests: { cpu: `${100 * (1 + this.#random.integer(4))}m` } } },
              ],
            },
          },
        },
      });
    }
    await this.#running.settle();
  }

  async #storm(): Promise<void> {
    this.#faultRate = this.#random.next() < 0.5 ? 0.1 : 0;
    for (let i = 0; i < 3; i++) {
      await this.#disturb(this.#random.integer(5));
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
        await this.#scale();
        break;
      case 2:
        this.#pick([...this.#runtimes.values()])?.disconnect();
        break;
      case 3:
        for (const runtime of this.#runtimes.values()) runtime.reconnect();
        break;
      default:
        // The control plane dies and is started again on what is stored and what still runs; it needs engines that answer.
        for (const runtime of this.#runtimes.values()) runtime.reconnect();
        await this.#running.close();
        await this.#start();
    }
  }

  #crashContainer(): void {
    const pod = this.#pick(this.#running.client.list(podKind).filter((each) => each.status?.phase === 'Running'));
    if (pod !== undefined) this.#runtimes.get(pod.spec?.nodeName ?? '')?.crash(pod.metadata.uid, 'main');
  }

  async #scale(): Promise<void> {
    const rc = this.#pick(this.#running.client.list(replicationControllerKind));
    if (rc === undefined) return;
    const replicas = this.#random.integer(9);
    await this.#running.client
      .patch(replicationControllerKind, { namespace: 'default', name: rc.metadata.name }, { type: 'merge', patch: { spec: { replicas } } })
      .catch(() => undefined);
  }

  async #calm(): Promise<void> {
    for (const runtime of this.#runtimes.values()) runtime.reconnect();
    await this.#running.advance('20m');
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

/** The result of one seed. */
export function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

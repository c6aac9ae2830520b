import { SystemClock } from '../../src/env/system-clock.ts';
import type { SeededRandom } from '../../src/env/seeded-random.ts';
import { Cluster, StoreError, type ReplicationController } from '../../src/index.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { TermAudit, type TermReport } from '../loop/term-audit.ts';
import { Planes } from './planes.ts';

export interface FailoverOptions {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly leaseMs: number;
  readonly rounds: number;
  readonly random: SeededRandom;
  /** The store of the control planes forgets the fence. */
  readonly planted?: boolean;
  readonly command?: readonly string[];
  /** Does something to etcd while the leader is taken away; resolves with what ends it. */
  readonly disturb?: (round: number) => Promise<() => Promise<void>>;
  readonly onRound?: (round: number, tookMs: number) => void;
}

export interface FailoverOutcome extends TermReport {
  /** From the moment a leader was killed or stopped to the first act of the next, in milliseconds. */
  readonly tookMs: readonly number[];
  /** Writes of users that were acknowledged meanwhile. */
  readonly acknowledged: number;
  readonly lost: readonly string[];
  /** Where there were not exactly as many Pods as asked for. */
  readonly miscounted: readonly string[];
}

const clock = new SystemClock();
const identities = ['a', 'b', 'c'] as const;

/**
 * Three control planes in processes of their own; this process has the nodes and the users, who write all the time and change how many
 * Pods they want. In each round the leader is killed, or stopped and let go on once another leads.
 */
export async function failover(options: FailoverOptions): Promise<FailoverOutcome> {
  const { random, endpoints, prefix, leaseMs } = options;
  const planes = new Planes(options);
  const audit = new TermAudit();
  const reader = new EtcdStore({ endpoints, prefix, compactionIntervalMs: 0 });
  await reader.open();
  const errors: string[] = [];
  reader.watch({
    prefix: '',
    after: await reader.head(),
    onChanges: (changes) => audit.take(changes),
    onError: (error) => errors.push(String(error)),
  });
  const host = await Cluster.create({
    store: new EtcdStore({ endpoints, prefix, compactionIntervalMs: 0 }),
    highAvailability: { candidate: false, leaseDurationMs: leaseMs },
  });
  const stop = new AbortController();
  const cranked = host.run({ signal: stop.signal });
  try {
    await Promise.all(identities.map((identity) => planes.start(identity)));
    for (const name of ['n1', 'n2']) await host.addNode({ name, runtime: new SimulatedRuntime() });
    const users = new Users(host, random);
    await users.start();
    const tookMs: number[] = [];
    const miscounted: string[] = [];
    for (let round = 0; round < options.rounds; round++) {
      await users.restless(random.integer(400));
      // Only one that stood still can write what is not its any more.
      const stopped = round % 2 === 1 || options.planted === true;
      const calm = await options.disturb?.(round);
      tookMs.push(await oneRound({ host, planes, audit, users, stopped, leaseMs }));
      await calm?.();
      miscounted.push(...(await users.settle(random.integer(15) + 5)));
      options.onRound?.(round, tookMs.at(-1)!);
    }
    const restarted = host.pods.list({ namespace: 'default' }).filter((pod) => (pod.status.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    miscounted.push(...restarted.map((pod) => `${pod.name} was started again, though its node was well`));
    const { acknowledged, lost } = await users.stop(reader);
    const report = audit.report();
    return { ...report, violations: [...report.violations, ...errors], tookMs, acknowledged, lost, miscounted };
  } finally {
    stop.abort();
    await planes.killAll();
    await cranked;
    await host.close();
    await reader.close();
  }
}

interface Round {
  readonly host: Cluster;
  readonly planes: Planes;
  readonly audit: TermAudit;
  readonly users: Users;
  readonly stopped: boolean;
  readonly leaseMs: number;
}

/** Takes the leader away; resolves once another has acted and the old one is back. */
async function oneRound({ host, planes, audit, users, stopped, leaseMs }: Round): Promise<number> {
  const victim = await host.client.waitFor(
    'a leader that acts',
    () => (host.leader !== undefined && audit.actor === host.leader ? host.leader : undefined),
    () => `leader ${host.leader}, last to act ${audit.actor}`,
  );
  const began = clock.now();
  if (stopped) planes.signal(victim, 'SIGSTOP');
  else await planes.kill(victim);
  const acts = audit.actsOf(victim);
  await host.client.waitFor(
    'another to act',
    () => (audit.actor !== undefined && audit.actor !== victim ? true : undefined),
    () => `leader ${host.leader}, last to act ${audit.actor}, ${audit.actsOf(victim) - acts} acts of the one that is gone`,
    { timeoutMs: 10 * leaseMs + 20_000 },
  );
  const took = clock.now() - began;
  await users.restless(100);
  if (stopped) planes.signal(victim, 'SIGCONT');
  else await planes.start(victim);
  return took;
}

/** False if the store was away and nobody knows what became of the write. */
async function answered(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.retryable) return false;
    throw error;
  }
}

/** Those who write while leaders come and go. */
class Users {
  readonly #host: Cluster;
  readonly #random: SeededRandom;
  readonly #stop = new AbortController();
  readonly #acknowledged: string[] = [];
  #web: ReplicationController | undefined;
  #writing: Promise<void> | undefined;

  constructor(host: Cluster, random: SeededRandom) {
    this.#host = host;
    this.#random = random;
  }

  async start(): Promise<void> {
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
    const spec = { replicas: 5, selector: { app: 'web' }, template };
    this.#web = await this.#host.replicationControllers.create({ metadata: { name: 'web' }, spec });
    this.#writing = this.#write();
  }

  /** Changes their mind for so long. */
  async restless(ms: number): Promise<void> {
    const end = clock.now() + ms;
    do {
      await answered(() => this.#web!.scale(this.#random.integer(20) + 1));
      await clock.sleep(20);
    } while (clock.now() < end);
  }

  /** Wants so many Pods at last; what is wrong with those there are when all is quiet. */
  async settle(replicas: number): Promise<readonly string[]> {
    const web = this.#web!;
    while (!(await answered(() => web.scale(replicas))));
    const exact = (): boolean => this.#pods().length === replicas && web.status?.replicas === replicas;
    try {
      await this.#host.client.waitFor(
        `${replicas} Pods`,
        () => (exact() ? true : undefined),
        () => '',
      );
    } catch {
      return [`${replicas} Pods wanted, ${this.#pods().length} there`];
    }
    return [];
  }

  /** Ends the writing; what was acknowledged and is not there. */
  async stop(store: EtcdStore): Promise<{ readonly acknowledged: number; readonly lost: readonly string[] }> {
    this.#stop.abort();
    await this.#writing;
    const { entries } = await store.list('core/configmaps/default/ack-');
    const there = new Set(entries.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
    return { acknowledged: this.#acknowledged.length, lost: this.#acknowledged.filter((name) => !there.has(name)) };
  }

  #pods(): readonly unknown[] {
    return this.#host.pods.list({ namespace: 'default' }).filter((pod) => pod.object.metadata?.deletionTimestamp === undefined);
  }

  async #write(): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const name = `ack-${n}`;
      if (await answered(() => this.#host.configMaps.create({ metadata: { name }, data: { n: String(n) } }))) this.#acknowledged.push(name);
      await clock.sleep(5);
    }
  }
}

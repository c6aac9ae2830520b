import { Eviction } from './admission/eviction.ts';
import type { Client } from './api/client.ts';
import { KindIndex } from './api/kind-index.ts';
import { RegistryClient } from './api/registry-client.ts';
import { View, type ViewChange } from './api/view.ts';
import { bootstrapObjects } from './bootstrap.ts';
import { ClusterApi } from './cluster-api.ts';
import { closeEach } from './cluster-closing.ts';
import { ClusterCustomResources } from './cluster-custom-resources.ts';
import type { ClusterEmitter } from './cluster-events.ts';
import { ClusterIntake } from './cluster-intake.ts';
import { ClusterLeadership, leaderEvent, leaderLease } from './cluster-leadership.ts';
import { makeClusterMachine, type ClusterMachine } from './cluster-machine.ts';
import { samplerFor } from './cluster-metrics.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { ClusterServers } from './cluster-servers.ts';
import { notReadyTaint } from './controllers/node-health.ts';
import type { NameServer } from './dns/name-server.ts';
import type { Clock } from './env/clock.ts';
import { silentLogger, type Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SeededRandom } from './env/seeded-random.ts';
import { SystemClock } from './env/system-clock.ts';
import { systemSeed, SystemSecureRandom } from './env/system-secure-random.ts';
import { AlreadyExistsError } from './errors.ts';
import { builtInKinds } from './kinds/built-in-kinds.ts';
import { nodeKind } from './kinds/node.ts';
import { Crank } from './loop/crank.ts';
import type { Store } from './stores/store.ts';

/** Everything a cluster is made of, put together: what holds state and does the work behind `Cluster`, which says how it is used. */
export class ClusterParts {
  readonly options: ClusterOptions;
  readonly name: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly logger: Logger;
  readonly store: Store;
  readonly kinds: KindIndex;
  readonly view: View;
  readonly client: Client;
  readonly machine: ClusterMachine;
  readonly crank: Crank;
  readonly api: ClusterApi;
  readonly nodes: ClusterNodes;
  readonly servers: ClusterServers;
  readonly leadership: ClusterLeadership;
  nameServer: NameServer | undefined;
  readonly #host: ClusterEmitter;
  readonly #intake: ClusterIntake;
  readonly #customResources: ClusterCustomResources;
  #names: Random;

  /** `host` tells the listeners. Nothing is opened, and nothing runs yet. */
  constructor(options: ClusterOptions, store: Store, host: ClusterEmitter) {
    this.options = options;
    this.store = store;
    this.#host = host;
    this.name = options.name ?? 'coxswain';
    this.clock = options.clock ?? new SystemClock();
    this.seed = options.seed ?? systemSeed();
    this.logger = options.logger ?? silentLogger;
    // Several processes may have been given one seed, and may not give their objects the same uids.
    const random = new SeededRandom(store.shared && !this.clock.virtual ? systemSeed() : this.seed);
    this.#names = random.fork('names');
    this.kinds = new KindIndex([...builtInKinds, ...(options.kinds ?? [])]);
    this.view = new View(this.kinds.all());
    this.leadership = this.#leadershipOf(random.fork('leadership'));
    this.machine = this.#machineOf(random);
    const { registry, loop, recorder, schema } = this.machine;
    this.#intake = this.#intakeOf();
    this.#customResources = new ClusterCustomResources({ ...this.#base(), ...this.machine, onFound: (changes) => loop.onChanges(changes) });
    this.crank = new Crank(loop, this.clock, (report) => host.emit('pass', report));
    const eviction = new Eviction(registry, this.view, this.clock);
    this.servers = new ClusterServers({ ...this.#base(), name: this.name, registry, schema, eviction, nodes: () => this.nodes });
    this.nodes = new ClusterNodes({
      ...this.#base(),
      clusterId: this.name,
      random,
      client: () => this.client,
      participants: loop.participants,
      tokens: this.servers.tokens,
      options: { ...options, store },
    });
    this.client = new RegistryClient({
      registry,
      view: this.view,
      clock: this.clock,
      waitFor: (what, check, describe, wait) => this.crank.waitFor(what, check, describe, wait),
      streams: this.nodes,
      evict: (at, evicted) => eviction.evict(at, evicted),
      event: (regarding, type, reason, message, source) =>
        recorder.recordFrom(source ?? { component: this.name }, [{ regarding, type, reason, message }]),
      onChange: (listener, onEnd) => this.#intake.onChange(listener, onEnd),
    });
    this.api = new ClusterApi(this.client, this.kinds);
  }

  /** Opens the store, reads what is there, makes what every cluster has, and adds the nodes of the options. */
  async begin(signal: AbortSignal | undefined, fill?: (store: Store) => Promise<void>): Promise<void> {
    const { nodes = [] } = this.options;
    await this.#open(fill);
    await this.#participate();
    for (const node of nodes) await this.nodes.add(node, signal);
    await this.nodesReady(
      nodes.map((node) => node.name),
      signal,
    );
  }

  /** Turns the crank until the nodes are registered and ready: a Pod made right after is placed at once. */
  async nodesReady(names: readonly string[], signal?: AbortSignal): Promise<void> {
    const waiting = new Set(names);
    const stillWaiting = (): readonly string[] => {
      for (const name of waiting) {
        const node = this.view.get(nodeKind, undefined, name);
        const ready = node?.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
        if (ready && !(node.spec?.taints ?? []).some((taint) => taint.key === notReadyTaint)) waiting.delete(name);
      }
      return [...waiting];
    };
    if (waiting.size === 0) return;
    await this.crank.waitFor(
      `nodes ${names.slice(0, 5).join(', ')} to be ready`,
      () => (stillWaiting().length === 0 ? true : undefined),
      () => `not ready: ${stillWaiting().slice(0, 10).join(', ')}`,
      // An earlier leader may have to be waited for.
      { timeoutMs: 30_000 + this.leadership.leaseDurationMs, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** Every part is closed, whatever becomes of the others; rejects with what went wrong. To be called once. */
  close(): Promise<void> {
    return closeEach([
      () => this.servers.close(),
      () => this.crank.close(),
      () => this.leadership.close(),
      () => this.machine.loop.close(),
      () => this.#customResources.close(),
      () => this.#intake.close(),
      () => this.nodes.dispose(),
      () => this.store.close(),
    ]);
  }

  /** What nearly every part needs. */
  #base(): Pick<ClusterParts, 'store' | 'view' | 'kinds' | 'clock' | 'logger'> {
    const { store, view, kinds, clock, logger } = this;
    return { store, view, kinds, clock, logger };
  }

  async #open(fill: ((store: Store) => Promise<void>) | undefined): Promise<void> {
    await this.#intake.open(fill);
    // The same seed must not give the same uids again to a store that remembers.
    if (this.view.revision > 0) this.#names = this.#names.fork(String(this.view.revision));
    for (const { kind, object } of bootstrapObjects()) {
      if (this.view.get(kind, object.metadata?.namespace, object.metadata?.name ?? '') !== undefined) continue;
      await this.machine.registry.create(kind, object).catch((error: unknown) => {
        if (!(error instanceof AlreadyExistsError)) throw error;
      });
    }
    await this.#customResources.settled();
    await this.leadership.start();
  }

  async #participate(): Promise<void> {
    const { extraParticipants = [], dns, metrics } = this.options;
    const { participants } = this.machine.loop;
    for (const participant of extraParticipants) participants.add(participant);
    participants.add(samplerFor(metrics, this));
    if (dns === undefined) return;
    const { ClusterNameServer } = await import('./dns/cluster-name-server.ts');
    const nameServer = new ClusterNameServer({ ...dns, clock: this.clock, secureRandom: new SystemSecureRandom() });
    this.nameServer = nameServer;
    participants.add(nameServer);
  }

  #machineOf(random: Random): ClusterMachine {
    return makeClusterMachine(this.options, {
      ...this.#base(),
      random,
      leadership: this.leadership,
      names: () => this.#names,
      caughtUp: (revision) => this.#intake.feed.caughtUp(revision),
      onFailure: (failure) => this.#host.emit('failure', failure),
    });
  }

  #intakeOf(): ClusterIntake {
    const { services, loop } = this.machine;
    return new ClusterIntake({
      ...this.#base(),
      services,
      onChanges: (changes) => {
        for (const change of changes) this.leadership.seen(change);
        this.#customResources.onChanges(changes);
        loop.onChanges(changes);
        const listeners = this.#host.listenerCount('change') + this.#host.listenerCount('event');
        if (listeners > 0) for (const change of changes) this.#tellOf(change);
      },
    });
  }

  #leadershipOf(random: Random): ClusterLeadership {
    return new ClusterLeadership({
      ...this.#base(),
      options: this.options.highAvailability,
      random,
      registry: () => this.machine.registry,
      feed: () => this.#intake.feed,
      onTurn: (term) => {
        const event = leaderEvent(this.leadership.identity ?? '', term !== undefined);
        this.machine.recorder.recordFrom({ component: leaderLease.name }, [event]);
        this.crank.wake();
        if (term === undefined) this.#host.emit('following');
        else this.#host.emit('leading', term);
      },
      onLeader: (identity) => this.#host.emit('leader', identity),
    });
  }

  #tellOf(change: ViewChange): void {
    this.#host.emit('change', change);
    if (change.kind.kind === 'Event' && change.kind.group === '' && change.type !== 'deleted') this.#host.emit('event', change.object);
  }
}

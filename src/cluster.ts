import { Eviction } from './admission/eviction.ts';
import type { Client, WaitOptions, WriteOptions } from './api/client.ts';
import type { PodSpec } from './api/generated/models.ts';
import type { KubeObject, StoredObject } from './api/object.ts';
import { KindIndex } from './api/kind-index.ts';
import type { Registry } from './api/registry.ts';
import { RegistryClient } from './api/registry-client.ts';
import { View, type ViewChange } from './api/view.ts';
import type { Handle } from './api/handle.ts';
import { ClusterApi, type Exposable, type ExposeOptions, type RunOptions } from './cluster-api.ts';
import type { ReplicationController } from './kinds/replication-controller.ts';
import type { Service } from './kinds/service.ts';
import { bootstrapObjects } from './bootstrap.ts';
import { ClusterCollections } from './cluster-collections.ts';
import { ClusterCustomResources } from './cluster-custom-resources.ts';
import { ClusterIntake } from './cluster-intake.ts';
import { ClusterLeadership, leaderEvent, leaderLease } from './cluster-leadership.ts';
import { makeClusterMachine, type ClusterMachine } from './cluster-machine.ts';
import { ClusterSnapshot, restoreSnapshot, type SnapshotOptions, type SnapshotSource } from './cluster-snapshot.ts';
import { samplerFor } from './cluster-metrics.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import type { ForkOptions } from './cluster-fork.ts';
import { abortable } from './api/abortable.ts';
import type { ClusterOptions, CreationOptions, NodeOptions } from './cluster-options.ts';
import { checkClusterOptions } from './cluster-options-check.ts';
import type { Clock } from './env/clock.ts';
import { silentLogger, type Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SeededRandom } from './env/seeded-random.ts';
import { parseDuration } from './env/duration.ts';
import { SystemClock } from './env/system-clock.ts';
import { systemSeed, SystemSecureRandom } from './env/system-secure-random.ts';
import { AlreadyExistsError, ClosedError, ConfigurationError } from './errors.ts';
import { builtInKinds } from './kinds/built-in-kinds.ts';
import { nodeKind } from './kinds/node.ts';
import { Pod } from './kinds/pod.ts';
import { notReadyTaint } from './controllers/node-health.ts';
import { Crank } from './loop/crank.ts';
import type { EventRecorder } from './loop/event-recorder.ts';
import type { Loop, PassReport } from './loop/loop.ts';
import type { PodExplanation } from './scheduler/scheduler.ts';
import type { NameServer } from './dns/name-server.ts';
import type { ServiceProxy } from './proxy/service-proxy.ts';
import type { ServeOptions, ServerHandle } from './server/serve-options.ts';
import type { ClusterTrust } from './server/auth/cluster-trust.ts';
import { MemoryStore } from './stores/memory-store.ts';
import type { Store } from './stores/store.ts';

/**
 * A Kubernetes cluster in this process. It is the only class that knows every room.
 *
 * @example
 * await using cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
 * await cluster.settle();
 */
export class Cluster extends ClusterCollections implements AsyncDisposable {
  readonly name: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly kinds: KindIndex;
  readonly view: View;
  readonly registry: Registry;
  readonly client: Client;
  readonly #options: ClusterOptions;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #machine: ClusterMachine;
  readonly #loop: Loop;
  readonly #crank: Crank;
  readonly #recorder: EventRecorder;
  readonly #api: ClusterApi;
  readonly #nodes: ClusterNodes;
  readonly #eviction: Eviction;
  readonly #intake: ClusterIntake;
  readonly #customResources: ClusterCustomResources;
  readonly #leadership: ClusterLeadership;
  #names: Random;
  readonly #servers = new Set<ServerHandle>();
  #trust: Promise<ClusterTrust> | undefined;
  #nameServer: NameServer | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: ClusterOptions, store: Store) {
    super();
    checkClusterOptions(options);
    this.#options = options;
    this.name = options.name ?? 'coxswain';
    this.clock = options.clock ?? new SystemClock();
    this.seed = options.seed ?? systemSeed();
    this.#logger = options.logger ?? silentLogger;
    this.#store = store;
    // Several processes may have been given one seed, and may not give their objects the same uids.
    const random = new SeededRandom(store.shared && !this.clock.virtual ? systemSeed() : this.seed);
    this.#names = random.fork('names');
    this.kinds = new KindIndex([...builtInKinds, ...(options.kinds ?? [])]);
    this.view = new View(this.kinds.all());
    this.#leadership = this.#leadershipOf(options.highAvailability, random.fork('leadership'));
    const machine = (this.#machine = makeClusterMachine(options, {
      store,
      random,
      names: () => this.#names,
      leadership: this.#leadership,
      caughtUp: (revision) => this.#intake.feed.caughtUp(revision),
      view: this.view,
      kinds: this.kinds,
      clock: this.clock,
      logger: this.#logger,
      onFailure: (failure) => this.emit('failure', failure),
    }));
    this.registry = machine.registry;
    this.#recorder = machine.recorder;
    this.#loop = machine.loop;
    this.#intake = new ClusterIntake({
      store,
      view: this.view,
      clock: this.clock,
      logger: this.#logger,
      services: machine.services,
      onChanges: (changes) => {
        for (const change of changes) this.#leadership.seen(change);
        this.#customResources.onChanges(changes);
        this.#loop.onChanges(changes);
        if (this.listenerCount('change') + this.listenerCount('event') > 0) for (const change of changes) this.#tellOf(change);
      },
    });
    this.#customResources = this.#customResourcesOf(store);
    this.#crank = new Crank(this.#loop, this.clock, (report) => this.emit('pass', report));
    this.#eviction = new Eviction(this.registry, this.view, this.clock);
    this.#nodes = new ClusterNodes({
      clusterId: this.name,
      clock: this.clock,
      random,
      logger: this.#logger,
      view: this.view,
      client: () => this.client,
      participants: this.#loop.participants,
      tokens: { issue: async (order) => (await this.#trusted()).issueForPod(order) },
      options: { ...options, store },
    });
    this.client = new RegistryClient({
      registry: this.registry,
      view: this.view,
      clock: this.clock,
      waitFor: (what, check, describe, wait) => this.#crank.waitFor(what, check, describe, wait),
      streams: this.#nodes,
      evict: (at, options) => this.#eviction.evict(at, options),
      event: (regarding, type, reason, message, source) =>
        this.#recorder.recordFrom(source ?? { component: this.name }, [{ regarding, type, reason, message }]),
      onChange: (listener, onEnd) => this.#intake.onChange(listener, onEnd),
    });
    this.#api = new ClusterApi(this.client, this.kinds);
  }

  /**
   * Opens the store, reads what is there, makes what every cluster has, and adds the nodes. Rejects with `AbortedError` when the signal
   * fires, whatever a store or runtime is doing, and takes back what there is by then.
   * @example
   * await using cluster = await Cluster.create({}, { signal: AbortSignal.timeout(10_000) });
   */
  static create(options: ClusterOptions = {}, wait: CreationOptions = {}): Promise<Cluster> {
    return Cluster.#create(options, wait);
  }

  /**
   * A cluster with the objects of a snapshot, in a store that is empty. They keep their uids, times and status, and get new
   * resourceVersions: who watched the other cluster lists anew. Pods run where the options have a node of the name they are bound to.
   * @throws ParseError for what is no snapshot or only part of one; ConfigurationError for a store that is not empty.
   * @example
   * const copy = await Cluster.fromSnapshot(await cluster.snapshot().text());
   */
  static fromSnapshot(source: SnapshotSource, options: ClusterOptions = {}, wait: CreationOptions = {}): Promise<Cluster> {
    return Cluster.#create(options, wait, (store) => restoreSnapshot(store, source));
  }

  static async #create(options: ClusterOptions, { signal }: CreationOptions, fill?: (store: Store) => Promise<void>): Promise<Cluster> {
    const store = options.store ?? new MemoryStore();
    const cluster = new Cluster(options, store);
    try {
      await abortable('the start of the cluster', signal, () => cluster.#begin(options, signal, fill));
    } catch (error) {
      const closed = cluster.close();
      // What did not answer until now may not answer to its end either; whoever gave up does not wait for it.
      if (signal?.aborted === true)
        closed.catch((failure: unknown) => cluster.#logger.error({ failure: String(failure) }, 'not all was closed'));
      else await closed;
      throw error;
    }
    return cluster;
  }

  async #begin(options: ClusterOptions, signal: AbortSignal | undefined, fill?: (store: Store) => Promise<void>): Promise<void> {
    await this.#open(fill);
    await this.#participate(options);
    for (const node of options.nodes ?? []) await this.#nodes.add(node, signal);
    await this.#nodesReady(
      (options.nodes ?? []).map((node) => node.name),
      signal,
    );
  }

  /** One pass of the crank. */
  reconcile(): Promise<PassReport> {
    return this.#crank.reconcile();
  }

  /**
   * Passes until nothing is due and nothing is in flight. Rejects with `NotSettlingError` if writes never end, with `WaitTimeoutError` if
   * work is still in flight after `timeoutMs` (no limit unless given).
   */
  settle(options: WaitOptions = {}): Promise<PassReport> {
    return this.#crank.settle(options);
  }

  /** Passes until the signal fires, asleep in between. */
  run(options: { readonly signal: AbortSignal }): Promise<void>;
  /** The quick way to Pods that keep running: a ReplicationController of an image. */
  run(name: string, image: string, options?: RunOptions): Promise<ReplicationController>;
  run(
    what: string | { readonly signal: AbortSignal },
    image = '',
    options: RunOptions = {},
  ): Promise<void> | Promise<ReplicationController> {
    return typeof what === 'string' ? this.#api.run(what, image, options) : this.#crank.run(what.signal);
  }

  /** Stores what a handle was made from; the handle is live from then on. */
  create<M extends KubeObject, H extends Handle<M>>(handle: H & Handle<M>, options?: WriteOptions): Promise<H> {
    return this.#api.create<M, H>(handle, options);
  }

  /** Creates what is missing and changes what differs: handles, manifests, or the text of YAML documents. */
  apply(...args: Parameters<ClusterApi['apply']>): ReturnType<ClusterApi['apply']> {
    return this.#api.apply(...args);
  }

  /** One address for the Pods of a workload. Rejects with `ConfigurationError` if its selector is more than labels. */
  expose(owner: Exposable, options: ExposeOptions): Promise<Service> {
    return this.#api.expose(owner, options);
  }

  /**
   * Why the pod is where it is, or nowhere: for each node the plugin and reason that refuse it, or its score by plugin. A pod that
   * is placed is looked at as if it were not. Throws a ConfigurationError if no scheduler here is in charge of the pod.
   */
  explain(pod: StoredObject | Pod): PodExplanation {
    const object = pod instanceof Pod ? (pod.object as StoredObject) : pod;
    const schedulerName = (object.spec as PodSpec | undefined)?.schedulerName ?? 'default-scheduler';
    const scheduler = this.#loop.schedulers.find((one) => one.handles(schedulerName));
    if (scheduler === undefined) throw new ConfigurationError(`explain: no scheduler of this cluster is called ${schedulerName}`);
    return scheduler.explain(this.view, object);
  }

  /** All objects at one revision, as portable lines of JSON: for a backup, another store, or a bug report (see `SnapshotOptions`). */
  snapshot(options: SnapshotOptions = {}): ClusterSnapshot {
    return new ClusterSnapshot({ cluster: this.name, store: this.#store, now: () => this.clock.now(), options });
  }

  /**
   * A copy of this cluster to try things on: the same objects on simulated nodes, in memory, under a `ManualClock` that stands at the
   * present. Nothing done in the fork reaches this cluster, or anything outside. Pods of nodes that are ready run on as their status says.
   * @example
   * await using fork = await cluster.fork();
   * await fork.nodes.get('n1')?.drain();
   * await fork.advance('5m');
   */
  async fork(options: ForkOptions = {}): Promise<Cluster> {
    const { forkedOptions } = await import('./cluster-fork.ts');
    const forked = forkedOptions(this.#options, this.clock.now(), this.view, { seed: this.seed, ...options });
    return Cluster.fromSnapshot(this.snapshot(), forked);
  }

  /**
   * Adds a node to this process: its Pods run on the runtime given. Rejects with `ConfigurationError` for what cannot work together, and
   * with `AbortedError` when the signal fires: a runtime that is still opening by then is closed again when it has.
   */
  addNode(node: NodeOptions, { signal }: CreationOptions = {}): Promise<void> {
    return abortable(`adding node ${node.name}`, signal, async () => {
      await this.#nodes.add(node, signal);
      await this.#nodesReady([node.name], signal);
    });
  }

  /** Ends a node of this process with everything on it, as a machine that is switched off; its Node object stays and falls silent. */
  powerOff(nodeName: string): Promise<void> {
    return this.#nodes.powerOff(nodeName);
  }

  /** Moves a ManualClock on by milliseconds, or a text such as `5m`, `1h30m`, `10s`, doing all that falls due on the way, in order. */
  advance(duration: number | string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#crank.advance(typeof duration === 'number' ? duration : parseDuration(duration), options.signal);
  }

  /** Which control plane leads, by its identity and as this process sees it; undefined: nobody does, or there is only this one. */
  get leader(): string | undefined {
    return this.#leadership.leader;
  }

  /** Whether the controllers and the scheduler of this process act; always so where no other process can write to the store. */
  get leading(): boolean {
    return this.#leadership.leading;
  }

  /** What this process is called among several control planes; undefined if it is the only one. */
  get identity(): string | undefined {
    return this.#leadership.identity;
  }

  /** The service proxy of this process; undefined while no Pod needs one. */
  get proxy(): ServiceProxy | undefined {
    return this.#nodes.proxy;
  }

  /** The name server of this process, if one was asked for. */
  get nameServer(): NameServer | undefined {
    return this.#nameServer;
  }

  /** Serves the Kubernetes API over HTTP; the server ends with the cluster. */
  async serve(options: ServeOptions = {}): Promise<ServerHandle> {
    if (this.#closing !== undefined) throw new ClosedError('the cluster');
    const { serve } = await import('./server/serve.ts');
    const handle = await serve(
      {
        name: this.name,
        registry: this.registry,
        view: this.view,
        kinds: this.kinds,
        schema: this.#machine.schema,
        clock: this.clock,
        logger: this.#logger,
        secureRandom: new SystemSecureRandom(),
        streams: this.#nodes,
        usage: this.#nodes,
        ...(await this.#trusted()),
        evict: (at, evicted) => this.#eviction.evict(at, evicted),
      },
      options,
    );
    this.#servers.add(handle);
    if (this.#closing === undefined) return handle;
    await handle.close();
    throw new ClosedError('the cluster');
  }

  /** The cluster's keys, and the tokens of its service accounts; neither is made, nor its code loaded, before somebody needs it. */
  #trusted(): Promise<ClusterTrust> {
    return (this.#trust ??= import('./server/auth/cluster-trust.ts').then(({ clusterTrust }) =>
      clusterTrust({ name: this.name, registry: this.registry, clock: this.clock, secureRandom: new SystemSecureRandom() }),
    ));
  }

  /** Ends everything this cluster started and closes its store. May be repeated. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Turns the crank until the nodes are registered and ready: a Pod made right after is placed at once. */
  async #nodesReady(names: readonly string[], signal?: AbortSignal): Promise<void> {
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
    await this.#crank.waitFor(
      `nodes ${names.slice(0, 5).join(', ')} to be ready`,
      () => (stillWaiting().length === 0 ? true : undefined),
      () => `not ready: ${stillWaiting().slice(0, 10).join(', ')}`,
      // An earlier leader may have to be waited for.
      { timeoutMs: 30_000 + this.#leadership.leaseDurationMs, ...(signal === undefined ? {} : { signal }) },
    );
  }

  #leadershipOf(options: ClusterOptions['highAvailability'], random: Random): ClusterLeadership {
    return new ClusterLeadership({
      options,
      random,
      store: this.#store,
      view: this.view,
      clock: this.clock,
      logger: this.#logger,
      registry: () => this.registry,
      feed: () => this.#intake.feed,
      onTurn: (term) => {
        this.#recorder.recordFrom({ component: leaderLease.name }, [leaderEvent(this.#leadership.identity ?? '', term !== undefined)]);
        this.#crank.wake();
        if (term === undefined) this.emit('following');
        else this.emit('leading', term);
      },
      onLeader: (identity) => this.emit('leader', identity),
    });
  }

  async #participate({ extraParticipants = [], dns, metrics }: ClusterOptions): Promise<void> {
    for (const participant of extraParticipants) this.#loop.participants.add(participant);
    this.#loop.participants.add(samplerFor(metrics, { view: this.view, kinds: this.kinds, clock: this.clock, nodes: this.#nodes }));
    if (dns === undefined) return;
    const { ClusterNameServer } = await import('./dns/cluster-name-server.ts');
    this.#nameServer = new ClusterNameServer({ ...dns, clock: this.clock, secureRandom: new SystemSecureRandom() });
    this.#loop.participants.add(this.#nameServer);
  }

  #customResourcesOf(store: Store): ClusterCustomResources {
    return new ClusterCustomResources({
      ...this.#machine,
      store,
      view: this.view,
      kinds: this.kinds,
      clock: this.clock,
      logger: this.#logger,
      onFound: (changes) => this.#loop.onChanges(changes),
    });
  }

  async #open(fill: ((store: Store) => Promise<void>) | undefined): Promise<void> {
    await this.#intake.open(fill);
    // The same seed must not give the same uids again to a store that remembers.
    if (this.view.revision > 0) this.#names = this.#names.fork(String(this.view.revision));
    for (const { kind, object } of bootstrapObjects()) {
      if (this.view.get(kind, object.metadata?.namespace, object.metadata?.name ?? '') !== undefined) continue;
      await this.registry.create(kind, object).catch((error: unknown) => {
        if (!(error instanceof AlreadyExistsError)) throw error;
      });
    }
    await this.#customResources.settled();
    await this.#leadership.start();
  }

  /** Every part is closed, whatever becomes of the others; rejects with what went wrong. */
  async #close(): Promise<void> {
    const failed: unknown[] = [];
    const parts: readonly (() => void | Promise<void>)[] = [
      ...[...this.#servers].map((server) => () => server.close()),
      () => this.#crank.close(),
      () => this.#leadership.close(),
      () => this.#loop.close(),
      () => this.#customResources.close(),
      () => this.#intake.close(),
      () => this.#nodes.dispose(),
      () => this.#store.close(),
    ];
    for (const close of parts) {
      try {
        await close();
      } catch (error) {
        failed.push(error);
      }
    }
    this.emit('closed');
    this.removeAllListeners();
    if (failed.length === 1) throw failed[0];
    if (failed.length > 1) throw new AggregateError(failed, 'the cluster could not close everything');
  }

  protected override onListenerFailure(event: string, error: unknown): void {
    this.#logger.error({ event, error: error instanceof Error ? error.message : String(error) }, 'a listener threw');
  }

  #tellOf(change: ViewChange): void {
    this.emit('change', change);
    if (change.kind.kind === 'Event' && change.kind.group === '' && change.type !== 'deleted') this.emit('event', change.object);
  }
}

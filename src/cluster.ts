import { Eviction } from './admission/eviction.ts';
import { ServiceAllocation } from './admission/service-allocation.ts';
import { AdmissionChain } from './api/admission-chain.ts';
import type { Client, WriteOptions } from './api/client.ts';
import type { PodSpec } from './api/generated/models.ts';
import type { KubeObject, StoredObject } from './api/object.ts';
import { FieldOwnership } from './api/field-ownership.ts';
import { KindIndex } from './api/kind-index.ts';
import { ObjectDecoder } from './api/object-decoder.ts';
import { ObjectPatcher } from './api/object-patcher.ts';
import { SchemaTable } from './api/schema.ts';
import { deepFreeze } from './api/object.ts';
import { Registry } from './api/registry.ts';
import { RegistryClient } from './api/registry-client.ts';
import { View, type ViewChange } from './api/view.ts';
import { admissionSteps } from './admission/admission-steps.ts';
import type { Handle } from './api/handle.ts';
import { ClusterApi, type Exposable, type ExposeOptions, type RunOptions } from './cluster-api.ts';
import type { ReplicationController } from './kinds/replication-controller.ts';
import type { Service } from './kinds/service.ts';
import { bootstrapObjects } from './bootstrap.ts';
import { ClusterCollections } from './cluster-collections.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import type { ClusterOptions, NodeOptions } from './cluster-options.ts';
import { builtInControllers, selectControllers } from './controllers/built-in-controllers.ts';
import type { Clock } from './env/clock.ts';
import { silentLogger, type Logger } from './env/logger.ts';
import { SeededRandom } from './env/seeded-random.ts';
import { CountingSliceMeter } from './env/counting-slice-meter.ts';
import { parseDuration } from './env/duration.ts';
import { SystemClock, SystemSliceMeter } from './env/system-clock.ts';
import { systemSeed, SystemSecureRandom } from './env/system-secure-random.ts';
import { AlreadyExistsError, ConfigurationError } from './errors.ts';
import { builtInKinds } from './kinds/built-in-kinds.ts';
import { eventKind } from './kinds/event.ts';
import { nodeKind } from './kinds/node.ts';
import { Pod, podKind } from './kinds/pod.ts';
import { notReadyTaint } from './controllers/node-health.ts';
import { Crank } from './loop/crank.ts';
import { EventRecorder } from './loop/event-recorder.ts';
import { Loop, type PassReport } from './loop/loop.ts';
import { PlanWriter } from './loop/plan-writer.ts';
import { DefaultScheduler } from './scheduler/default-scheduler.ts';
import type { PodExplanation } from './scheduler/scheduler.ts';
import type { ServiceProxy } from './proxy/service-proxy.ts';
import type { ServeOptions, ServerHandle } from './server/serve.ts';
import { MemoryStore } from './stores/memory-store.ts';
import type { Store, StoreWatch } from './stores/store.ts';

/** What a cluster tells its host. A listener that throws breaks nothing: the error goes to the logger. */
export interface ClusterEvents {
  /** After every pass of the crank. */
  pass: [report: PassReport];
  /** Every change of every object, in order. */
  change: [change: ViewChange];
  /** A Kubernetes Event was recorded. */
  event: [event: StoredObject];
  closed: [];
}

/**
 * A Kubernetes cluster in this process. It is the only class that knows every room.
 *
 * @example
 * await using cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
 * await cluster.settle();
 */
export class Cluster extends ClusterCollections<ClusterEvents> implements AsyncDisposable {
  readonly name: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly kinds: KindIndex;
  readonly view: View;
  readonly registry: Registry;
  readonly client: Client;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #services: ServiceAllocation;
  readonly #schema = new SchemaTable();
  readonly #decoder = new ObjectDecoder(this.#schema);
  readonly #loop: Loop;
  readonly #crank: Crank;
  readonly #recorder: EventRecorder;
  readonly #api: ClusterApi;
  readonly #nodes: ClusterNodes;
  readonly #eviction: Eviction;
  readonly #servers = new Set<ServerHandle>();
  readonly #changeListeners = new Set<(changes: readonly ViewChange[]) => void>();
  #watch: StoreWatch | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: ClusterOptions, store: Store) {
    super();
    this.name = options.name ?? 'coxswain';
    this.clock = options.clock ?? new SystemClock();
    this.seed = options.seed ?? systemSeed();
    this.#logger = options.logger ?? silentLogger;
    this.#store = store;
    const random = new SeededRandom(this.seed);
    this.kinds = new KindIndex([...builtInKinds, ...(options.kinds ?? [])]);
    this.view = new View(this.kinds.all());
    this.#services = new ServiceAllocation(store, random.fork('services'), {
      serviceCidr: options.serviceCidr ?? '127.96.0.0/16',
      nodePorts: options.nodePorts ?? { from: 30_000, to: 32_767 },
    });
    const ownership = new FieldOwnership({ table: this.#schema, clock: this.clock, structure: (kind) => this.#decoder.structure(kind) });
    const patcher = new ObjectPatcher(this.#schema, ownership);
    this.registry = new Registry({
      store,
      view: this.view,
      clock: this.clock,
      random: random.fork('names'),
      decode: (kind, raw, write) => this.#decoder.decode(kind, raw, write),
      patch: (kind, old, patch, write) => patcher.apply(kind, old, patch, write),
      track: (kind, old, next, write) => ownership.track(kind, old, next, write),
      admission: new AdmissionChain([...admissionSteps({ services: this.#services }), ...(options.admission ?? [])]),
      fence: () => undefined,
    });
    const made = loopOf(options, { registry: this.registry, view: this.view, clock: this.clock, kinds: this.kinds, logger: this.#logger });
    this.#recorder = made.recorder;
    this.#loop = made.loop;
    this.#crank = new Crank(this.#loop, this.clock, (report) => this.#tell('pass', report));
    this.#eviction = new Eviction(this.registry, this.view, this.clock);
    this.#nodes = new ClusterNodes({
      clusterId: this.name,
      clock: this.clock,
      random,
      logger: this.#logger,
      view: this.view,
      client: () => this.client,
      participants: this.#loop.participants,
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
        this.#recorder.record(source?.component ?? this.name, [{ regarding, type, reason, message }], source?.host),
      onChange: (listener) => {
        this.#changeListeners.add(listener);
        return () => this.#changeListeners.delete(listener);
      },
    });
    this.#api = new ClusterApi(this.client, this.kinds);
  }

  /** Opens the store, reads what is there, and makes what every cluster has. */
  static async create(options: ClusterOptions = {}): Promise<Cluster> {
    const store = options.store ?? new MemoryStore();
    const cluster = new Cluster(options, store);
    try {
      await cluster.#open();
      for (const node of options.nodes ?? []) await cluster.#nodes.add(node);
      await cluster.#nodesReady((options.nodes ?? []).map((node) => node.name));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** One pass of the crank. */
  reconcile(): Promise<PassReport> {
    return this.#crank.reconcile();
  }

  /** Passes until nothing is due and nothing is in flight. */
  settle(options: { readonly signal?: AbortSignal } = {}): Promise<PassReport> {
    return this.#crank.settle(options.signal);
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

  /** Adds a node to this process: its Pods run on the runtime given. Rejects with `ConfigurationError` for what cannot work together. */
  async addNode(node: NodeOptions): Promise<void> {
    await this.#nodes.add(node);
    await this.#nodesReady([node.name]);
  }

  /** Ends a node of this process with everything on it, as a machine that is switched off; its Node object stays and falls silent. */
  powerOff(nodeName: string): Promise<void> {
    return this.#nodes.powerOff(nodeName);
  }

  /** Moves a ManualClock on by milliseconds, or a text such as `5m`, `1h30m`, `10s`, doing all that falls due on the way, in order. */
  advance(duration: number | string): Promise<void> {
    return this.#crank.advance(typeof duration === 'number' ? duration : parseDuration(duration));
  }

  /** The service proxy of this process; undefined while no Pod needs one. */
  get proxy(): ServiceProxy | undefined {
    return this.#nodes.proxy;
  }

  /** Serves the Kubernetes API over HTTP; the server ends with the cluster. */
  async serve(options: ServeOptions = {}): Promise<ServerHandle> {
    const { serve } = await import('./server/serve.ts');
    const handle = await serve(
      {
        name: this.name,
        registry: this.registry,
        kinds: this.kinds,
        clock: this.clock,
        logger: this.#logger,
        secureRandom: new SystemSecureRandom(),
        evict: (at, evicted) => this.#eviction.evict(at, evicted),
      },
      options,
    );
    this.#servers.add(handle);
    return handle;
  }

  /** Ends everything this cluster started and closes its store. May be repeated. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Turns the crank until the nodes are registered and ready: a Pod made right after is placed at once. */
  async #nodesReady(names: readonly string[]): Promise<void> {
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
      { timeoutMs: 30_000 },
    );
  }

  async #open(): Promise<void> {
    await this.#store.open({ stamp });
    this.view.sideTable<number>('loop').set('startedAt', this.clock.now());
    const { entries, revision } = await this.#store.list('');
    const inOrder = [...entries].sort((a, b) => a.createRevision - b.createRevision);
    this.#take(inOrder.map((entry) => ({ type: 'put', key: entry.key, entry, previous: undefined })));
    this.view.reached(revision);
    this.#watch = this.#store.watch({
      prefix: '',
      after: revision,
      onChanges: (changes) => this.#take(changes),
      onProgress: (reached) => this.view.reached(reached),
      onError: (error) => this.#logger.error({ error: error.message }, 'the watch of the store ended'),
    });
    for (const { kind, object } of bootstrapObjects()) {
      if (this.view.get(kind, object.metadata?.namespace, object.metadata?.name ?? '') !== undefined) continue;
      await this.registry.create(kind, object).catch((error: unknown) => {
        if (!(error instanceof AlreadyExistsError)) throw error;
      });
    }
  }

  #take(changes: Parameters<View['ingest']>[0]): void {
    const seen = this.view.ingest(changes);
    if (seen.length === 0) return;
    for (const change of seen) this.#note(change);
    this.#loop.onChanges(seen);
    for (const listener of this.#changeListeners) listener(seen);
    if (this.listenerCount('change') > 0) for (const change of seen) this.#tell('change', change);
  }

  /** Keeps what is local to this process and follows from changes: see the side tables in docs/architecture.md. */
  #note({ kind, type, object }: ViewChange): void {
    if (kind.group !== '') {
      if (type === 'deleted') this.view.sideTable('retired-names').delete(object.metadata.uid);
      return;
    }
    if (kind.kind === 'Service') {
      if (type === 'deleted')
        void this.#services
          .release(object as Parameters<ServiceAllocation['release']>[0])
          .catch((error: unknown) => this.#logger.warn({ error: String(error) }, 'the addresses of a Service could not be given back'));
      else this.#services.seen(object as Parameters<ServiceAllocation['seen']>[0]);
    }
    if (kind.kind === 'Node' && type === 'added') this.view.sideTable<number>('nodes-gone').delete(object.metadata.name);
    if (type !== 'deleted') return;
    this.view.sideTable('retired-names').delete(object.metadata.uid);
    if (kind.kind === 'Node') this.view.sideTable<number>('nodes-gone').set(object.metadata.name, this.clock.now());
    if (kind.kind === 'Pod') this.#retire(object);
  }

  /** The name of a deleted Pod is not given to the next one of its owner: people would take it for the same Pod. */
  #retire(pod: StoredObject): void {
    const owner = pod.metadata.ownerReferences?.find((each) => each.controller === true);
    if (owner === undefined) return;
    const table = this.view.sideTable<Set<string>>('retired-names');
    const names = table.get(owner.uid) ?? new Set<string>();
    table.set(owner.uid, names);
    names.add(pod.metadata.name);
    if (names.size > retiredNamesMax) names.delete(names.values().next().value!);
  }

  async #close(): Promise<void> {
    for (const server of this.#servers) await server.close();
    await this.#crank.close();
    await this.#loop.close();
    this.#watch?.close();
    await this.#nodes.dispose();
    await this.#store.close();
    this.#tell('closed');
    this.removeAllListeners();
  }

  #tell<E extends keyof ClusterEvents>(event: E, ...args: ClusterEvents[E]): void {
    for (const listener of this.listeners(event)) {
      try {
        (listener as (...given: ClusterEvents[E]) => void).apply(this, args);
      } catch (error) {
        this.#logger.error({ event, error: error instanceof Error ? error.message : String(error) }, 'a listener threw');
      }
    }
  }
}

/** So many names of deleted Pods are remembered for each owner. */
const retiredNamesMax = 200;

/** Objects know their revision. */
function stamp(value: object, revision: number): object {
  const object = value as KubeObject;
  if (object.metadata === undefined) return value;
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}

interface LoopNeeds {
  readonly registry: Registry;
  readonly view: View;
  readonly clock: Clock;
  readonly kinds: KindIndex;
  readonly logger: Logger;
}

/** The loop with its controllers and schedulers, and what records Events for all of them. */
function loopOf(
  options: ClusterOptions,
  { registry, view, clock, kinds, logger }: LoopNeeds,
): { readonly loop: Loop; readonly recorder: EventRecorder } {
  const limits = options.events === undefined ? {} : { limits: options.events };
  const recorder = new EventRecorder({ registry, view, kind: eventKind, clock, ...limits });
  const builtIn = builtInControllers({ kinds, nodeGracePeriodMs: options.nodeHealth?.gracePeriodMs });
  const loop = new Loop({
    view,
    clock,
    // Under a ManualClock slices are counted, not timed: where a pass yields must not depend on the machine.
    meter: clock.virtual ? new CountingSliceMeter() : new SystemSliceMeter(),
    logger,
    writer: new PlanWriter(registry, view, podKind),
    controllers: [...selectControllers(options.controllers ?? 'all', builtIn), ...(options.extraControllers ?? [])],
    schedulers: options.scheduler === 'none' ? [] : [options.scheduler ?? new DefaultScheduler()],
    record: (component, events) => recorder.record(component, events),
    flushEvents: () => recorder.flush(),
    leads: () => true,
  });
  return { loop, recorder };
}

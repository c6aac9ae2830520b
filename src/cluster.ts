import { abortable } from './api/abortable.ts';
import type { Client, WaitOptions, WriteOptions } from './api/client.ts';
import type { PodSpec } from './api/generated/models.ts';
import type { Handle } from './api/handle.ts';
import type { KindIndex } from './api/kind-index.ts';
import type { KubeObject, StoredObject } from './api/object.ts';
import type { Registry } from './api/registry.ts';
import type { View } from './api/view.ts';
import type { ClusterApi, Exposable, ExposeOptions, RunOptions } from './cluster-api.ts';
import { ClusterCollections } from './cluster-collections.ts';
import type { ForkOptions } from './cluster-fork.ts';
import type { ClusterOptions, CreationOptions, NodeOptions } from './cluster-options.ts';
import { checkClusterOptions } from './cluster-options-check.ts';
import { ClusterParts } from './cluster-parts.ts';
import { ClusterSnapshot, restoreSnapshot, type SnapshotOptions, type SnapshotSource } from './cluster-snapshot.ts';
import type { NameServer } from './dns/name-server.ts';
import type { Clock } from './env/clock.ts';
import { parseDuration } from './env/duration.ts';
import { ConfigurationError } from './errors.ts';
import { Pod } from './kinds/pod.ts';
import type { ReplicationController } from './kinds/replication-controller.ts';
import type { Service } from './kinds/service.ts';
import type { PassReport } from './loop/loop.ts';
import type { ServiceProxy } from './proxy/service-proxy.ts';
import type { PodExplanation } from './scheduler/scheduler.ts';
import type { ServeOptions, ServerHandle } from './server/serve-options.ts';
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
  readonly #parts: ClusterParts;
  #closing: Promise<void> | undefined;

  private constructor(options: ClusterOptions, store: Store) {
    super();
    checkClusterOptions(options);
    const parts = (this.#parts = new ClusterParts(options, store, this));
    this.name = parts.name;
    this.clock = parts.clock;
    this.seed = parts.seed;
    this.kinds = parts.kinds;
    this.view = parts.view;
    this.registry = parts.machine.registry;
    this.client = parts.client;
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
      await abortable('the start of the cluster', signal, () => cluster.#parts.begin(signal, fill));
    } catch (error) {
      const closed = cluster.close();
      // What did not answer until now may not answer to its end either; whoever gave up does not wait for it.
      if (signal?.aborted === true)
        closed.catch((failure: unknown) => cluster.#parts.logger.error({ failure: String(failure) }, 'not all was closed'));
      else await closed;
      throw error;
    }
    return cluster;
  }

  /** One pass of the crank. */
  reconcile(): Promise<PassReport> {
    return this.#parts.crank.reconcile();
  }

  /**
   * Passes until nothing is due and nothing is in flight. Rejects with `NotSettlingError` if writes never end, with `WaitTimeoutError` if
   * work is still in flight after `timeoutMs` (no limit unless given).
   */
  settle(options: WaitOptions = {}): Promise<PassReport> {
    return this.#parts.crank.settle(options);
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
    return typeof what === 'string' ? this.#parts.api.run(what, image, options) : this.#parts.crank.run(what.signal);
  }

  /** Stores what a handle was made from; the handle is live from then on. */
  create<M extends KubeObject, H extends Handle<M>>(handle: H & Handle<M>, options?: WriteOptions): Promise<H> {
    return this.#parts.api.create<M, H>(handle, options);
  }

  /** Creates what is missing and changes what differs: handles, manifests, or the text of YAML documents. */
  apply(...args: Parameters<ClusterApi['apply']>): ReturnType<ClusterApi['apply']> {
    return this.#parts.api.apply(...args);
  }

  /** One address for the Pods of a workload. Rejects with `ConfigurationError` if its selector is more than labels. */
  expose(owner: Exposable, options: ExposeOptions): Promise<Service> {
    return this.#parts.api.expose(owner, options);
  }

  /**
   * Why the pod is where it is, or nowhere: for each node the plugin and reason that refuse it, or its score by plugin. A pod that
   * is placed is looked at as if it were not. Throws a ConfigurationError if no scheduler here is in charge of the pod.
   */
  explain(pod: StoredObject | Pod): PodExplanation {
    const object = pod instanceof Pod ? (pod.object as StoredObject) : pod;
    const schedulerName = (object.spec as PodSpec | undefined)?.schedulerName ?? 'default-scheduler';
    const scheduler = this.#parts.machine.loop.schedulers.find((one) => one.handles(schedulerName));
    if (scheduler === undefined) throw new ConfigurationError(`explain: no scheduler of this cluster is called ${schedulerName}`);
    return scheduler.explain(this.view, object);
  }

  /** All objects at one revision, as portable lines of JSON: for a backup, another store, or a bug report (see `SnapshotOptions`). */
  snapshot(options: SnapshotOptions = {}): ClusterSnapshot {
    return new ClusterSnapshot({ cluster: this.name, store: this.#parts.store, now: () => this.clock.now(), options });
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
    const forked = forkedOptions(this.#parts.options, this.clock.now(), this.view, { seed: this.seed, ...options });
    return Cluster.fromSnapshot(this.snapshot(), forked);
  }

  /**
   * Adds a node to this process: its Pods run on the runtime given. Rejects with `ConfigurationError` for what cannot work together, and
   * with `AbortedError` when the signal fires: a runtime that is still opening by then is closed again when it has.
   */
  addNode(node: NodeOptions, { signal }: CreationOptions = {}): Promise<void> {
    return abortable(`adding node ${node.name}`, signal, async () => {
      await this.#parts.nodes.add(node, signal);
      await this.#parts.nodesReady([node.name], signal);
    });
  }

  /** Ends a node of this process with everything on it, as a machine that is switched off; its Node object stays and falls silent. */
  powerOff(nodeName: string): Promise<void> {
    return this.#parts.nodes.powerOff(nodeName);
  }

  /** Moves a ManualClock on by milliseconds, or a text such as `5m`, `1h30m`, `10s`, doing all that falls due on the way, in order. */
  advance(duration: number | string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#parts.crank.advance(typeof duration === 'number' ? duration : parseDuration(duration), options.signal);
  }

  /** Which control plane leads, by its identity and as this process sees it; undefined: nobody does, or there is only this one. */
  get leader(): string | undefined {
    return this.#parts.leadership.leader;
  }

  /** Whether the controllers and the scheduler of this process act; always so where no other process can write to the store. */
  get leading(): boolean {
    return this.#parts.leadership.leading;
  }

  /** What this process is called among several control planes; undefined if it is the only one. */
  get identity(): string | undefined {
    return this.#parts.leadership.identity;
  }

  /** The service proxy of this process; undefined while no Pod needs one. */
  get proxy(): ServiceProxy | undefined {
    return this.#parts.nodes.proxy;
  }

  /** The name server of this process, if one was asked for. */
  get nameServer(): NameServer | undefined {
    return this.#parts.nameServer;
  }

  /** Serves the Kubernetes API over HTTP; the server ends with the cluster. */
  serve(options: ServeOptions = {}): Promise<ServerHandle> {
    return this.#parts.servers.serve(options);
  }

  /** Ends everything this cluster started and closes its store. May be repeated. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#parts.close();
    } finally {
      this.emit('closed');
      this.removeAllListeners();
    }
  }

  protected override onListenerFailure(event: string, error: unknown): void {
    this.#parts.logger.error({ event, error: error instanceof Error ? error.message : String(error) }, 'a listener threw');
  }
}

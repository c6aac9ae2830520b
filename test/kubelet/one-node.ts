import { AdmissionChain } from '../../src/api/admission-chain.ts';
import type { Client } from '../../src/api/client.ts';
import type { ConfigMapManifest, ContainerStatus, NodeManifest, PodManifest, PodSpec, PodStatus } from '../../src/api/generated/models.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { KubeObject, Stored } from '../../src/api/object.ts';
import { deepFreeze } from '../../src/api/object.ts';
import { Registry } from '../../src/api/registry.ts';
import { RegistryClient } from '../../src/api/registry-client.ts';
import { View } from '../../src/api/view.ts';
import { silentLogger } from '../../src/env/logger.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { Kubelet } from '../../src/kubelet/kubelet.ts';
import type { KubeletOptions } from '../../src/kubelet/kubelet-options.ts';
import { Crank } from '../../src/loop/crank.ts';
import { Loop } from '../../src/loop/loop.ts';
import { PlanWriter } from '../../src/loop/plan-writer.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import type { SimulatedRuntimeOptions } from '../../src/runtimes/simulated/simulated-runtime-options.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { StoreChange } from '../../src/stores/store.ts';

export interface SeenEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: string;
  readonly fieldPath: string | undefined;
  readonly atMs: number;
}

/** What a pod's status was after each write, in order. */
export interface SeenWrite {
  readonly key: string;
  readonly type: StoreChange['type'];
}

type KubeletExtras = Partial<Pick<KubeletOptions, 'drainMs' | 'tokens' | 'relistMs' | 'clusterDns' | 'node'>>;

/** One node on a real store, registry, loop and (unless told otherwise) the simulated runtime; no controller, no scheduler. */
export class OneNode<R extends Runtime = SimulatedRuntime> implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly view = new View(builtInKinds);
  readonly events: SeenEvent[] = [];
  readonly writes: SeenWrite[] = [];
  readonly client: Client;
  readonly runtime: R;
  kubelet!: Kubelet;
  readonly #registry: Registry;
  readonly #loop: Loop;
  readonly #crank: Crank;

  constructor(runtime: R) {
    this.runtime = runtime;
    const { view, store, clock } = this;
    const random = new SeededRandom(7);
    this.#registry = new Registry({
      store,
      view,
      clock,
      random: () => random,
      decode: (_kind, raw) => raw,
      patch: (_kind, old) => old as KubeObject,
      track: (_kind, _old, next) => next,
      admission: new AdmissionChain([]),
      fence: () => undefined,
    });
    this.#loop = new Loop({
      view,
      clock,
      meter: { elapsedMs: () => 0 },
      logger: silentLogger,
      writer: new PlanWriter(this.#registry, view, podKind),
      controllers: [],
      schedulers: [],
      record: () => undefined,
      flushEvents: () => Promise.resolve(0),
      leads: () => true,
    });
    this.#crank = new Crank(this.#loop, clock, () => undefined);
    this.client = new RegistryClient({
      registry: this.#registry,
      view,
      waitFor: (what, check, describe, options) => this.#crank.waitFor(what, check, describe, options),
      event: ({ name, fieldPath }, type, reason, message) =>
        this.events.push({ type, reason, message, object: name, fieldPath, atMs: clock.now() }),
      clock,
      streams: undefined as never,
      evict: () => Promise.reject(new Error('nobody evicts here')),
      onChange: () => () => undefined,
    });
  }

  static async simulated(images: SimulatedRuntimeOptions = {}, extras: KubeletExtras = {}): Promise<OneNode> {
    return new OneNode(new SimulatedRuntime(images)).open(extras);
  }

  /** Opens the store and starts the kubelet of node `n1`. */
  async open(extras: KubeletExtras = {}): Promise<this> {
    await this.store.open({
      stamp: (value, revision) =>
        deepFreeze({ ...value, metadata: { ...(value as KubeObject).metadata, resourceVersion: String(revision) } }),
    });
    this.store.watch({
      prefix: '',
      after: 0,
      onChanges: (changes) => {
        this.writes.push(...changes.map(({ key, type }) => ({ key, type })));
        this.#loop.onChanges(this.view.ingest(changes));
      },
      onError: (error) => {
        throw error;
      },
    });
    await this.startKubelet(extras);
    return this;
  }

  async startKubelet(extras: KubeletExtras = {}): Promise<void> {
    this.kubelet = await Kubelet.open({
      node: { name: 'n1' },
      runtime: this.runtime,
      client: this.client,
      view: this.view,
      env: {
        clock: this.clock,
        random: new SeededRandom(11),
        secureRandom: { bytes: (length) => new Uint8Array(length) },
        logger: silentLogger,
        clusterId: 'test',
        nodeName: 'n1',
        onHostDeath: this.keep ? 'keep' : 'kill',
        stateDir: '/nonexistent',
      },
      ...extras,
    });
    this.#loop.participants.add(this.kubelet);
  }

  /** What happens to pods when the kubelet is closed. */
  keep = false;

  async stopKubelet(): Promise<void> {
    await this.#loop.participants.remove(this.kubelet);
  }

  create<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M): Promise<Stored<M>> {
    return this.client.create(kind, manifest);
  }

  /** A pod bound to the node. */
  pod(
    name: string,
    spec: Partial<PodSpec> = {},
    metadata: Partial<NonNullable<PodManifest['metadata']>> = {},
  ): Promise<Stored<PodManifest>> {
    const containers = spec.containers ?? [{ name: 'web', image: 'web:1' }];
    return this.create(podKind, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...metadata },
      spec: { nodeName: 'n1', ...spec, containers },
    });
  }

  deletePod(name: string, gracePeriodSeconds?: number): Promise<unknown> {
    return this.client.delete(podKind, { namespace: 'default', name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  }

  find(name: string): Stored<PodManifest> | undefined {
    return this.view.get(podKind, 'default', name);
  }

  status(name: string): PodStatus {
    const found = this.find(name)?.status;
    if (found === undefined) throw new Error(`there is no pod ${name}`);
    return found;
  }

  container(pod: string, name = 'web'): ContainerStatus {
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = this.status(pod);
    const found = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((each) => each.name === name);
    if (found === undefined) throw new Error(`pod ${pod} has no status of container ${name}`);
    return found;
  }

  condition(pod: string, type: string): string | undefined {
    return this.status(pod).conditions?.find((each) => each.type === type)?.status;
  }

  node(): Stored<NodeManifest> | undefined {
    return this.view.get(nodeKind, undefined, 'n1');
  }

  /** `reason` of the Events about an object (and of one container of it), in order. */
  reasons(object: string): readonly string[] {
    return this.events.filter((event) => event.object === object).map(({ reason }) => reason);
  }

  /** How often the pod was written since it was created. */
  writesOf(pod: string): number {
    return this.writes.filter(({ key }) => key === `core/pods/default/${pod}`).length - 1;
  }

  advance(ms: number): Promise<void> {
    return this.#crank.advance(ms);
  }

  /** Advances step by step until `check` holds; fails after `limitMs` of virtual time. */
  async until(check: () => boolean, limitMs = 120_000): Promise<void> {
    const end = this.clock.now() + limitMs;
    await this.advance(1);
    while (!check()) {
      if (this.clock.now() >= end)
        throw new Error(
          `did not happen within ${limitMs} ms:\n${JSON.stringify(this.view.list(podKind), undefined, 1)}\n${JSON.stringify(this.events, undefined, 1)}`,
        );
      await this.advance(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crank.close();
    await this.#loop.close();
    await this.store.close();
  }
}

export type { ConfigMapManifest };

import { kindPrefix } from '../../api/keys.ts';
import { KindIndex } from '../../api/kind-index.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, StoredObject } from '../../api/object.ts';
import { Cluster } from '../../cluster.ts';
import { ManualClock } from '../../env/manual-clock.ts';
import { builtInKinds } from '../../kinds/built-in-kinds.ts';
import { eventKind } from '../../kinds/event.ts';
import { MemoryStore } from '../../stores/memory-store.ts';
import type { StoreChange, WriteOp } from '../../stores/store.ts';
import { FaultyStore, type StoreFault } from '../simulation/faulty-store.ts';
import type { ControllerScenario, ScenarioHands } from './controller-scenario.ts';
import { endState } from './end-state.ts';
import type { FaultPlan } from './fault-plan.ts';
import { LaggingView } from './lagging-view.ts';
import { PodWorld } from './pod-world.ts';

/** How a scenario ended. */
export interface ScenarioEnd {
  /** Writes of the controllers, Events not counted. */
  readonly writes: number;
  /** Everything that is there, in a form in which two runs can be compared. */
  readonly objects: readonly string[];
  /** How many objects of each kind the controllers created. */
  readonly created: Readonly<Record<string, number>>;
  /** True if the fault came to pass. */
  readonly disturbed: boolean;
}

const eventPrefix = kindPrefix(eventKind as KindDescriptor);
/** So many times controllers and Pods take turns before a scenario counts as one without an end. */
const roundsMax = 400;
/** Nothing happens for so long: all is at rest. Longer than a few failures in a row make a key wait. */
const restMs = 2000;

/** One run of one scenario, calm or with one fault. */
export class ScenarioRun {
  readonly #scenario: ControllerScenario;
  readonly #plan: FaultPlan | undefined;
  readonly #clock = new ManualClock();
  readonly #memory = new MemoryStore();
  readonly #store: FaultyStore;
  readonly #kinds = new KindIndex(builtInKinds);
  readonly #world: PodWorld;
  readonly #created: Record<string, number> = {};
  #cluster: Cluster | undefined;
  #view: LaggingView | undefined;
  #armed = false;
  #dead = false;
  #writes = 0;
  #starts = 0;
  #disturbed = false;

  constructor(scenario: ControllerScenario, plan?: FaultPlan) {
    this.#scenario = scenario;
    this.#plan = plan;
    this.#store = new FaultyStore(this.#memory, (op) => this.#faultOf(op));
    this.#world = new PodWorld(() => this.#running.client, scenario.pods);
  }

  async run(): Promise<ScenarioEnd> {
    try {
      await this.#start();
      const hands = this.#hands();
      for (const step of this.#scenario.steps) {
        await step(hands);
        await this.#rest();
      }
      const { entries } = await this.#memory.list('');
      const objects = endState(entries.map(({ value }) => value as StoredObject));
      return { writes: this.#writes, objects, created: this.#created, disturbed: this.#disturbed };
    } finally {
      this.#armed = false;
      await this.#cluster?.close();
      await this.#store.dispose();
    }
  }

  get #running(): Cluster {
    if (this.#cluster === undefined) throw new Error('the scenario has no cluster');
    return this.#cluster;
  }

  async #start(): Promise<void> {
    const lagging = this.#plan?.fault === 'stale' && this.#disturbed;
    const view = new LaggingView(this.#kinds.all(), () => this.#running.view);
    view.lagging = lagging;
    this.#view = view;
    const started = this.#starts > 0;
    this.#cluster = await Cluster.create({
      clock: this.#clock,
      store: this.#store,
      seed: 1 + this.#starts++,
      controllers: 'none',
      scheduler: 'none',
      extraControllers: this.#scenario.controllers(this.#kinds).map((controller) => view.before(controller)),
    });
    if (started)
      view.ingest((await this.#memory.list('')).entries.map((entry) => ({ type: 'put', key: entry.key, entry, previous: undefined })));
    const after = started ? await this.#memory.head() : 0;
    this.#store.watch({ prefix: '', after, onChanges: (changes) => this.#take(view, changes), onError: () => undefined });
    view.look(this.#clock.now());
  }

  #take(view: LaggingView, changes: readonly StoreChange[]): void {
    if (view !== this.#view) return;
    view.take(changes, this.#clock.now());
    if (!this.#armed) return;
    for (const { type, previous, entry } of changes) {
      const { kind } = entry.value as StoredObject;
      if (type === 'put' && previous === undefined) this.#created[kind] = (this.#created[kind] ?? 0) + 1;
    }
  }

  #faultOf(op: WriteOp): StoreFault {
    if (!this.#armed) return 'none';
    if (this.#dead) return 'error-before';
    if (op.key.startsWith(eventPrefix)) return 'none';
    const hit = this.#writes++ === this.#plan?.write;
    if (!hit) return 'none';
    this.#disturbed = true;
    switch (this.#plan!.fault) {
      case 'crash-before':
        this.#dead = true;
        return 'error-before';
      case 'crash-after':
        this.#dead = true;
        return 'lost-answer';
      case 'stale':
        this.#view!.lagging = true;
        return 'none';
      default:
        return this.#plan!.fault;
    }
  }

  /** Controllers and Pods take turns until neither has anything left to do. */
  async #rest(): Promise<void> {
    for (let round = 0; round < roundsMax; round++) {
      await this.#armedly(() => this.#running.settle());
      if (await this.#revive()) continue;
      if (await this.#world.act()) continue;
      const before = await this.#memory.head();
      await this.#armedly(() => this.#running.advance(restMs));
      if (!(await this.#revive()) && (await this.#memory.head()) === before && !(await this.#world.act())) return;
    }
    throw new Error(`${this.#scenario.name}: it does not come to rest`);
  }

  async #armedly(deed: () => Promise<unknown>): Promise<void> {
    this.#armed = true;
    try {
      await deed();
    } finally {
      this.#armed = false;
    }
  }

  /** The next process takes over from the one that died; true if there was one. */
  async #revive(): Promise<boolean> {
    if (!this.#dead) return false;
    this.#dead = false;
    await this.#running.close();
    await this.#start();
    return true;
  }

  #hands(): ScenarioHands {
    const client = (): Cluster['client'] => this.#running.client;
    const kindOf = (name: string): KindDescriptor => {
      const kind = this.#kinds.all().find((each) => each.kind === name);
      if (kind === undefined) throw new Error(`there is no kind ${name}`);
      return kind;
    };
    const at = (kind: KindDescriptor, name: string): { namespace: string | undefined; name: string } => ({
      namespace: kind.namespaced ? 'default' : undefined,
      name,
    });
    return {
      get client() {
        return client();
      },
      view: this.#running.view,
      world: this.#world,
      create: async (...manifests: readonly KubeObject[]) => {
        for (const manifest of manifests) {
          const kind = kindOf(manifest.kind ?? '');
          const metadata = kind.namespaced ? { namespace: 'default', ...manifest.metadata } : manifest.metadata;
          await client().create(kind, { ...manifest, ...(metadata === undefined ? {} : { metadata }) });
        }
      },
      patch: async (name, object, patch) => {
        await client().patch(kindOf(name), at(kindOf(name), object), { type: 'merge', patch });
      },
      patchStatus: async (name, object, patch) => {
        const kind = kindOf(name);
        const old = client().get(kind, at(kind, object)) as StoredObject;
        await client().updateStatus(kind, { ...old, status: { ...(old.status as object), ...patch } } as KubeObject);
      },
      delete: async (name, object, propagation = 'Background') => {
        const kind = kindOf(name);
        const options = name === 'Pod' ? { gracePeriodSeconds: 0 } : { propagationPolicy: propagation };
        await client().delete(kind, at(kind, object), options);
      },
      advance: async (ms) => {
        await this.#rest();
        await this.#armedly(() => this.#running.advance(ms));
        await this.#revive();
      },
    };
  }
}

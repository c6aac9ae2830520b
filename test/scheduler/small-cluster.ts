import type { NodeManifest, PodManifest, PodSpec } from '../../src/api/generated/models.ts';
import { deepFreeze, type Stored, type StoredObject } from '../../src/api/object.ts';
import { View } from '../../src/api/view.ts';
import type { ObjectChange, PlannedEvent, PlannedWrite } from '../../src/controllers/controller.ts';
import { NotFoundError } from '../../src/errors.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import type { Scheduler, SchedulingPlan } from '../../src/scheduler/scheduler.ts';

type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly [field: string]: unknown;
};

let uids = 0;

/** A stored object of any kind, frozen, with a uid of its own. */
export function stored(kind: string, metadata: Metadata, rest: object = {}, apiVersion = 'v1'): StoredObject {
  uids++;
  return deepFreeze({
    apiVersion,
    kind,
    ...rest,
    metadata: { uid: `uid-${uids}`, resourceVersion: String(uids), creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  }) as StoredObject;
}

export type NodeOptions = {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: NonNullable<NodeManifest['spec']>;
  readonly status?: object;
  readonly extended?: Record<string, string>;
};

/** 4 cpu, 32Gi and 110 pods unless said otherwise. */
export function aNode(
  name: string,
  { cpu = '4', memory = '32Gi', pods = '110', labels = {}, spec = {}, status = {}, extended = {} }: NodeOptions = {},
): StoredObject {
  const allocatable = { cpu, memory, pods, ...extended };
  return stored(
    'Node',
    { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    { spec, status: { allocatable, capacity: allocatable, ...status } },
  );
}

export type PodOptions = {
  readonly namespace?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly labels?: Record<string, string>;
  readonly on?: string;
  readonly spec?: Partial<PodSpec>;
  readonly status?: object;
  readonly metadata?: object;
};

/** One container; pending in `default` unless said otherwise. */
export function aPod(
  name: string,
  { namespace = 'default', cpu, memory, labels = {}, on, spec = {}, status = {}, metadata = {} }: PodOptions = {},
): Stored<PodManifest> {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  const container = { name: 'main', image: 'pause:3', ...(Object.keys(requests).length === 0 ? {} : { resources: { requests } }) };
  const whole = { schedulerName: 'default-scheduler', containers: [container], ...(on === undefined ? {} : { nodeName: on }), ...spec };
  return stored(
    'Pod',
    { name, namespace, labels, ...metadata },
    { spec: whole, status: { phase: 'Pending', ...status } },
  ) as Stored<PodManifest>;
}

export interface RecordedEvent extends PlannedEvent {
  readonly at: number;
}

/**
 * A scheduler with a store's worth of objects around it and nothing else: writes take effect at once (victims go without grace),
 * the clock stands where it is put.
 */
export class SmallCluster {
  readonly scheduler: Scheduler;
  readonly view = new View(builtInKinds);
  readonly objects = new Map<string, StoredObject>();
  readonly events: RecordedEvent[] = [];
  readonly writes: PlannedWrite[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  lastPlan: SchedulingPlan | undefined;
  /** Writes for which this returns an error fail with it. */
  fault: (write: PlannedWrite) => Error | undefined = () => undefined;
  #changes: ObjectChange[] = [];
  #revision = 1_000_000;

  constructor(scheduler: Scheduler, ...objects: readonly StoredObject[]) {
    this.scheduler = scheduler;
    this.put(...objects);
  }

  put(...objects: readonly StoredObject[]): this {
    for (const object of objects) {
      const key = keyOf(object);
      const previous = this.objects.get(key);
      this.objects.set(key, object);
      this.#changes.push({ type: previous === undefined ? 'added' : 'modified', object, previous });
    }
    return this;
  }

  /** Changes an object by what is in `change` (one level deep in metadata, spec and status). */
  change(kind: string, name: string, change: { metadata?: object; spec?: object; status?: object }, namespace?: string): void {
    const old = this.get(kind, name, namespace);
    const metadata = { ...old.metadata, ...change.metadata, resourceVersion: String(++this.#revision) };
    this.put(
      deepFreeze({
        ...old,
        metadata,
        ...(change.spec === undefined ? {} : { spec: { ...(old.spec as object), ...change.spec } }),
        ...(change.status === undefined ? {} : { status: { ...(old.status as object), ...change.status } }),
      }),
    );
  }

  remove(kind: string, name: string, namespace?: string): void {
    const object = this.get(kind, name, namespace);
    this.objects.delete(keyOf(object));
    this.#changes.push({ type: 'deleted', object, previous: object });
  }

  get(
    kind: string,
    name: string,
    namespace = ['Node', 'Namespace', 'PersistentVolume', 'StorageClass', 'CSINode'].includes(kind) ? undefined : 'default',
  ): StoredObject {
    const object = this.objects.get(`${kind}/${namespace ?? ''}/${name}`);
    if (object === undefined) throw new Error(`the test has no ${kind} ${namespace ?? ''}/${name}`);
    return object;
  }

  pod(name: string, namespace?: string): Stored<PodManifest> {
    return this.get('Pod', name, namespace) as Stored<PodManifest>;
  }

  /** Where a pod is, '' if nowhere. */
  nodeOf(name: string, namespace?: string): string {
    return this.pod(name, namespace).spec?.nodeName ?? '';
  }

  /** Passes until nothing is left to do at this time. */
  settle(): this {
    for (let pass = 0; pass < 1_000; pass++) {
      if (!this.pass() && this.#changes.length === 0 && this.lastPlan?.more !== true) return this;
    }
    throw new Error('the scheduler does not come to rest');
  }

  /** One pass; true if it wrote something. */
  pass(budget: () => boolean = () => true): boolean {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.scheduler.onChanges(changes, this.view);
    const plan = this.scheduler.schedule(this.view, this.now, budget);
    this.lastPlan = plan;
    for (const event of plan.events) this.events.push({ ...event, at: this.now });
    for (const write of plan.writes) {
      this.writes.push(write);
      const error = this.fault(write) ?? this.#apply(write);
      this.scheduler.onWritten(write, error, this.now);
    }
    return plan.writes.length > 0 || plan.events.length > 0;
  }

  advance(ms: number): this {
    this.now += ms;
    return this.settle();
  }

  messages(name: string, reason = 'FailedScheduling'): readonly string[] {
    return this.events.filter((event) => event.reason === reason && event.regarding.name === name).map(({ message }) => message);
  }

  #apply(write: PlannedWrite): Error | undefined {
    const target = write.verb === 'bind' || write.verb === 'evict' ? write.pod : write.object;
    const { name = '', namespace, uid } = target.metadata ?? {};
    const present = this.objects.get(`${(target as StoredObject).kind}/${namespace ?? ''}/${name}`);
    if (present === undefined || present.metadata.uid !== uid) return new NotFoundError(`${name} not found`);
    switch (write.verb) {
      case 'bind':
        this.change('Pod', name, { spec: { nodeName: write.nodeName } }, namespace);
        return undefined;
      case 'delete':
      case 'evict':
        this.remove('Pod', name, namespace);
        return undefined;
      case 'update':
        this.put(
          deepFreeze({
            ...write.object,
            metadata: { ...write.object.metadata, resourceVersion: String(++this.#revision) },
          } as StoredObject),
        );
        return undefined;
      default:
        this.put(
          deepFreeze({
            ...present,
            metadata: { ...present.metadata, resourceVersion: String(++this.#revision) },
            status: (write.object as StoredObject).status,
          }),
        );
        return undefined;
    }
  }
}

const keyOf = (object: StoredObject): string => `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;

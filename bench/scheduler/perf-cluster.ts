import { performance } from 'node:perf_hooks';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import { View } from '../../src/api/view.ts';
import type { ObjectChange, PlannedWrite } from '../../src/controllers/controller.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';

/**
 * A store's worth of objects around one scheduler and nothing else. Writes take effect at once; what the scheduler itself takes
 * is metered, what the objects around it cost is not.
 */
export class PerfCluster {
  readonly #scheduler: Scheduler;
  readonly #view = new View(builtInKinds);
  readonly #objects = new Map<string, StoredObject>();
  #changes: ObjectChange[] = [];
  #uids = 0;
  #now = 1_767_225_600_000;
  bound = 0;
  /** Milliseconds of every pass since the last `resetMeter`. */
  passes: number[] = [];

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  put(kind: string, metadata: { readonly name: string; readonly [field: string]: unknown }, rest: object): StoredObject {
    this.#uids++;
    const object = deepFreeze({
      apiVersion: 'v1',
      kind,
      ...rest,
      metadata: { uid: `uid-${this.#uids}`, resourceVersion: String(this.#uids), creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    }) as StoredObject;
    this.#objects.set(object.metadata.uid, object);
    this.#changes.push({ type: 'added', object, previous: undefined });
    return object;
  }

  change(previous: StoredObject, object: StoredObject): void {
    this.#objects.set(object.metadata.uid, object);
    this.#changes.push({ type: 'modified', object, previous });
  }

  object(uid: string): StoredObject | undefined {
    return this.#objects.get(uid);
  }

  delete(uid: string): void {
    const object = this.#objects.get(uid);
    if (object === undefined) return;
    this.#objects.delete(uid);
    this.#changes.push({ type: 'deleted', object, previous: object });
  }

  uids(kind: string): readonly string[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind).map(({ metadata }) => metadata.uid);
  }

  resetMeter(): void {
    this.passes = [];
  }

  /** One pass of at most one pod; a millisecond of the cluster's time. True if anything is left to do. */
  pass(budget: () => boolean = () => false): boolean {
    this.#now++;
    const changes = this.#changes;
    this.#changes = [];
    const started = performance.now();
    if (changes.length > 0) this.#scheduler.onChanges(changes, this.#view);
    const plan = this.#scheduler.schedule(this.#view, this.#now, budget);
    const planned = performance.now();
    for (const write of plan.writes) this.#apply(write);
    const applied = performance.now();
    for (const write of plan.writes) this.#scheduler.onWritten(write, undefined, this.#now);
    this.passes.push(performance.now() - applied + planned - started);
    return plan.more || this.#changes.length > 0;
  }

  /** Passes until nothing is due, as fast as it goes. */
  settle(): void {
    while (this.pass(() => true));
  }

  #apply(write: PlannedWrite): void {
    switch (write.verb) {
      case 'bind': {
        const old = this.#objects.get(write.pod.metadata.uid);
        if (old === undefined) return;
        this.bound++;
        const spec = Object.freeze({ ...(old.spec as object), nodeName: write.nodeName });
        this.change(old, Object.freeze({ ...old, spec }));
        return;
      }
      case 'delete':
        return this.delete(write.object.metadata.uid);
      case 'update-status': {
        const object = write.object as StoredObject;
        const old = this.#objects.get(object.metadata.uid);
        if (old !== undefined) this.change(old, deepFreeze({ ...old, status: object.status }));
        return;
      }
      default:
        throw new Error(`the benchmark knows no ${write.verb}`);
    }
  }
}

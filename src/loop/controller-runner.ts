import type { Identity } from '../api/client.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { View, ViewChange } from '../api/view.ts';
import type { Instant } from '../env/clock.ts';
import type { Controller, PlannedEvent, PlannedWrite, Trigger, WriteFailure } from '../controllers/controller.ts';
import { kindPrefix } from '../api/keys.ts';
import { ApiError } from '../errors.ts';
import type { PlanWriter } from './plan-writer.ts';
import { WorkQueue } from './work-queue.ts';

/** What a controller did in a pass. */
export interface ControllerReport {
  readonly name: string;
  readonly reconciled: number;
  readonly written: number;
  readonly failed: number;
}

/** Lets the host's other work run if the slice is used up; costs nothing while it is not. */
export type Breathe = () => Promise<void> | undefined;

export interface RunnerEnv {
  readonly view: View;
  readonly writer: PlanWriter;
  readonly record: (controller: string, events: readonly PlannedEvent[]) => void;
  /** True while the slice has time left. */
  readonly budget: () => boolean;
  readonly breathe: Breathe;
  readonly onFailure: (component: string, key: string, error: unknown) => void;
}

/** At most so many writes go to the store as one group. */
const groupLimit = 1000;

const initialKeysRetryMs = 1000;

/** One controller with its queue: finds dirty keys, asks for plans, applies them, brings failed keys back later. */
export class ControllerRunner {
  readonly controller: Controller;
  #queue = new WorkQueue();
  readonly #identity: Identity;
  readonly #component: string;
  #nextResync: Instant | undefined;

  constructor(controller: Controller) {
    this.controller = controller;
    this.#component = controller.component ?? controller.name;
    this.#identity = { name: `system:controller:${controller.name}`, groups: ['system:controllers'], role: 'controller' };
  }

  /** Keys that are dirty. */
  get queue(): Pick<WorkQueue, 'length'> {
    return this.#queue;
  }

  /** Forgets what was to be done: another control plane leads, or this one begins. */
  reset(): void {
    this.#queue = new WorkQueue();
    this.#nextResync = undefined;
  }

  /** The triggers that are asked of changes of a kind. */
  triggersOf(kind: KindDescriptor): readonly Trigger[] {
    const prefix = kindPrefix(kind);
    return this.controller.triggers.filter((trigger) => trigger.kind === 'any' || kindPrefix(trigger.kind) === prefix);
  }

  /** Marks as dirty what a change touches. */
  onChange(trigger: Trigger, change: ViewChange, view: View): void {
    const keys = trigger.keys(change, view);
    // Dozens of these for every change, most of them empty: an iterator for each would be a twentieth of all that is allocated.
    if (!Array.isArray(keys)) for (const key of keys) this.#queue.add(key);
    else for (let i = 0; i < keys.length; i++) this.#queue.add(keys[i] as string);
  }

  /** Brings back what is due: delayed keys, and all keys when a resync is. */
  fire(now: Instant, view: View): void {
    this.#queue.fire(now);
    const { initialKeys, resyncMs } = this.controller;
    if (initialKeys === undefined || (this.#nextResync !== undefined && now < this.#nextResync)) return;
    // Asked again after a while if it throws.
    this.#nextResync = now + initialKeysRetryMs;
    for (const key of this.controller.initialKeys!(view)) this.#queue.add(key);
    this.#nextResync = resyncMs === undefined ? Number.POSITIVE_INFINITY : now + resyncMs;
  }

  nextAt(): Instant | undefined {
    const delayed = this.#queue.nextAt();
    const resync = this.#nextResync === Number.POSITIVE_INFINITY ? undefined : this.#nextResync;
    if (delayed === undefined || resync === undefined) return delayed ?? resync;
    return Math.min(delayed, resync);
  }

  /** Reconciles until the queue is empty, the group is full or the slice is used up. */
  async run(env: RunnerEnv, now: Instant): Promise<ControllerReport> {
    const writes: PlannedWrite[] = [];
    const owners: string[] = [];
    const taken: string[] = [];
    const failed = new Set<string>();
    while (writes.length < groupLimit && env.budget()) {
      const key = this.#queue.take();
      if (key === undefined) break;
      taken.push(key);
      const planned = this.#plan(env, key, now);
      if (planned === undefined) failed.add(key);
      for (const write of planned ?? []) {
        writes.push(write);
        owners.push(key);
      }
    }
    const outcomes = writes.length === 0 ? [] : await env.writer.apply(writes, this.#identity, env.breathe);
    const failures = env.view.sideTable<WriteFailure>('write-failures');
    const unlucky = new Set<string>();
    outcomes.forEach((outcome, i) => {
      const key = owners[i]!;
      const write = writes[i]!;
      this.#tell(env, write, outcome);
      if (outcome === undefined) return;
      failed.add(key);
      if (outcome instanceof ApiError && outcome.status === 409) return;
      if (!unlucky.has(key)) env.onFailure(this.controller.name, key, outcome);
      unlucky.add(key);
      failures.set(`${this.controller.name}/${key}`, {
        verb: write.verb,
        reason: outcome instanceof ApiError ? outcome.reason : 'Error',
        message: outcome.message,
      });
    });
    for (const key of taken) {
      if (failures.size > 0 && !unlucky.has(key)) failures.delete(`${this.controller.name}/${key}`);
      if (failed.has(key)) this.#queue.retry(key, now);
      else this.#queue.forget(key);
    }
    return {
      name: this.controller.name,
      reconciled: taken.length,
      written: outcomes.filter((outcome) => outcome === undefined).length,
      failed: failed.size,
    };
  }

  /** Records the Event that goes with how a write ended. */
  #tell(env: RunnerEnv, write: PlannedWrite, outcome: Error | undefined): void {
    if (write.verb !== 'create' && write.verb !== 'delete' && write.verb !== 'update') return;
    const { told } = write;
    if (told === undefined) return;
    const { regarding, success, failure } = told;
    if (outcome === undefined) {
      if (success !== undefined) env.record(this.#component, [{ regarding, type: 'Normal', ...success }]);
    } else if (failure !== undefined)
      env.record(this.#component, [
        { regarding, type: 'Warning', reason: failure.reason, message: `${failure.message}: ${outcome.message}` },
      ]);
  }

  #plan(env: RunnerEnv, key: string, now: Instant): readonly PlannedWrite[] | undefined {
    try {
      const plan = this.controller.reconcile(env.view, key, now);
      if (plan.events !== undefined && plan.events.length > 0) env.record(this.#component, plan.events);
      for (const { table, key: at, value } of plan.notes ?? []) {
        if (value === undefined) env.view.sideTable(table).delete(at);
        else env.view.sideTable(table).set(at, value);
      }
      if (plan.requeueAfterMs !== undefined) this.#queue.addAt(key, now + plan.requeueAfterMs);
      return plan.writes;
    } catch (error) {
      // One bad object must not stop the crank: it is reported, and its key comes back later.
      env.onFailure(this.controller.name, key, error);
      return undefined;
    }
  }
}

import type { View, ViewChange } from '../api/view.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Controller, PlannedEvent, Trigger } from '../controllers/controller.ts';
import type { Clock, Instant, SliceMeter } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { ControllerRunner, type Breathe, type ControllerReport } from './controller-runner.ts';
import { ParticipantGroup } from './participant-group.ts';
import type { PlanWriter } from './plan-writer.ts';
import { SchedulerRunner } from './scheduler-runner.ts';

/** What one pass did, and what comes next. */
export interface PassReport {
  readonly now: Instant;
  readonly controllers: readonly ControllerReport[];
  /** Writes that took effect, the scheduler's included. */
  readonly written: number;
  /** Work that was started and has not ended (runtime calls, status writes). */
  readonly inFlight: number;
  /** True if another pass would find something to do at once. */
  readonly more: boolean;
  /** When the next pass is due if nothing changes before; undefined: never. */
  readonly wakeAt: Instant | undefined;
}

/** A controller, scheduler or participant that could not do what it had to. The loop goes on, and brings the work back later. */
export interface ComponentFailure {
  /** Its name: `replication-manager`, `default-scheduler`, `kubelet/n1`. */
  readonly component: string;
  /** What it was about: a controller's key (`namespace/name`), or what was being done (`onChanges`). */
  readonly key: string;
  readonly error: Error;
}

export interface LoopParts {
  readonly view: View;
  readonly clock: Clock;
  readonly meter: SliceMeter;
  readonly logger: Logger;
  /** Told of every failure, besides the logger. */
  readonly onFailure?: (failure: ComponentFailure) => void;
  readonly writer: PlanWriter;
  readonly controllers: readonly Controller[];
  readonly schedulers: readonly Scheduler[];
  readonly record: (component: string, events: readonly PlannedEvent[]) => void;
  /** Writes what was recorded; resolves with the number of writes. */
  readonly flushEvents: (breathe: Breathe) => Promise<number>;
  /**
   * Asked at the start of each pass: whether controllers and schedulers act in it. While they do not (another control plane leads),
   * schedulers keep their picture of the cluster up to date; controllers look at everything anew when they do again.
   */
  readonly leads: () => boolean;
}

/** Who is asked what a change makes dirty. */
interface Route {
  readonly runner: ControllerRunner;
  readonly trigger: Trigger;
}

/** Milliseconds a slice may hold the event loop before it yields. */
const sliceMs = 5;

/** A pass that comes so much later than it was due was not slow: the process could not run. */
const stallMs = 2000;

/** Takes in changes and does, pass by pass, what they make necessary. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #runners: readonly ControllerRunner[];
  readonly #schedulers: readonly SchedulerRunner[];
  readonly #participants: ParticipantGroup;
  /** Found once for each kind, whose changes are many. */
  readonly #routes = new WeakMap<KindDescriptor, readonly Route[]>();
  #leads: boolean;
  #wakeAt: Instant | undefined;
  #sliceStart = 0;
  #onWake: () => void = () => undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#runners = parts.controllers.map((controller) => new ControllerRunner(controller));
    this.#schedulers = parts.schedulers.map((scheduler) => new SchedulerRunner(scheduler));
    this.#leads = parts.leads();
    this.#participants = new ParticipantGroup(
      () => this.#onWake(),
      () => parts.view.everything(),
      (name, doing, error) => this.#failed(name, doing, error),
    );
  }

  get participants(): ParticipantGroup {
    return this.#participants;
  }

  get schedulers(): readonly Scheduler[] {
    return this.#parts.schedulers;
  }

  /** Called whenever there may be something to do before the time the last report named. */
  onWake(listener: () => void): void {
    this.#onWake = listener;
  }

  /** Takes in changes of the view, in order. */
  onChanges(changes: readonly ViewChange[]): void {
    if (this.#leads) for (const change of changes) this.#trigger(change);
    for (const scheduler of this.#schedulers) scheduler.onChanges(changes);
    this.#participants.onChanges(changes);
    this.#onWake();
  }

  /** One pass: due timers, participants, controllers, schedulers, Events. */
  async pass(): Promise<PassReport> {
    const { clock, meter } = this.#parts;
    const now = clock.now();
    this.#noteStall(now);
    this.#sliceStart = meter.elapsedMs();
    const stepped = await this.#participants.step(now, () => this.#breathe());
    // What participants write (heartbeats above all) is in the view before controllers look at it.
    if (stepped) await clock.turn();
    let written = 0;
    const controllers: ControllerReport[] = [];
    this.#turnLead(now);
    if (this.#leads) {
      for (const runner of this.#runners) {
        this.#fire(runner, now);
        if (runner.queue.length === 0) continue;
        const report = await runner.run(this.#runnerEnv(), now);
        controllers.push(report);
        written += report.written;
        await this.#breathe();
      }
      for (const scheduler of this.#schedulers) {
        written += await scheduler.run(this.#runnerEnv(), now);
        await this.#breathe();
      }
    } else {
      for (const scheduler of this.#schedulers) scheduler.follow(this.#runnerEnv());
    }
    written += await this.#parts.flushEvents(() => this.#breathe());
    const wakeAt = this.#nextWake();
    this.#wakeAt = wakeAt;
    return { now, controllers, written, inFlight: this.#participants.inFlight, more: this.#busy(now), wakeAt };
  }

  async close(): Promise<void> {
    await this.#participants.close();
  }

  #fire(runner: ControllerRunner, now: Instant): void {
    try {
      runner.fire(now, this.#parts.view);
    } catch (error) {
      this.#failed(runner.controller.name, 'initialKeys', error);
    }
  }

  #failed(component: string, key: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#parts.logger.warn({ component, key, error: error.message }, 'failed, and will be repeated');
    this.#parts.onFailure?.({ component, key, error });
  }

  #busy(now: Instant): boolean {
    if (this.#participants.busy) return true;
    if (!this.#leads) return false;
    return this.#runners.some((runner) => runner.queue.length > 0) || this.#schedulers.some((scheduler) => scheduler.busy(now));
  }

  #nextWake(): Instant | undefined {
    let next = this.#participants.nextAt();
    const consider = (at: Instant | undefined): void => {
      if (at !== undefined && (next === undefined || at < next)) next = at;
    };
    if (!this.#leads) return next;
    for (const runner of this.#runners) consider(runner.nextAt());
    for (const scheduler of this.#schedulers) consider(scheduler.nextAt());
    return next;
  }

  /** Who begins to lead knows nothing of what others had in mind: every controller looks at everything there is, as at the start. */
  #turnLead(now: Instant): void {
    const led = this.#leads;
    this.#leads = this.#parts.leads();
    if (led === this.#leads) return;
    for (const runner of this.#runners) runner.reset();
    if (!this.#leads) return;
    const { view } = this.#parts;
    // What a node said to the leader before may have been missed here: it gets its grace period anew.
    view.sideTable<Instant>('loop').set('startedAt', now);
    for (const change of view.everything()) this.#trigger(change);
  }

  /** Marks as dirty what a change touches. */
  #trigger(change: ViewChange): void {
    let routes = this.#routes.get(change.kind);
    if (routes === undefined) this.#routes.set(change.kind, (routes = this.#routesOf(change.kind)));
    for (let i = 0; i < routes.length; i++) {
      const { runner, trigger } = routes[i]!;
      try {
        runner.onChange(trigger, change, this.#parts.view);
      } catch (error) {
        this.#failed(runner.controller.name, 'triggers', error);
      }
    }
  }

  #routesOf(kind: KindDescriptor): readonly Route[] {
    return this.#runners.flatMap((runner) => runner.triggersOf(kind).map((trigger) => ({ runner, trigger })));
  }

  /** Time in which the process could not run is no node's silence: the node lifecycle reads this mark. */
  #noteStall(now: Instant): void {
    if (this.#wakeAt === undefined || now - this.#wakeAt < stallMs) return;
    this.#parts.view.sideTable<Instant>('loop').set('resumedAt', now);
  }

  #runnerEnv(): Parameters<ControllerRunner['run']>[0] {
    const { view, writer, record } = this.#parts;
    return {
      view,
      writer,
      record,
      breathe: () => this.#breathe(),
      budget: () => this.#parts.meter.elapsedMs() - this.#sliceStart < sliceMs,
      onFailure: (component, key, error) => this.#failed(component, key, error),
    };
  }

  /** Lets the host's other work run once the slice is used up. */
  #breathe(): Promise<void> | undefined {
    if (this.#parts.meter.elapsedMs() - this.#sliceStart < sliceMs) return undefined;
    return this.#parts.clock.turn().then(() => {
      this.#sliceStart = this.#parts.meter.elapsedMs();
    });
  }
}

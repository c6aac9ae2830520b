import type { View, ViewChange } from '../api/view.ts';
import { kindPrefix } from '../api/keys.ts';
import type { Controller, ObjectChange, PlannedEvent } from '../controllers/controller.ts';
import type { Clock, Instant, SliceMeter } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { ControllerRunner, type ControllerReport } from './controller-runner.ts';
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

export interface LoopParts {
  readonly view: View;
  readonly clock: Clock;
  readonly meter: SliceMeter;
  readonly logger: Logger;
  readonly writer: PlanWriter;
  readonly controllers: readonly Controller[];
  readonly schedulers: readonly Scheduler[];
  readonly record: (component: string, events: readonly PlannedEvent[]) => void;
  /** Writes what was recorded; resolves with the number of writes. */
  readonly flushEvents: () => Promise<number>;
  /** Controllers and schedulers rest while this is false (another control plane leads). */
  readonly leads: () => boolean;
}

/** Milliseconds a slice may hold the event loop before it yields. */
const sliceMs = 8;

/** A pass that comes so much later than it was due was not slow: the process could not run. */
const stallMs = 2000;

/** Takes in changes and does, pass by pass, what they make necessary. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #runners: readonly ControllerRunner[];
  readonly #schedulers: readonly SchedulerRunner[];
  readonly #participants: ParticipantGroup;
  #wakeAt: Instant | undefined;
  #sliceStart = 0;
  #onWake: () => void = () => undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#runners = parts.controllers.map((controller) => new ControllerRunner(controller));
    this.#schedulers = parts.schedulers.map((scheduler) => new SchedulerRunner(scheduler));
    this.#participants = new ParticipantGroup(
      () => this.#onWake(),
      () => parts.view.everything(),
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
    for (const change of changes) {
      const prefix = kindPrefix(change.kind);
      for (const runner of this.#runners) runner.onChange(change, prefix, this.#parts.view);
    }
    for (const scheduler of this.#schedulers) scheduler.onChanges(changes);
    this.#participants.onChanges(changes);
    this.#onWake();
  }

  /** Everything there is counts as added: for the start, or when this process takes the lead. */
  replay(changes: readonly ObjectChange[]): void {
    for (const scheduler of this.#schedulers) scheduler.onChanges(changes);
  }

  /** One pass: due timers, participants, controllers, schedulers, Events. */
  async pass(): Promise<PassReport> {
    const { clock, view, meter } = this.#parts;
    const now = clock.now();
    this.#noteStall(now);
    this.#sliceStart = meter.elapsedMs();
    const stepped = await this.#participants.step(now, () => this.#breathe());
    // What participants write (heartbeats above all) is in the view before controllers look at it.
    if (stepped) await clock.turn();
    let written = 0;
    const controllers: ControllerReport[] = [];
    if (this.#parts.leads()) {
      for (const runner of this.#runners) {
        runner.fire(now, view);
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
    }
    written += await this.#parts.flushEvents();
    const wakeAt = this.#nextWake();
    this.#wakeAt = wakeAt;
    return { now, controllers, written, inFlight: this.#participants.inFlight, more: this.#busy(now), wakeAt };
  }

  async close(): Promise<void> {
    await this.#participants.close();
  }

  #busy(now: Instant): boolean {
    if (this.#participants.busy) return true;
    if (!this.#parts.leads()) return false;
    return this.#runners.some((runner) => runner.queue.length > 0) || this.#schedulers.some((scheduler) => scheduler.busy(now));
  }

  #nextWake(): Instant | undefined {
    let next = this.#participants.nextAt();
    const consider = (at: Instant | undefined): void => {
      if (at !== undefined && (next === undefined || at < next)) next = at;
    };
    if (!this.#parts.leads()) return next;
    for (const runner of this.#runners) consider(runner.nextAt());
    for (const scheduler of this.#schedulers) consider(scheduler.nextAt());
    return next;
  }

  /** Time in which the process could not run is no node's silence: the node lifecycle reads this mark. */
  #noteStall(now: Instant): void {
    if (this.#wakeAt === undefined || now - this.#wakeAt < stallMs) return;
    this.#parts.view.sideTable<Instant>('loop').set('resumedAt', now);
  }

  #runnerEnv(): Parameters<ControllerRunner['run']>[0] {
    const { view, writer, record, logger } = this.#parts;
    return {
      view,
      writer,
      record,
      budget: () => this.#parts.meter.elapsedMs() - this.#sliceStart < sliceMs,
      onFailure: (controller, key, error) =>
        logger.warn({ controller, key, error: error.message }, 'a reconcile failed and will be repeated'),
    };
  }

  /** Lets the host's other work run once the slice is used up. */
  async #breathe(): Promise<void> {
    if (this.#parts.meter.elapsedMs() - this.#sliceStart < sliceMs) return;
    await this.#parts.clock.turn();
    this.#sliceStart = this.#parts.meter.elapsedMs();
  }
}

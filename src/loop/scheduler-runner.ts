import type { Identity } from '../api/client.ts';
import type { ObjectChange } from '../controllers/controller.ts';
import type { Instant } from '../env/clock.ts';
import type { Scheduler, SchedulingPlan } from '../scheduler/scheduler.ts';
import type { RunnerEnv } from './controller-runner.ts';

/** Kinds that cannot change where a Pod fits. */
const irrelevant: ReadonlySet<string> = new Set(['Event', 'Lease', 'EndpointSlice', 'Endpoints']);

/** After a failure it is left alone for so long at first, and twice as long after each further one. */
const backoffMsFirst = 100;
const backoffMsMax = 60_000;

/** One scheduler: fed with changes, run when something changed or is due, told how its writes ended. */
export class SchedulerRunner {
  readonly #scheduler: Scheduler;
  readonly #identity: Identity;
  #pending: ObjectChange[] = [];
  #wakeAt: Instant | undefined = 0;
  #more = false;
  #failures = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#identity = { name: `system:${scheduler.name}`, groups: ['system:controllers'], role: 'scheduler' };
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const change of changes) if (!irrelevant.has(change.object.kind)) this.#pending.push(change);
  }

  busy(now: Instant): boolean {
    return this.#pending.length > 0 || this.#more || (this.#wakeAt !== undefined && this.#wakeAt <= now);
  }

  nextAt(): Instant | undefined {
    return this.#wakeAt;
  }

  /** Another control plane schedules: the picture is kept up to date, so that this one could at any time. */
  follow(env: RunnerEnv): void {
    this.#feed(env);
    this.#wakeAt = 0;
  }

  /** Schedules what is due; returns how many writes took effect. */
  async run(env: RunnerEnv, now: Instant): Promise<number> {
    if (!this.busy(now)) return 0;
    this.#feed(env);
    const plan = this.#plan(env, now);
    if (plan === undefined) return 0;
    const outcomes = plan.writes.length === 0 ? [] : await env.writer.apply(plan.writes, this.#identity, env.breathe);
    for (const [i, outcome] of outcomes.entries()) {
      try {
        this.#scheduler.onWritten(plan.writes[i]!, outcome, now);
      } catch (error) {
        env.onFailure(this.#scheduler.name, 'onWritten', error);
      }
    }
    if (plan.events.length > 0) env.record(this.#scheduler.name, plan.events);
    return outcomes.filter((outcome) => outcome === undefined).length;
  }

  #feed(env: RunnerEnv): void {
    const changes = this.#pending;
    this.#pending = [];
    if (changes.length === 0) return;
    try {
      this.#scheduler.onChanges(changes, env.view);
    } catch (error) {
      env.onFailure(this.#scheduler.name, 'onChanges', error);
    }
  }

  /** A scheduler that throws must not stop the crank: it is asked again later. */
  #plan(env: RunnerEnv, now: Instant): SchedulingPlan | undefined {
    try {
      const plan = this.#scheduler.schedule(env.view, now, env.budget);
      this.#wakeAt = plan.wakeAt;
      this.#more = plan.more;
      this.#failures = 0;
      return plan;
    } catch (error) {
      this.#more = false;
      this.#wakeAt = now + Math.min(backoffMsFirst * 2 ** this.#failures++, backoffMsMax);
      env.onFailure(this.#scheduler.name, 'schedule', error);
      return undefined;
    }
  }
}

import type { Identity } from '../api/client.ts';
import type { ObjectChange } from '../controllers/controller.ts';
import type { Instant } from '../env/clock.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { RunnerEnv } from './controller-runner.ts';

/** Kinds that cannot change where a Pod fits. */
const irrelevant: ReadonlySet<string> = new Set(['Event', 'Lease', 'EndpointSlice', 'Endpoints']);

/** One scheduler: fed with changes, run when something changed or is due, told how its writes ended. */
export class SchedulerRunner {
  readonly #scheduler: Scheduler;
  readonly #identity: Identity;
  #pending: ObjectChange[] = [];
  #wakeAt: Instant | undefined = 0;
  #more = false;

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

  /** Schedules what is due; returns how many writes took effect. */
  async run(env: RunnerEnv, now: Instant): Promise<number> {
    if (!this.busy(now)) return 0;
    const changes = this.#pending;
    this.#pending = [];
    if (changes.length > 0) this.#scheduler.onChanges(changes, env.view);
    const plan = this.#scheduler.schedule(env.view, now, env.budget);
    this.#wakeAt = plan.wakeAt;
    this.#more = plan.more;
    const outcomes = plan.writes.length === 0 ? [] : await env.writer.apply(plan.writes, this.#identity);
    outcomes.forEach((outcome, i) => this.#scheduler.onWritten(plan.writes[i]!, outcome, now));
    if (plan.events.length > 0) env.record(this.#scheduler.name, plan.events);
    return outcomes.filter((outcome) => outcome === undefined).length;
  }
}

import { deepEqual } from '../../api/deep-equal.ts';
import type { JobCondition, JobStatus } from '../../api/generated/models.ts';
import type { KubeObject } from '../../api/object.ts';
import { formatTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import { jobKind } from '../../kinds/job.ts';
import type { PlannedEvent, PlannedWrite } from '../controller.ts';
import { refOf } from '../pods.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { StoredJob } from './job-pods.ts';
import type { JobCounts } from './job-tracking.ts';

export interface StatusPlan {
  readonly writes: readonly PlannedWrite[];
  readonly events: readonly PlannedEvent[];
}

interface Present {
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  readonly counts: JobCounts;
  readonly outcome: JobOutcome | undefined;
  /** True if the outcome is in the status, every Pod is counted, and none runs any more. */
  readonly ended: boolean;
}

/** The status as it should be, and the Events of what became of the Job. */
export function jobStatus(job: StoredJob, present: Present, now: Instant): StatusPlan {
  const { active, ready, terminating, counts, outcome, ended } = present;
  const before = job.status ?? {};
  const events: PlannedEvent[] = [];
  const conditions = new Conditions(before.conditions ?? [], now);
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void => {
    events.push({ regarding: refOf(job), type, reason, message });
  };
  let { startTime } = before;
  if (outcome === undefined) {
    const suspended = job.spec?.suspend === true;
    if (suspended && conditions.set('Suspended', 'True', 'JobSuspended', 'Job suspended')) tell('Normal', 'Suspended', 'Job suspended');
    const resumed = !suspended && conditions.has('Suspended') && conditions.set('Suspended', 'False', 'JobResumed', 'Job resumed');
    if (resumed) tell('Normal', 'Resumed', 'Job resumed');
    // The clock of a Job starts anew when it is resumed.
    const begins = startTime === undefined && (active > 0 || job.spec?.activeDeadlineSeconds !== undefined);
    if (!suspended && (begins || resumed)) startTime = formatTime(now);
  } else conditions.set(outcome.type, 'True', outcome.reason, outcome.message);
  let { completionTime } = before;
  if (outcome !== undefined && ended) {
    const complete = outcome.type === 'SuccessCriteriaMet';
    const plain = !keepsDecision(job);
    if (plain) conditions.remove(outcome.type);
    if (complete) conditions.set('Complete', 'True', plain ? undefined : outcome.reason, plain ? undefined : outcome.message);
    else conditions.set('Failed', 'True', outcome.reason, outcome.message);
    if (complete) {
      completionTime = formatTime(now);
      if (job.spec?.completions !== undefined && counts.succeeded > job.spec.completions)
        tell('Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
      tell('Normal', 'Completed', 'Job completed');
    } else tell('Warning', outcome.reason, outcome.message);
  }
  const status: JobStatus = {
    ...(conditions.list.length === 0 ? {} : { conditions: conditions.list }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    ...(active === 0 ? {} : { active }),
    ...(counts.succeeded === 0 ? {} : { succeeded: counts.succeeded }),
    ...(counts.failed === 0 ? {} : { failed: counts.failed }),
    terminating,
    ...((counts.completedIndexes ?? '') === '' ? {} : { completedIndexes: counts.completedIndexes! }),
    ...(counts.failedIndexes === undefined ? {} : { failedIndexes: counts.failedIndexes }),
    uncountedTerminatedPods: {
      ...(counts.uncounted.succeeded.length === 0 ? {} : { succeeded: counts.uncounted.succeeded }),
      ...(counts.uncounted.failed.length === 0 ? {} : { failed: counts.uncounted.failed }),
    },
    ready,
  };
  if (deepEqual(status, before)) return { writes: [], events: [] };
  return { writes: [{ verb: 'update-status', kind: jobKind, object: { ...job, status } as KubeObject }], events };
}

/**
 * Whether the decision stays in the status beside the end it led to. It does where the Job asks for what such conditions were made for;
 * of any other Job the end alone is told, as it always was, and the decision only while its Pods are still on their way out.
 */
function keepsDecision({ spec }: StoredJob): boolean {
  const { podFailurePolicy, successPolicy, backoffLimitPerIndex, podReplacementPolicy } = spec!;
  return (
    podFailurePolicy !== undefined || successPolicy !== undefined || backoffLimitPerIndex !== undefined || podReplacementPolicy === 'Failed'
  );
}

/** The conditions of a Job; one changes its time with its status only. */
class Conditions {
  #list: readonly JobCondition[];
  readonly #now: string;

  constructor(list: readonly JobCondition[], now: Instant) {
    this.#list = list;
    this.#now = formatTime(now);
  }

  get list(): readonly JobCondition[] {
    return this.#list;
  }

  has(type: string): boolean {
    return this.#list.some((each) => each.type === type);
  }

  remove(type: string): void {
    this.#list = this.#list.filter((each) => each.type !== type);
  }

  /** True if it was not so before. */
  set(type: string, status: 'True' | 'False', reason: string | undefined, message: string | undefined): boolean {
    const known = this.#list.find((each) => each.type === type);
    if (known?.status === status && known.reason === reason && known.message === message) return false;
    const condition = {
      type,
      status,
      lastProbeTime: this.#now,
      lastTransitionTime: this.#now,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
    this.#list = known === undefined ? [...this.#list, condition] : this.#list.map((each) => (each === known ? condition : each));
    return true;
  }
}

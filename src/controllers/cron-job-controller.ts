import { deepEqual } from '../api/deep-equal.ts';
import type { CronJobManifest, CronJobStatus, JobManifest, ObjectReference } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { formatTime, parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { cronJobKind } from '../kinds/cron-job.ts';
import { jobKind } from '../kinds/job.ts';
import type { Controller, Plan, PlannedEvent, PlannedWrite } from './controller.ts';
import { CronTimes } from './cron/cron-times.ts';
import { dueTime } from './cron/due-time.ts';
import { zonedTime } from './cron/zoned-time.ts';
import { controllerOf, controllerRef, refOf } from './pods.ts';

type CronJob = Stored<CronJobManifest>;
type Job = Stored<JobManifest>;

/** Which time of the schedule a Job is for. */
const scheduledKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** So many schedules are kept read. */
const schedulesMax = 1000;

/**
 * Makes Jobs at the times of a schedule, and keeps the last few.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
export function cronJobController(): Controller {
  // To read a schedule takes longer than all the rest.
  const known = new Map<string, CronTimes>();
  const timesOf = (schedule: string, timeZone = 'UTC'): CronTimes => {
    const key = `${timeZone} ${schedule}`;
    const times = known.get(key) ?? new CronTimes(schedule, timeZone);
    known.set(key, times);
    if (known.size > schedulesMax) known.delete(known.keys().next().value!);
    return times;
  };
  return {
    name: 'cronjob',
    component: 'cronjob-controller',
    triggers: [
      { kind: cronJobKind, keys: ({ object }) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`] },
      {
        kind: jobKind,
        keys: ({ object }) => {
          const owner = controllerOf(object);
          return owner?.kind === 'CronJob' ? [`${object.metadata.namespace ?? ''}/${owner.name}`] : [];
        },
      },
    ],
    reconcile(view, key, now): Plan {
      const [namespace, name = ''] = key.split('/');
      const cronJob = view.get(cronJobKind, namespace, name);
      return cronJob?.spec === undefined ? { writes: [] } : sync(view, cronJob, timesOf(cronJob.spec.schedule, cronJob.spec.timeZone), now);
    },
  };
}

const ended = (job: Job): 'Complete' | 'Failed' | undefined =>
  job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')?.type as
    'Complete' | 'Failed' | undefined;

const scheduledFor = (job: Job): Instant | undefined => {
  const text = job.metadata.annotations?.[scheduledKey];
  return text === undefined ? undefined : parseTime(text);
};

function sync(view: ViewReader, cronJob: CronJob, times: CronTimes, now: Instant): Plan {
  const jobs = view.controlledBy(jobKind, cronJob.metadata.uid) as readonly Job[];
  const events: PlannedEvent[] = [];
  const status = observed(cronJob, jobs, tellerOf(cronJob, events));
  const seen = { ...cronJob, status };
  const writes: PlannedWrite[] = [];
  if (!deepEqual(status, cronJob.status ?? {}))
    writes.push({ verb: 'update-status', kind: cronJobKind, object: { ...cronJob, status } as KubeObject });
  writes.push(...surplusJobs(cronJob, jobs));
  if (cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec?.suspend === true) return { writes, events };
  const run = startDue(seen, times, jobs, events, now);
  return {
    writes: [...writes, ...run.writes],
    events,
    ...(run.requeueAfterMs === undefined ? {} : { requeueAfterMs: run.requeueAfterMs }),
  };
}

type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

const tellerOf =
  (cronJob: CronJob, events: PlannedEvent[]): Tell =>
  (type, reason, message) => {
    events.push({ regarding: refOf(cronJob), type, reason, message });
  };

/** What the Jobs there are make of the status. */
function observed(cronJob: CronJob, jobs: readonly Job[], tell: Tell): CronJobStatus {
  const before = cronJob.status ?? {};
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  for (const { uid = '', name = '' } of before.active ?? []) {
    const job = byUid.get(uid);
    const condition = job && ended(job);
    if (job === undefined) tell('Normal', 'MissingJob', `Active job went missing: ${name}`);
    else if (condition !== undefined) tell('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${condition}`);
  }
  const active: ObjectReference[] = [];
  let lastRun = before.lastScheduleTime;
  let lastSuccess = before.lastSuccessfulTime;
  for (const job of jobs) {
    const at = scheduledFor(job);
    const isOurs = at !== undefined;
    if (isOurs && (lastRun === undefined || at > parseTime(lastRun))) lastRun = formatTime(at);
    const { completionTime } = job.status ?? {};
    if (ended(job) === 'Complete' && completionTime !== undefined && (lastSuccess === undefined || completionTime > lastSuccess))
      lastSuccess = completionTime;
    if (ended(job) !== undefined) continue;
    if (isOurs) active.push(referenceTo(job, before));
    else tell('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job.metadata.name}`);
  }
  return {
    ...(active.length === 0 ? {} : { active }),
    ...(lastRun === undefined ? {} : { lastScheduleTime: lastRun }),
    ...(lastSuccess === undefined ? {} : { lastSuccessfulTime: lastSuccess }),
  };
}

/** A reference keeps the revision it was made at: progress of the Job is no reason to write. */
function referenceTo(job: Job, { active = [] }: CronJobStatus): ObjectReference {
  const { uid, name, namespace = '', resourceVersion } = job.metadata;
  return active.find((each) => each.uid === uid) ?? { kind: 'Job', namespace, name, uid, apiVersion: 'batch/v1', resourceVersion };
}

/** Starts the Job that is due, unless it is too late, there already, or another has to end first. */
function startDue(cronJob: CronJob, times: CronTimes, jobs: readonly Job[], events: PlannedEvent[], now: Instant): Plan {
  const tell = tellerOf(cronJob, events);
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec!;
  const { due, next, tooManyMissed } = dueTime(cronJob, times, now);
  const wait = next === undefined ? {} : { requeueAfterMs: next - now };
  if (due === undefined) return { writes: [], ...wait };
  if (tooManyMissed) {
    const advice = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    tell('Warning', 'TooManyMissedTimes', `too many missed start times. ${advice}`);
  }
  if (startingDeadlineSeconds !== undefined && due + startingDeadlineSeconds * 1000 < now) {
    tell('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${new Date(due).toUTCString().replace('GMT', '+0000')}`);
    return { writes: [], ...wait };
  }
  if (jobs.some((job) => scheduledFor(job) === due)) return { writes: [], ...wait };
  const running = jobs.filter((job) => ended(job) === undefined && scheduledFor(job) !== undefined);
  if (concurrencyPolicy === 'Forbid' && running.length > 0) {
    tell('Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
    return { writes: [], ...wait };
  }
  const replaced = concurrencyPolicy === 'Replace' ? running.flatMap((job) => deletion(cronJob, job)) : [];
  return { writes: [...replaced, creation(cronJob, due)], ...wait };
}

/** The name follows from the time: a repeat meets its own Job. */
function creation(cronJob: CronJob, due: Instant): PlannedWrite {
  const { metadata, spec } = cronJob.spec!.jobTemplate;
  const name = `${cronJob.metadata.name}-${Math.floor(due / 60_000)}`;
  const object = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace ?? '',
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [scheduledKey]: zonedTime(due, cronJob.spec!.timeZone) },
      ownerReferences: [controllerRef(cronJobKind as KindDescriptor, cronJob)],
    },
    spec: spec!,
  };
  const told = {
    regarding: refOf(cronJob),
    success: { reason: 'SuccessfulCreate', message: `Created job ${name}` },
    failure: { reason: 'FailedCreate', message: 'Error creating job' },
  };
  return { verb: 'create', kind: jobKind as KindDescriptor, object: object as KubeObject, told };
}

function deletion(cronJob: CronJob, job: Job): readonly PlannedWrite[] {
  if (job.metadata.deletionTimestamp !== undefined) return [];
  const told = {
    regarding: refOf(cronJob),
    success: { reason: 'SuccessfulDelete', message: `Deleted job ${job.metadata.name}` },
    failure: { reason: 'FailedDelete', message: 'Deleted job' },
  };
  return [{ verb: 'delete', kind: jobKind, object: job, propagation: 'Background', told }];
}

/** Of the Jobs that ended, the newest are kept: so many of each outcome. */
function surplusJobs(cronJob: CronJob, jobs: readonly Job[]): readonly PlannedWrite[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec!;
  const begun = (job: Job): Instant => parseTime(job.status?.startTime ?? job.metadata.creationTimestamp);
  const surplus = (outcome: 'Complete' | 'Failed', limit: number | undefined): readonly PlannedWrite[] => {
    if (limit === undefined) return [];
    const those = jobs.filter((job) => ended(job) === outcome && job.metadata.deletionTimestamp === undefined);
    const oldest = [...those].sort((a, b) => begun(a) - begun(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
    return oldest.slice(0, Math.max(0, those.length - limit)).flatMap((job) => deletion(cronJob, job));
  };
  return [...surplus('Complete', successfulJobsHistoryLimit), ...surplus('Failed', failedJobsHistoryLimit)];
}

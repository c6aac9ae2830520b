import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { CronJobManifest, CronJobSpec } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, ageOf, column, containersColumn, imagesColumn, nameColumn, selectorText } from './columns.ts';
import { scheduleProblem } from './cron-schedule.ts';
import { validateChoice, validateNonNegative } from './field-checks.ts';
import { validateJobSpec } from './job/job-spec.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';
import { Job, jobKind } from './job.ts';
import { controlledBy } from './workload/controlled.ts';

/** Jobs get the CronJob's name and eleven characters more, and 63 is the end of it. */
const nameMax = 52;

function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function validateTimeZone(zone: string, errors: FieldErrors): void {
  const path = 'spec.timeZone';
  if (zone === '') errors.invalid(path, zone, 'timeZone must be nil or non-empty string');
  else if (zone.toLowerCase() === 'local') {
    errors.invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  } else if (!isTimeZone(zone)) errors.invalid(path, zone, `unknown time zone ${zone}`);
}

function validateSchedule(spec: Partial<CronJobSpec>, errors: FieldErrors): void {
  const schedule = spec.schedule ?? '';
  if (schedule === '') return errors.required('spec.schedule');
  if (schedule.includes('TZ='))
    return errors.invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  const problem = scheduleProblem(schedule);
  if (problem !== undefined) errors.invalid('spec.schedule', schedule, problem);
}

function validate(job: CronJobManifest, errors: FieldErrors): void {
  const spec: Partial<CronJobSpec> = job.spec ?? {};
  const name = job.metadata?.name ?? '';
  if (name.length > nameMax) errors.invalid('metadata.name', name, `must be no more than ${nameMax} characters`);
  validateSchedule(spec, errors);
  if (spec.timeZone !== undefined) validateTimeZone(spec.timeZone, errors);
  for (const field of ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const) {
    validateNonNegative(spec[field], `spec.${field}`, errors);
  }
  validateChoice(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', errors);
  const template = spec.jobTemplate?.spec ?? { template: {} };
  validateJobSpec(template, 'spec.jobTemplate.spec', errors);
  if (template.selector !== undefined)
    errors.invalid('spec.jobTemplate.spec.selector', goValue('v1.LabelSelector', template.selector), '`selector` will be auto-generated');
  if (template.manualSelector === true) errors.notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']);
}

export const cronJobKind: KindDescriptor<CronJobManifest> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  model: 'CronJob',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  applyDefaults: ({ spec }) => {
    if (spec === undefined || Object.isFrozen(spec)) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodTemplate(spec.jobTemplate.spec?.template);
  },
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  validate,
  columns: [
    nameColumn,
    column('Schedule', ({ spec }) => spec?.schedule ?? ''),
    column('Timezone', ({ spec }) => spec?.timeZone ?? '<none>'),
    column('Suspend', ({ spec }) => (spec?.suspend === true ? 'True' : 'False')),
    column('Active', ({ status }) => (status?.active ?? []).length, { type: 'integer' }),
    column('Last Schedule', ({ status }, nowMs) =>
      status?.lastScheduleTime === undefined ? '<none>' : ageOf(status.lastScheduleTime, nowMs),
    ),
    ageColumn,
    containersColumn((job) => job.spec?.jobTemplate.spec?.template),
    imagesColumn((job) => job.spec?.jobTemplate.spec?.template),
    column('Selector', ({ spec }) => selectorText(spec?.jobTemplate.spec?.selector), { wide: true }),
  ],
};

/**
 * Makes Jobs at times.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
export class CronJob extends Handle<CronJobManifest> {
  constructor(manifest: CronJobManifest, client?: Client) {
    super(cronJobKind, manifest, client);
  }

  get spec(): NonNullable<CronJobManifest['spec']> {
    return this.object.spec!;
  }

  get status(): NonNullable<CronJobManifest['status']> {
    return this.object.status ?? {};
  }

  /** The Jobs it made that are kept. */
  jobs(): readonly Job[] {
    const client = this.client;
    return controlledBy(client, jobKind, this.object).map((job) => new Job(job, client).bind(client, job));
  }

  suspend(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { suspend: true } } });
  }

  resume(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { suspend: false } } });
  }

  /** Makes a Job now, besides those of the schedule. */
  async trigger(name: string): Promise<Job> {
    const { metadata, spec } = this.spec.jobTemplate;
    const client = this.client;
    const job = await client.create(jobKind, {
      metadata: {
        name,
        ...(this.namespace === undefined ? {} : { namespace: this.namespace }),
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
        annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: this.name, uid: this.metadata.uid, controller: true }],
      },
      ...(spec === undefined ? {} : { spec }),
    });
    return new Job(job, client).bind(client, job);
  }
}

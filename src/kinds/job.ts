import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { JobManifest, JobSpec, JobStatus } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { checkDns1123Label } from '../api/names.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn, selectorText } from './columns.ts';
import { validateNonNegative } from './field-checks.ts';
import { humanDuration } from './human-duration.ts';
import { defaultJobSpec, validateJobUpdate, validateSelectedSpec } from './job/job-spec.ts';
import { compiled } from './workload/template-validation.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { WaitFailedError } from '../errors.ts';
import { stuckPod } from './workload/stuck-pods.ts';
import { PodOwner } from './workload/pod-owner.ts';

type StoredJob = Stored<JobManifest>;

/** The labels by which a Job knows its pods; the short ones are those of older versions. */
export const jobNameLabels = ['batch.kubernetes.io/job-name', 'job-name'] as const;
export const jobUidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;

/** Unless the user chose a selector, the Job's uid is the selector, and pods carry it. */
function generateSelector(draft: Draft<JobManifest>): void {
  const spec = draft.spec;
  if (spec === undefined || spec.manualSelector === true) return;
  const name = draft.metadata?.name ?? '';
  const uid = draft.metadata?.uid ?? '';
  const generated = Object.fromEntries([...jobNameLabels.map((label) => [label, name]), ...jobUidLabels.map((label) => [label, uid])]);
  spec.template = {
    ...spec.template,
    metadata: { ...spec.template.metadata, labels: { ...generated, ...spec.template.metadata?.labels } },
  };
  const uids = Object.fromEntries(jobUidLabels.map((label) => [label, uid]));
  spec.selector = { ...spec.selector, matchLabels: { ...uids, ...spec.selector?.matchLabels } };
}

function validateGenerated(job: JobManifest, spec: JobSpec, errors: FieldErrors): void {
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const expected: Record<string, string> = {};
  for (const label of jobUidLabels) expected[label] = job.metadata?.uid ?? '';
  for (const label of jobNameLabels) expected[label] = job.metadata?.name ?? '';
  const labels = spec.template.metadata?.labels ?? {};
  for (const [label, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${label}]`;
    // A manifest from before the labels had a domain has the short ones only.
    if (labels[label] === undefined) {
      if (!label.includes('/')) errors.required(path, `must be '${value}'`);
    } else if (labels[label] !== value) errors.invalid(path, goValue('map[string]string', labels), `must be '${value}'`);
  }
  const matcher = compiled(spec.selector);
  if (matcher?.matches(expected) === false)
    errors.invalid('spec.selector', goValue('v1.LabelSelector', spec.selector), '`selector` not auto-generated');
}

function validate(job: JobManifest, errors: FieldErrors): void {
  const spec: JobSpec = job.spec ?? { template: {} };
  validateGenerated(job, spec, errors);
  validateSelectedSpec(spec, errors);
  if (spec.completionMode !== 'Indexed' || (spec.completions ?? 0) <= 0) return;
  const name = job.metadata?.name ?? '';
  const longest = `${name}-${spec.completions! - 1}`;
  if (checkDns1123Label(longest).length > 0) {
    errors.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${longest}`);
  }
}

function has(status: JobStatus | undefined, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function statusText({ metadata, status }: StoredJob): string {
  if (has(status, 'Complete')) return 'Complete';
  if (has(status, 'Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) if (has(status, type)) return type;
  return 'Running';
}

function completionsText({ spec, status }: StoredJob): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: StoredJob, nowMs: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

export const jobKind: KindDescriptor<JobManifest> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  shortNames: [],
  categories: ['all'],
  namespaced: true,
  model: 'Job',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  orphansByDefault: true,
  applyDefaults: (draft) => {
    if (draft.spec !== undefined && !Object.isFrozen(draft.spec)) defaultJobSpec(draft.spec);
    const labels = draft.spec?.template.metadata?.labels ?? {};
    if (Object.keys(labels).length > 0 && draft.metadata !== undefined && Object.keys(draft.metadata.labels ?? {}).length === 0) {
      draft.metadata.labels = { ...labels };
    }
  },
  prepareForCreate: (draft) => {
    draft.status = {};
    // Labels that were the template's before it got the generated ones follow it.
    const mirrored = Object.entries(draft.metadata?.labels ?? {}).every(
      ([key, value]) => draft.spec?.template.metadata?.labels?.[key] === value,
    );
    generateSelector(draft);
    if (mirrored && draft.spec?.template.metadata?.labels !== undefined) {
      draft.metadata = { ...draft.metadata, labels: { ...draft.spec.template.metadata.labels } };
    }
  },
  // The defaults are all there is to do.
  prepareForStatusUpdate: () => undefined,
  validate,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: ({ status }, _old, errors) => {
    for (const count of ['active', 'ready', 'succeeded', 'failed', 'terminating'] as const) {
      validateNonNegative(status?.[count], `status.${count}`, errors);
    }
  },
  selectableFields: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    column('Status', statusText),
    column('Completions', completionsText),
    column('Duration', durationText),
    ageColumn,
    containersColumn((job) => job.spec?.template),
    imagesColumn((job) => job.spec?.template),
    column('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
};

/** What one can wait for: that a Job is done, that it failed, either, or that it is suspended. */
export type JobCondition = 'Complete' | 'Failed' | 'Finished' | 'Suspended' | 'Deleted';

export interface JobWaitOptions extends WaitOptions {
  /** Fail as soon as it can no longer happen (the back-off limit, an image that cannot be pulled, no node). True unless given. */
  readonly failFast?: boolean;
}

/**
 * Runs Pods until enough of them have succeeded.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export class Job extends PodOwner<JobManifest> {
  constructor(manifest: JobManifest, client?: Client) {
    super(jobKind, manifest, client);
  }

  get spec(): JobSpec {
    return this.object.spec!;
  }

  get status(): JobStatus {
    return this.object.status ?? {};
  }

  get complete(): boolean {
    return has(this.status, 'Complete');
  }

  get failed(): boolean {
    return has(this.status, 'Failed');
  }

  /** Ends the Pods that run, and starts none. */
  suspend(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { suspend: true } } });
  }

  resume(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { suspend: false } } });
  }

  /** Throws `WaitFailedError` if it can no longer happen, `WaitTimeoutError` after the time. */
  async waitFor(condition: JobCondition, options: JobWaitOptions = {}): Promise<this> {
    if (condition === 'Deleted') {
      await this.waitForDeletion(options);
      return this;
    }
    const check = (): this | undefined => {
      if (condition === 'Finished' ? this.complete || this.failed : has(this.status, condition)) return this;
      const failure = options.failFast === false ? undefined : this.#failure(condition);
      if (failure !== undefined)
        throw new WaitFailedError(`${this.what} will not become ${condition}: ${failure}`, this.evidence(), { object: this.ref });
      return undefined;
    };
    return this.client.waitFor(`${this.what} to be ${condition}`, check, () => this.evidence(), options);
  }

  #failure(condition: JobCondition): string | undefined {
    const { conditions = [] } = this.status;
    const failed = conditions.find(({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True');
    if (failed !== undefined && condition !== 'Failed' && condition !== 'Finished')
      return `it has failed: ${[failed.reason, failed.message].filter((text) => (text ?? '') !== '').join(': ')}`;
    if (this.complete) return 'it is complete';
    return condition === 'Complete' || condition === 'Finished' ? stuckPod(this.pods(), ['CrashLoopBackOff']) : undefined;
  }
}

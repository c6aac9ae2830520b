import { deepEqual } from '../../api/deep-equal.ts';
import type { FieldErrors } from '../../api/field-errors.ts';
import { goValue } from '../../api/go-value.ts';
import type { JobManifest, JobSpec, PodTemplateSpec } from '../../api/generated/models.ts';
import type { Draft } from '../../api/kind.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import { validateNonNegative, validateOptionalChoice, validateQualifiedName, validateUnchanged } from '../field-checks.ts';
import { defaultPodTemplate } from '../pod/default-pod-spec.ts';
import { validatePodTemplate } from '../pod/pod-spec.ts';
import { compiled } from '../workload/template-validation.ts';
import { validatePodFailurePolicy, validateSuccessPolicy } from './job-policies.ts';

const indexedMax = 100_000;
const managedByMax = 63;
const requiresIndexed = 'requires indexed completion mode';
const countFields = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobSpec */
export function defaultJobSpec(spec: Draft<JobSpec>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) if (!Object.isFrozen(pattern)) pattern.status ||= 'True';
  }
  defaultPodTemplate(spec.template);
}

function validateCompletionMode(spec: JobSpec, path: string, errors: FieldErrors): void {
  validateOptionalChoice(spec.completionMode, ['NonIndexed', 'Indexed'], `${path}.completionMode`, errors);
  const indexed = spec.completionMode === 'Indexed';
  const { parallelism = 0, completions, backoffLimitPerIndex, maxFailedIndexes } = spec;
  if (indexed) {
    if (completions === undefined) errors.required(`${path}.completions`, 'when completion mode is Indexed');
    if (parallelism > indexedMax) {
      errors.invalid(`${path}.parallelism`, parallelism, `must be less than or equal to ${indexedMax} when completion mode is Indexed`);
    }
  }
  if (backoffLimitPerIndex !== undefined && !indexed) errors.invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, requiresIndexed);
  if (maxFailedIndexes === undefined) return;
  if (!indexed) errors.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, requiresIndexed);
  if (backoffLimitPerIndex === undefined) errors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  if (completions !== undefined && maxFailedIndexes > completions) {
    errors.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions');
  }
}

function validateRestartPolicy(spec: JobSpec, path: string, errors: FieldErrors): void {
  const policy = spec.template.spec?.restartPolicy ?? '';
  const at = `${path}.template.spec.restartPolicy`;
  if (policy !== 'OnFailure' && policy !== 'Never') errors.required(at, 'valid values: "OnFailure", "Never"');
  else if (spec.podFailurePolicy !== undefined && policy !== 'Never') {
    errors.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

/** The spec of a Job, in a Job or in the template of a CronJob; without the selector. */
export function validateJobSpec(spec: JobSpec, path: string, errors: FieldErrors): void {
  for (const field of countFields) validateNonNegative(spec[field], `${path}.${field}`, errors);
  const { managedBy, podReplacementPolicy } = spec;
  if (managedBy !== undefined) {
    if (managedBy === '') errors.required(`${path}.managedBy`);
    else if (!managedBy.includes('/'))
      errors.invalid(`${path}.managedBy`, managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")');
    else validateQualifiedName(managedBy, `${path}.managedBy`, errors);
    if (managedBy.length > managedByMax) errors.tooLong(`${path}.managedBy`, managedByMax);
  }
  validateCompletionMode(spec, path, errors);
  validatePodFailurePolicy(spec, path, errors);
  validateSuccessPolicy(spec, path, errors);
  const policies = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  validateOptionalChoice(podReplacementPolicy, policies, `${path}.podReplacementPolicy`, errors);
  validatePodTemplate(spec.template, `${path}.template`, errors);
  validateRestartPolicy(spec, path, errors);
}

/** The spec of a Job itself, with the selector that must pick its pods. */
export function validateSelectedSpec(spec: JobSpec, errors: FieldErrors): void {
  validateJobSpec(spec, 'spec', errors);
  if (spec.selector === undefined) errors.required('spec.selector');
  else validateLabelSelector(spec.selector, 'spec.selector', errors);
  const labels = spec.template.metadata?.labels;
  const matcher = spec.selector === undefined ? LabelMatcher.nothing : compiled(spec.selector);
  if (matcher?.matches(labels) === false)
    errors.invalid('spec.template.metadata.labels', goValue('map[string]string', labels), '`selector` does not match template `labels`');
}

/** While a Job is suspended and has not begun, where its pods may run can still change. */
function withOldDirectives(template: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const spec: Record<string, unknown> = { ...template.spec };
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates', 'affinity'] as const) spec[field] = old.spec?.[field];
  const metadata: Record<string, unknown> = { ...template.metadata };
  for (const field of ['labels', 'annotations'] as const) metadata[field] = old.metadata?.[field];
  return { ...template, metadata, spec: spec as unknown as NonNullable<PodTemplateSpec['spec']> };
}

function validateCompletions(spec: JobSpec, old: JobSpec, errors: FieldErrors): void {
  if (spec.completions === old.completions) return;
  if (spec.completionMode !== 'Indexed') validateUnchanged(spec.completions, old.completions, 'spec.completions', errors);
  else if (spec.completions !== spec.parallelism) {
    errors.invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism');
  }
}

export function validateJobUpdate(job: JobManifest, old: JobManifest, errors: FieldErrors): void {
  const { spec } = job;
  const before = old.spec;
  if (spec === undefined || before === undefined) return;
  // Kubernetes checks the spec a second time on updates, and says everything twice.
  validateSelectedSpec(spec, errors);
  validateCompletions(spec, before, errors);
  for (const field of ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const) {
    validateUnchanged(spec[field], before[field], `spec.${field}`, errors, field === 'selector' ? 'v1.LabelSelector' : undefined);
  }
  const mutable = before.suspend === true && old.status?.startTime === undefined;
  const template = mutable ? withOldDirectives(spec.template, before.template) : spec.template;
  if (!deepEqual(template, before.template)) errors.invalid('spec.template', spec.template, 'field is immutable');
}

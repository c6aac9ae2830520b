import type { FieldErrors } from '../../api/field-errors.ts';
import type {
  V2CrossVersionObjectReference,
  V2HPAScalingRules,
  V2HorizontalPodAutoscalerManifest,
  V2HorizontalPodAutoscalerSpec,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricTarget,
} from '../../api/generated/models.ts';
import { checkPathSegment } from '../../api/names.ts';
import { Quantity } from '../../api/quantity.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { validateNonNegative } from '../field-checks.ts';
import { validateContainerResourceName } from '../resource-names.ts';

const periodSecondsMax = 1800;
const windowSecondsMax = 3600;
const positive = 'must be greater than 0';
const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;
type SourceType = keyof typeof sources;

function validateSegment(value: string, path: string, errors: FieldErrors): void {
  if (value === '') errors.required(path);
  else for (const problem of checkPathSegment(value)) errors.invalid(path, value, problem);
}

function validateReference(reference: V2CrossVersionObjectReference | undefined, path: string, errors: FieldErrors): void {
  validateSegment(reference?.kind ?? '', `${path}.kind`, errors);
  validateSegment(reference?.name ?? '', `${path}.name`, errors);
}

function validateMetric(metric: V2MetricIdentifier, path: string, errors: FieldErrors): void {
  if (metric.name === '') errors.required(`${path}.name`, 'must specify a metric name');
  else for (const problem of checkPathSegment(metric.name)) errors.invalid(`${path}.name`, metric.name, problem);
  validateLabelSelector(metric.selector, `${path}.selector`, errors);
}

function validateTarget(target: V2MetricTarget, path: string, errors: FieldErrors): void {
  if (target.type === '') errors.required(`${path}.type`, 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(target.type)) {
    errors.invalid(`${path}.type`, target.type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount === undefined) continue;
    const quantity = Quantity.parse(amount);
    if (quantity.isZero || quantity.isNegative) errors.invalid(`${path}.${field}`, quantity.toString(), 'must be positive');
  }
  const percent = target.averageUtilization;
  if (percent !== undefined && percent < 1) errors.invalid(`${path}.averageUtilization`, percent, positive);
}

/** Targets of cpu and memory: a share of what was requested, or an amount, and not both. */
function validateResourceTarget(target: V2MetricTarget, path: string, errors: FieldErrors): void {
  validateTarget(target, path, errors);
  const { averageUtilization, averageValue, value } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization');
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    errors.forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization');
  }
  if (value !== undefined) errors.forbidden(`${path}.value`, 'must not set a value for a resource metric');
}

function validateExternalTarget(target: V2MetricTarget, path: string, errors: FieldErrors): void {
  validateTarget(target, path, errors);
  const { averageValue, value } = target;
  if (value === undefined && averageValue === undefined)
    errors.required(`${path}.averageValue`, 'must set either a target value for metric or a per-pod target');
  if (value !== undefined && averageValue !== undefined)
    errors.forbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target');
}

function validateSource(spec: V2MetricSpec, type: SourceType, path: string, errors: FieldErrors): void {
  const { object, pods, resource, containerResource, external } = spec;
  if (type === 'Object' && object !== undefined) {
    validateReference(object.describedObject, `${path}.describedObject`, errors);
    validateMetric(object.metric, `${path}.metric`, errors);
    validateTarget(object.target, `${path}.target`, errors);
    if (object.target.value === undefined && object.target.averageValue === undefined) {
      errors.required(`${path}.target.averageValue`, 'must set either a target value or averageValue');
    }
  } else if (type === 'Pods' && pods !== undefined) {
    validateMetric(pods.metric, `${path}.metric`, errors);
    validateTarget(pods.target, `${path}.target`, errors);
    if (pods.target.averageValue === undefined)
      errors.required(`${path}.target.averageValue`, 'must specify a positive target averageValue');
  } else if (type === 'Resource' && resource !== undefined) {
    if (resource.name === '') errors.required(`${path}.name`, 'must specify a resource name');
    validateResourceTarget(resource.target, `${path}.target`, errors);
  } else if (type === 'ContainerResource' && containerResource !== undefined) {
    if (containerResource.name === '') errors.required(`${path}.name`, 'must specify a resource name');
    else validateContainerResourceName(containerResource.name, `${path}.name`, errors);
    if (containerResource.container === '') errors.required(`${path}.container`, 'must specify a container');
    validateResourceTarget(containerResource.target, `${path}.target`, errors);
  } else if (external !== undefined) {
    validateMetric(external.metric, `${path}.metric`, errors);
    validateExternalTarget(external.target, `${path}.target`, errors);
  }
}

function validateMetricSpec(spec: V2MetricSpec, path: string, errors: FieldErrors): void {
  const types = Object.keys(sources) as readonly SourceType[];
  if (spec.type === '') errors.required(`${path}.type`, 'must specify a metric source type');
  if (!(types as readonly string[]).includes(spec.type)) errors.notSupported(`${path}.type`, spec.type, types);
  const present = types.filter((type) => spec[sources[type]] !== undefined);
  if (present.length > 0) validateSource(spec, present[0]!, `${path}.${sources[present[0]!]}`, errors);
  const expected = types.find((type) => type === spec.type);
  const field = expected === undefined ? spec.type.toLowerCase() : sources[expected];
  if (expected === undefined || !present.includes(expected))
    errors.required(`${path}.${field}`, 'must populate information for the given metric source');
  if (present.length === 1) return;
  for (const type of present)
    if (type !== expected) errors.forbidden(`${path}.${sources[type]}`, 'must populate the given metric source only');
}

function validateRules(rules: V2HPAScalingRules | undefined, path: string, errors: FieldErrors): void {
  if (rules === undefined) return;
  const window = rules.stabilizationWindowSeconds;
  validateNonNegative(window, `${path}.stabilizationWindowSeconds`, errors);
  if (window !== undefined && window > windowSecondsMax) {
    errors.invalid(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${windowSecondsMax}`);
  }
  const select = rules.selectPolicy;
  if (select !== undefined && !['Max', 'Min', 'Disabled'].includes(select))
    errors.notSupported(`${path}.selectPolicy`, select, ['Disabled', 'Max', 'Min']);
  const policies = rules.policies ?? [];
  if (policies.length === 0) errors.required(`${path}.policies`, 'must specify at least one Policy');
  for (const [i, { type, value, periodSeconds }] of policies.entries()) {
    const at = `${path}.policies[${i}]`;
    if (!['Pods', 'Percent'].includes(type)) errors.notSupported(`${at}.type`, type, ['Percent', 'Pods']);
    if (value <= 0) errors.invalid(`${at}.value`, value, 'must be greater than zero');
    if (periodSeconds <= 0) errors.invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero');
    if (periodSeconds > periodSecondsMax)
      errors.invalid(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${periodSecondsMax}`);
  }
  if (rules.tolerance !== undefined && Quantity.parse(rules.tolerance).isNegative) {
    errors.invalid(`${path}.tolerance`, rules.tolerance, 'must be greater than or equal to 0');
  }
}

/** To zero only on Object or External metrics: nothing would be measured by any other. */
function lowest(spec: V2HorizontalPodAutoscalerSpec): number {
  const fromOutside = (spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External');
  return spec.minReplicas === 0 && fromOutside ? 0 : 1;
}

export function validateAutoscaler(autoscaler: V2HorizontalPodAutoscalerManifest, errors: FieldErrors): void {
  const spec: Partial<V2HorizontalPodAutoscalerSpec> = autoscaler.spec ?? {};
  const { minReplicas, maxReplicas = 0 } = spec;
  if (minReplicas !== undefined && minReplicas < lowest(spec as V2HorizontalPodAutoscalerSpec)) {
    errors.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  }
  if (maxReplicas < 1) errors.invalid('spec.maxReplicas', maxReplicas, positive);
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef', errors);
  for (const [i, metric] of (spec.metrics ?? []).entries()) validateMetricSpec(metric, `spec.metrics[${i}]`, errors);
  validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp', errors);
  validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown', errors);
}

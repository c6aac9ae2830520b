import type { FieldErrors } from '../../api/field-errors.ts';
import type { JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicy } from '../../api/generated/models.ts';
import { validateChoice, validateNonNegative, validateQualifiedName } from '../field-checks.ts';

/*
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */

const rulesMax = 20;
const exitCodesMax = 255;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const requiresIndexed = 'requires indexed completion mode';

function validateExitCodes(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  containers: readonly string[],
  path: string,
  errors: FieldErrors,
): void {
  const { operator, containerName, values } = requirement;
  validateChoice(operator, ['In', 'NotIn'], `${path}.operator`, errors);
  if (containerName !== undefined && !containers.includes(containerName)) {
    errors.invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template');
  }
  if (values.length === 0) errors.invalid(`${path}.values`, values, 'at least one value is required');
  else if (values.length > exitCodesMax) errors.tooMany(`${path}.values`, values.length, exitCodesMax);
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.invalid(`${path}.values[${i}]`, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < i) errors.duplicate(`${path}.values[${i}]`, value);
  }
  if (values.some((value, i) => i > 0 && value < values[i - 1]!)) errors.invalid(`${path}.values`, values, 'must be ordered');
}

function validateRule(rule: PodFailurePolicyRule, spec: JobSpec, path: string, errors: FieldErrors): void {
  validateChoice(rule.action, actions, `${path}.action`, errors);
  if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.invalid(`${path}.action`, rule.action, 'requires the backoffLimitPerIndex to be set');
  }
  const containers = [...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])].map(({ name }) => name);
  if (rule.onExitCodes !== undefined) validateExitCodes(rule.onExitCodes, containers, `${path}.onExitCodes`, errors);
  const patterns = rule.onPodConditions ?? [];
  if (patterns.length > rulesMax) errors.tooMany(`${path}.onPodConditions`, patterns.length, rulesMax);
  for (const [i, { type, status }] of patterns.entries()) {
    if (type === '') errors.required(`${path}.onPodConditions[${i}].type`);
    else validateQualifiedName(type, `${path}.onPodConditions[${i}].type`, errors);
    validateChoice(status, ['False', 'True', 'Unknown'], `${path}.onPodConditions[${i}].status`, errors);
  }
  if (rule.onExitCodes !== undefined && patterns.length > 0) {
    errors.invalid(path, rule, 'specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (rule.onExitCodes === undefined && patterns.length === 0) {
    errors.invalid(path, rule, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

export function validatePodFailurePolicy(spec: JobSpec, path: string, errors: FieldErrors): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > rulesMax) errors.tooMany(`${path}.podFailurePolicy.rules`, rules.length, rulesMax);
  for (const [i, rule] of rules.entries()) validateRule(rule, spec, `${path}.podFailurePolicy.rules[${i}]`, errors);
}

/** How many indexes `0,2-4` names; undefined if it is no such list, ascending and below `completions`. */
function countIndexes(text: string, completions: number): number | undefined {
  let count = 0;
  let last = -1;
  for (const part of text.split(',')) {
    const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const end = Number(match[2] ?? match[1]);
    if (first <= last || end < first || end >= completions) return undefined;
    count += end - first + 1;
    last = end;
  }
  return count;
}

function validateSuccessRules(policy: SuccessPolicy, completions: number, path: string, errors: FieldErrors): void {
  if (policy.rules.length === 0) errors.required(path, 'at least one rules must be specified when the successPolicy is specified');
  if (policy.rules.length > rulesMax) errors.tooMany(path, policy.rules.length, rulesMax);
  for (const [i, { succeededCount: count, succeededIndexes: indexes }] of policy.rules.entries()) {
    const at = `${path}[${i}]`;
    if (count === undefined && indexes === undefined)
      errors.required(at, 'at least one of succeededCount or succeededIndexes must be specified');
    const named = indexes === undefined ? completions : countIndexes(indexes, completions);
    if (indexes !== undefined && named === undefined) errors.invalid(`${at}.succeededIndexes`, indexes, 'error parsing succeededIndexes');
    if (count === undefined) continue;
    validateNonNegative(count, `${at}.succeededCount`, errors);
    if (count > completions) {
      errors.invalid(`${at}.succeededCount`, count, `must be less than or equal to ${completions} (the number of specified completions)`);
    } else if (named !== undefined && count > named) {
      errors.invalid(
        `${at}.succeededCount`,
        count,
        `must be less than or equal to ${named} (the number of indexes in the specified succeededIndexes field)`,
      );
    }
  }
}

export function validateSuccessPolicy(spec: JobSpec, path: string, errors: FieldErrors): void {
  if (spec.successPolicy === undefined) return;
  if (spec.completionMode !== 'Indexed') errors.invalid(`${path}.successPolicy`, spec.successPolicy, requiresIndexed);
  else validateSuccessRules(spec.successPolicy, spec.completions ?? 0, `${path}.successPolicy.rules`, errors);
}

import type { FieldErrors } from '../../api/field-errors.ts';
import type { TopologySpreadConstraint } from '../../api/generated/models.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { validateOptionalChoice, validateQualifiedName } from '../field-checks.ts';

const notPositive = 'must be greater than zero';

function validateMatchLabelKeys(constraint: TopologySpreadConstraint, path: string, errors: FieldErrors): void {
  const keys = constraint.matchLabelKeys ?? [];
  if (keys.length === 0) return;
  const selector = constraint.labelSelector;
  if (selector === undefined) errors.forbidden(path, 'must not be specified when labelSelector is not set');
  const selected = new Set([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map(({ key }) => key)]);
  for (const [i, key] of keys.entries()) {
    validateQualifiedName(key, `${path}[${i}]`, errors);
    if (selected.has(key)) errors.invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector');
  }
}

function validateMinDomains(constraint: TopologySpreadConstraint, path: string, errors: FieldErrors): void {
  const { minDomains, whenUnsatisfiable } = constraint;
  if (minDomains === undefined) return;
  if (minDomains <= 0) errors.invalid(path, minDomains, notPositive);
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    errors.invalid(path, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`);
  }
}

function validateConstraint(constraint: TopologySpreadConstraint, path: string, errors: FieldErrors): void {
  if (constraint.maxSkew <= 0) errors.invalid(`${path}.maxSkew`, constraint.maxSkew, notPositive);
  if (constraint.topologyKey === '') errors.required(`${path}.topologyKey`, 'can not be empty');
  validateOptionalChoice(constraint.whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${path}.whenUnsatisfiable`, errors);
  validateMinDomains(constraint, `${path}.minDomains`, errors);
  validateOptionalChoice(constraint.nodeAffinityPolicy, ['Honor', 'Ignore'], `${path}.nodeAffinityPolicy`, errors);
  validateOptionalChoice(constraint.nodeTaintsPolicy, ['Honor', 'Ignore'], `${path}.nodeTaintsPolicy`, errors);
  validateMatchLabelKeys(constraint, `${path}.matchLabelKeys`, errors);
  validateLabelSelector(constraint.labelSelector, `${path}.labelSelector`, errors);
}

/** Topology key and what to do when it cannot be had make a pair that stands once. */
export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], path: string, errors: FieldErrors): void {
  for (const [i, constraint] of constraints.entries()) {
    validateConstraint(constraint, `${path}[${i}]`, errors);
    const { topologyKey, whenUnsatisfiable } = constraint;
    const repeated = constraints
      .slice(i + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (repeated) errors.duplicate(`${path}[${i}].{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
  }
}

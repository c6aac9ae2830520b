import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { PodDisruptionBudgetManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { validateLabelSelector } from '../api/label-validation.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateNonNegative, validateOptionalChoice } from './field-checks.ts';
import { validateAtMostAll, validateIntOrPercent } from './workload/int-or-percent.ts';

function validate({ spec = {} }: PodDisruptionBudgetManifest, errors: FieldErrors): void {
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    validateIntOrPercent(value, `spec.${field}`, errors);
    validateAtMostAll(value, `spec.${field}`, errors);
  }
  validateLabelSelector(spec.selector, 'spec.selector', errors);
  validateOptionalChoice(spec.unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy', errors);
}

function validateStatus({ status }: PodDisruptionBudgetManifest, errors: FieldErrors): void {
  for (const count of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    validateNonNegative(status?.[count], `status.${count}`, errors);
  }
  const types = (status?.conditions ?? []).map(({ type }) => type);
  for (const [i, type] of types.entries()) if (types.indexOf(type) < i) errors.duplicate(`status.conditions[${i}].type`, type);
}

export const podDisruptionBudgetKind: KindDescriptor<PodDisruptionBudgetManifest> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  categories: [],
  namespaced: true,
  model: 'PodDisruptionBudget',
  nameRule: 'dns1123-subdomain',
  updatesUnconditionally: false,
  hasGeneration: true,
  hasStatus: true,
  prepareForCreate: (draft) => {
    draft.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate,
  validateStatusUpdate: (budget, old, errors) => {
    if (!deepEqual(budget.status, old.status)) validateStatus(budget, errors);
  },
  columns: [
    nameColumn,
    column('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    column('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    column('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, { type: 'integer' }),
    ageColumn,
  ],
};

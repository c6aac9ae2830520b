import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { LabelSelector, PodDisruptionBudgetManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, StoredObject } from '../api/object.ts';
import { validateLabelSelector } from '../api/label-validation.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateNonNegative, validateOptionalChoice } from './field-checks.ts';
import { validateAtMostAll, validateIntOrPercent } from './workload/int-or-percent.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

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

const columns: NonNullable<KindDescriptor<PodDisruptionBudgetManifest>['columns']> = [
  nameColumn,
  column('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
  column('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
  column('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, { type: 'integer' }),
  ageColumn,
];

const names = {
  group: 'policy',
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
  columns,
} as const;

export const podDisruptionBudgetKind: KindDescriptor<PodDisruptionBudgetManifest> = {
  ...names,
  version: 'v1',
  prepareForCreate: (draft) => {
    draft.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate,
  validateStatusUpdate: (budget, old, errors) => {
    if (!deepEqual(budget.status, old.status)) validateStatus(budget, errors);
  },
};

/** An empty selector picks no pod in v1beta1, and every pod in v1; a label that nobody has says the same in the other version. */
const emptySelectorLabel = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
const everything: LabelSelector = { matchExpressions: [{ key: emptySelectorLabel, operator: 'DoesNotExist' }] };
const nothing: LabelSelector = { matchExpressions: [{ key: emptySelectorLabel, operator: 'Exists' }] };

function translated<T extends object>(object: T, apiVersion: string, names: readonly (readonly [LabelSelector, LabelSelector])[]): T {
  const { spec } = object as PodDisruptionBudgetManifest;
  const name = names.find(([from]) => deepEqual(spec?.selector, from))?.[1];
  return { ...object, apiVersion, ...(name === undefined ? {} : { spec: { ...spec, selector: name } }) };
}

/** The same objects for manifests from before Kubernetes 1.25. */
export const podDisruptionBudgetV1Beta1Kind: KindDescriptor = {
  ...(names as unknown as KindDescriptor),
  version: 'v1beta1',
  storedAs: {
    kind: podDisruptionBudgetKind as KindDescriptor,
    fromStored: (object: StoredObject) =>
      translated(object, 'policy/v1beta1', [
        [{}, everything],
        [nothing, {}],
      ]),
    toStored: (object: KubeObject) =>
      translated(object, 'policy/v1', [
        [{}, nothing],
        [everything, {}],
      ]),
  },
};

/**
 * How many Pods of a set must stay when somebody takes Pods away on purpose.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
 */
export class PodDisruptionBudget extends Handle<PodDisruptionBudgetManifest> {
  constructor(manifest: PodDisruptionBudgetManifest, client?: Client) {
    super(podDisruptionBudgetKind, manifest, client);
  }

  get spec(): NonNullable<PodDisruptionBudgetManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): Partial<NonNullable<PodDisruptionBudgetManifest['status']>> {
    return this.object.status ?? {};
  }

  /** So many Pods may be evicted now. */
  get disruptionsAllowed(): number {
    return this.status.disruptionsAllowed ?? 0;
  }
}

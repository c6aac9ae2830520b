import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { Quantity, ResourceQuotaManifest, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { isQuotaResource, validateQuotaResourceName, validateResourceAmount } from './resource-names.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const existsOnly = scopes.slice(0, 4).concat('CrossNamespacePodAffinity');
const podResources = [
  'pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
];
const claimResources = ['persistentvolumeclaims', 'requests.storage'];

/** Whether a scope can narrow what is counted of a resource. */
function scopeFits(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return claimResources.includes(resource);
  return !scopes.includes(scope) || podResources.includes(resource);
}

function validateHard(amounts: Readonly<Record<string, Quantity>> | undefined, path: string, errors: FieldErrors): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    validateQuotaResourceName(name, `${path}[${name}]`, errors);
    validateResourceAmount(name, amount, `${path}[${name}]`, errors);
  }
}

function validateScopes(spec: ResourceQuotaSpec, errors: FieldErrors): void {
  const given = spec.scopes ?? [];
  const bad = (why: string): void => errors.invalid('spec.scopes', goValue('[]core.ResourceQuotaScope', given), why);
  const names = Object.keys(spec.hard ?? {}).filter(isQuotaResource);
  for (const scope of given) {
    if (!scopes.includes(scope)) bad('unsupported scope');
    for (const name of names) if (!scopeFits(scope, name)) bad('unsupported scope applied to resource');
  }
  for (const scope of ['BestEffort', 'Terminating']) if (given.includes(scope) && given.includes(`Not${scope}`)) bad('conflicting scopes');
}

function validateRequirement(requirement: ScopedResourceSelectorRequirement, errors: FieldErrors): void {
  const { scopeName, operator, values = [] } = requirement;
  const path = 'spec.scopeSelector.matchExpressions';
  if (!scopes.includes(scopeName)) errors.invalid(`${path}.scopeName`, scopeName, 'unsupported scope');
  if (existsOnly.includes(scopeName) && operator !== 'Exists') {
    const which =
      'ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
    errors.invalid(`${path}.operator`, operator, `must be 'Exists' when scope is any of ${which}`);
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (operator !== 'Exists' && operator !== 'DoesNotExist')
    errors.invalid(`${path}.operator`, operator, 'not a valid selector operator');
  else if (values.length > 0) {
    errors.invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  }
}

function validateScopeSelector(spec: ResourceQuotaSpec, errors: FieldErrors): void {
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  const names = Object.keys(spec.hard ?? {}).filter(isQuotaResource);
  for (const requirement of requirements) {
    validateRequirement(requirement, errors);
    if (names.some((name) => !scopeFits(requirement.scopeName, name))) {
      errors.invalid('spec.scopeSelector.matchExpressions', spec.scopeSelector, 'unsupported scope applied to resource');
    }
  }
  const given = requirements.map((requirement) => requirement.scopeName);
  for (const scope of ['BestEffort', 'Terminating']) {
    if (given.includes(scope) && given.includes(`Not${scope}`))
      errors.invalid('spec.scopeSelector.matchExpressions', spec.scopes, 'conflicting scopes');
  }
}

function validateStatus(quota: ResourceQuotaManifest, errors: FieldErrors): void {
  validateHard(quota.status?.hard, 'status.hard', errors);
  validateHard(quota.status?.used, 'status.used', errors);
}

function validate(quota: ResourceQuotaManifest, errors: FieldErrors): void {
  const spec = quota.spec ?? {};
  validateHard(spec.hard, 'spec.hard', errors);
  validateScopes(spec, errors);
  validateScopeSelector(spec, errors);
}

/** `cpu: 1/2, pods: 3/10` for the requests, or the limits. */
function usageText(quota: Stored<ResourceQuotaManifest>, limits: boolean): string {
  const hard = quota.status?.hard ?? {};
  const names = Object.keys(hard).filter((name) => name.startsWith('limits') === limits);
  return names
    .sort()
    .map((name) => `${name}: ${quota.status?.used?.[name] ?? '0'}/${hard[name]!}`)
    .join(', ');
}

export const resourceQuotaKind: KindDescriptor<ResourceQuotaManifest> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  model: 'ResourceQuota',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  returnsDeleted: true,
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  validate,
  validateUpdate: (quota, old, errors) => {
    const now = new Set(quota.spec?.scopes ?? []);
    const before = new Set(old.spec?.scopes ?? []);
    if (now.size !== before.size || [...now].some((scope) => !before.has(scope))) {
      errors.invalid('spec.scopes', goValue('[]core.ResourceQuotaScope', quota.spec?.scopes), 'field is immutable');
    }
  },
  validateStatusUpdate: (quota, _old, errors) => validateStatus(quota, errors),
  columns: [
    nameColumn,
    ageColumn,
    column('Request', (quota) => usageText(quota, false)),
    column('Limit', (quota) => usageText(quota, true)),
  ],
};

/**
 * How much a namespace may use; `status.used` says how much it does.
 * Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export class ResourceQuota extends Handle<ResourceQuotaManifest> {
  constructor(manifest: ResourceQuotaManifest, client?: Client) {
    super(resourceQuotaKind, manifest, client);
  }

  get spec(): NonNullable<ResourceQuotaManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): Partial<NonNullable<ResourceQuotaManifest['status']>> {
    return this.object.status ?? {};
  }
}

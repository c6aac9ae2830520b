import type {
  PersistentVolumeClaimManifest,
  PodManifest,
  ResourceQuotaManifest,
  ScopedResourceSelectorRequirement,
} from '../../api/generated/models.ts';
import { qosClassOf } from '../pod/quality-of-service.ts';

/** The scopes of a quota as requirements; all must hold. */
export function scopesOf(quota: ResourceQuotaManifest): readonly ScopedResourceSelectorRequirement[] {
  return [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

/** Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes */
export function podInScope(pod: PodManifest, scope: ScopedResourceSelectorRequirement): boolean {
  const { spec } = pod;
  if (spec === undefined) return false;
  const ends = (spec.activeDeadlineSeconds ?? -1) >= 0;
  switch (scope.scopeName) {
    case 'Terminating':
      return ends;
    case 'NotTerminating':
      return !ends;
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return fits(spec.priorityClassName ?? '', scope);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

export function claimInScope(claim: PersistentVolumeClaimManifest, scope: ScopedResourceSelectorRequirement): boolean {
  return scope.scopeName === 'VolumeAttributesClass' && fits(claim.spec?.volumeAttributesClassName ?? '', scope);
}

function fits(value: string, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'Exists':
      return value !== '';
    case 'DoesNotExist':
      return value === '';
    case 'In':
      return values.includes(value);
    default:
      return !values.includes(value);
  }
}

function crossesNamespaces(spec: NonNullable<PodManifest['spec']>): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) =>
    [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
    ].some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined),
  );
}

import type { PersistentVolumeClaimManifest, PodManifest, ResourceQuotaManifest, ServiceManifest } from '../../api/generated/models.ts';
import { resourceName, type KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, Stored } from '../../api/object.ts';
import { Quantity } from '../../api/quantity.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import { isPodResource, podUsage } from './pod-usage.ts';
import { claimInScope, podInScope, scopesOf } from './quota-scopes.ts';
import { addAmounts, maskAmounts, type ResourceAmounts } from './resource-amounts.ts';

/*
 * What objects count for in ResourceQuotas: one place for admission and for the controller that counts again.
 * Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */

type Quota = ResourceQuotaManifest;
const one = Quantity.of(1);
const storageSuffix = '.storageclass.storage.k8s.io/';

/** Kinds that are also counted under their plain name. */
const plainlyCounted: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'resourcequotas',
]);

const isCore = (kind: KindDescriptor, name: string): boolean => kind.group === '' && kind.kind === name;

/** Which of the limited names objects of this kind count for. */
export function resourcesCountedBy(kind: KindDescriptor, names: Iterable<string>): readonly string[] {
  const counted = (name: string): boolean => {
    if (name === `count/${resourceName(kind)}`) return true;
    if (isCore(kind, 'Pod')) return isPodResource(name);
    if (kind.group === '' && name === kind.plural && plainlyCounted.has(name)) return true;
    if (isCore(kind, 'Service')) return name === 'services.nodeports' || name === 'services.loadbalancers';
    if (isCore(kind, 'PersistentVolumeClaim')) {
      return (
        name === 'requests.storage' ||
        name.endsWith(`${storageSuffix}requests.storage`) ||
        name.endsWith(`${storageSuffix}persistentvolumeclaims`)
      );
    }
    return false;
  };
  return [...names].filter(counted);
}

/** Whether an object is one of those a quota is about: something it limits, in all of its scopes. */
export function quotaCovers(quota: Quota, hard: Iterable<string>, kind: KindDescriptor, object: KubeObject): boolean {
  return resourcesCountedBy(kind, hard).length > 0 && inScopes(quota, kind, object);
}

function inScopes(quota: Quota, kind: KindDescriptor, object: KubeObject): boolean {
  return scopesOf(quota).every((scope) => {
    if (isCore(kind, 'Pod')) return podInScope(object as PodManifest, scope);
    return isCore(kind, 'PersistentVolumeClaim') && claimInScope(object as PersistentVolumeClaimManifest, scope);
  });
}

/** What one object counts for. */
export function usageOf(kind: KindDescriptor, object: KubeObject, now: Instant): ResourceAmounts {
  if (isCore(kind, 'Pod')) return podUsage(object as PodManifest, now);
  const usage = new Map([[`count/${resourceName(kind)}`, one]]);
  if (kind.group === '' && plainlyCounted.has(kind.plural)) usage.set(kind.plural, one);
  if (isCore(kind, 'Service')) addAmounts(usage, serviceUsage(object as ServiceManifest));
  if (isCore(kind, 'PersistentVolumeClaim')) addAmounts(usage, claimUsage(object as PersistentVolumeClaimManifest));
  return usage;
}

function serviceUsage({ spec }: ServiceManifest): ResourceAmounts {
  const ports = spec?.ports ?? [];
  if (spec?.type === 'NodePort') return new Map([['services.nodeports', Quantity.of(ports.length)]]);
  if (spec?.type !== 'LoadBalancer') return new Map();
  const withNodePorts = spec.allocateLoadBalancerNodePorts === false ? ports.filter((port) => (port.nodePort ?? 0) !== 0) : ports;
  return new Map([
    ['services.nodeports', Quantity.of(withNodePorts.length)],
    ['services.loadbalancers', one],
  ]);
}

function claimUsage(claim: PersistentVolumeClaimManifest): ResourceAmounts {
  const storageClass = claim.spec?.storageClassName ?? claim.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? '';
  const usage = new Map<string, Quantity>();
  if (storageClass !== '') usage.set(`${storageClass}${storageSuffix}persistentvolumeclaims`, one);
  const wanted = claim.spec?.resources?.requests?.['storage'];
  if (wanted === undefined) return usage;
  const granted = claim.status?.allocatedResources?.['storage'];
  const size = [wanted, ...(granted === undefined ? [] : [granted])]
    .map((text) => Quantity.parse(text))
    .reduce((a, b) => (a.compare(b) < 0 ? b : a));
  usage.set('requests.storage', size);
  if (storageClass !== '') usage.set(`${storageClass}${storageSuffix}requests.storage`, size);
  return usage;
}

/** An object that was charged to its quota and is not in the view yet: it counts until it is, or has had time to be. */
export interface PendingCharge {
  readonly namespace: string;
  readonly kind: KindDescriptor;
  readonly object: KubeObject;
  readonly until: Instant;
  /** By the uid of each quota: its revision before the charge. A quota that still has it was not charged yet. */
  readonly before: ReadonlyMap<string, string>;
}

/** The side table of pending charges, by the uid of the new object. */
export const pendingChargesTable = 'quota-charges';

/** Counts again what a quota is used for; everything it limits is in the answer. */
export function countUsage(
  view: ViewReader,
  kinds: readonly KindDescriptor[],
  quota: Stored<Quota>,
  now: Instant,
): { readonly used: ResourceAmounts; readonly recheckAt: Instant | undefined } {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const used = new Map<string, Quantity>();
  let recheckAt: Instant | undefined;
  for (const kind of kinds) {
    const names = kind.namespaced ? resourcesCountedBy(kind, hard) : [];
    if (names.length === 0) continue;
    for (const name of names) if (!used.has(name)) used.set(name, Quantity.of(0));
    const limited = new Set(names);
    const count = (object: KubeObject): void => {
      if (inScopes(quota, kind, object)) addAmounts(used, maskAmounts(usageOf(kind, object, now), limited));
    };
    for (const object of view.list(kind, { namespace: quota.metadata.namespace })) count(object);
    for (const [uid, charge] of view.table<PendingCharge>(pendingChargesTable)) {
      if (charge.kind.kind !== kind.kind || charge.kind.group !== kind.group || charge.namespace !== quota.metadata.namespace) continue;
      const before = charge.before.get(quota.metadata.uid);
      if (before === undefined || before === quota.metadata.resourceVersion) continue;
      if (charge.until <= now || view.byUid(uid) !== undefined) continue;
      count(charge.object);
      recheckAt = Math.min(recheckAt ?? charge.until, charge.until);
    }
  }
  return { used, recheckAt };
}

import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { Quantity as QuantityText } from '../api/generated/models.ts';
import { checkQualifiedName } from '../api/names.ts';
import { Quantity } from '../api/quantity.ts';

/*
 * Which names of resources (cpu, memory, nvidia.com/gpu) may stand where, and what their amounts may be.
 * Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
 */

const hugePagesPrefix = 'hugepages-';
const quotaRequestsPrefix = 'requests.';

const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const quotaResources: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
]);
const standardResources: ReadonlySet<string> = new Set([...quotaResources, 'storage']);
const integerResources: ReadonlySet<string> = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

/** Kubernetes' own: without a prefix, or of kubernetes.io. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Counted by whoever gave it its name: of a prefix that is not Kubernetes' own. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith(quotaRequestsPrefix)) return false;
  return checkQualifiedName(`${quotaRequestsPrefix}${name}`).length === 0;
}

/** Whether more may be promised than there is: not for devices and huge pages. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

export function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || name.startsWith(`${quotaRequestsPrefix}${hugePagesPrefix}`);
}

/** False, and an error, for what cannot be the name of any resource. */
export function validateResourceName(name: string, path: string, errors: FieldErrors): boolean {
  const problems = checkQualifiedName(name);
  for (const problem of problems) errors.invalid(path, name, problem);
  if (problems.length > 0) return false;
  if (!name.includes('/') && !standardResources.has(name) && !isQuotaResource(name)) {
    errors.invalid(path, name, 'must be a standard resource type or fully qualified');
    return false;
  }
  return true;
}

/** What a container may ask for. */
export function validateContainerResourceName(name: string, path: string, errors: FieldErrors): void {
  validateResourceName(name, path, errors);
  if (!name.includes('/')) {
    if (!containerResources.has(name) && !isHugePages(name)) errors.invalid(path, name, 'must be a standard resource for containers');
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

/** What a ResourceQuota may limit. */
export function validateQuotaResourceName(name: string, path: string, errors: FieldErrors): void {
  validateResourceName(name, path, errors);
  if (!name.includes('/') && !isQuotaResource(name)) errors.invalid(path, name, 'must be a standard resource for quota');
}

/** An amount of a resource: not negative, and whole where only whole ones exist. */
export function validateResourceAmount(name: string, amount: QuantityText, path: string, errors: FieldErrors): void {
  const quantity = Quantity.parse(amount);
  if (quantity.isNegative) errors.invalid(path, quantity.toString(), 'must be greater than or equal to 0');
  const whole = integerResources.has(name) || isExtendedResource(name);
  if (whole && quantity.toMilli() % 1000 !== 0) errors.invalid(path, goValue('resource.Quantity', amount), 'must be an integer');
}

import type { FieldErrors } from '../../api/field-errors.ts';
import type { ContainerResourceClaim, Quantity as QuantityText, ResourceRequirements } from '../../api/generated/models.ts';
import { Quantity } from '../../api/quantity.ts';
import { validateDnsLabel } from '../field-checks.ts';
import { isHugePages, isOvercommitAllowed, validateContainerResourceName, validateResourceAmount } from '../resource-names.ts';

function validateAmounts(amounts: Readonly<Record<string, QuantityText>>, path: string, errors: FieldErrors): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const at = `${path}[${name}]`;
    validateContainerResourceName(name, at, errors);
    validateResourceAmount(name, amount, at, errors);
    if (!isHugePages(name)) continue;
    const pageSize = Quantity.parse(name.slice('hugepages-'.length));
    const quantity = Quantity.parse(amount);
    if (quantity.isNegative || (!pageSize.isZero && quantity.nano % pageSize.nano !== 0n)) {
      errors.invalid(at, quantity.toString(), `${quantity.toString()} is not positive integer multiple of ${name}`);
    }
  }
}

function validateRequest(name: string, amount: QuantityText, limit: QuantityText | undefined, path: string, errors: FieldErrors): void {
  const overcommit = isOvercommitAllowed(name);
  if (limit === undefined) {
    if (!overcommit) errors.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    return;
  }
  const order = Quantity.parse(amount).compare(Quantity.parse(limit));
  if (order !== 0 && !overcommit) errors.invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`);
  else if (order > 0) errors.invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`);
}

function validateClaims(
  claims: readonly ContainerResourceClaim[] | undefined,
  known: readonly string[],
  path: string,
  errors: FieldErrors,
): void {
  const used = new Set<string>();
  for (const [i, { name, request }] of (claims ?? []).entries()) {
    if (name === '') {
      errors.required(`${path}[${i}]`);
      continue;
    }
    if (request !== undefined && request !== '') validateDnsLabel(request, `${path}[${i}].request`, errors);
    const key = request === undefined || request === '' ? name : `${name}/${request}`;
    if (used.has(name)) errors.duplicate(`${path}[${i}]`, name);
    else if (used.has(key)) errors.duplicate(`${path}[${i}]`, key);
    else if (key === name && [...used].some((other) => other.startsWith(`${name}/`))) errors.duplicate(`${path}[${i}]`, name);
    used.add(key);
    if (!known.includes(name)) errors.notFound(`${path}[${i}]`, name);
  }
}

/** What a container (or a pod's overhead) asks for: names, amounts, and requests within limits. */
export function validateResourceRequirements(resources: ResourceRequirements, path: string, errors: FieldErrors): void {
  const { limits = {}, requests = {} } = resources;
  validateAmounts(limits, `${path}.limits`, errors);
  validateAmounts(requests, `${path}.requests`, errors);
  for (const [name, amount] of Object.entries(requests)) validateRequest(name, amount, limits[name], path, errors);
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.forbidden(path, 'HugePages require cpu or memory');
  }
}

/** The claims a container makes must be among the pod's. */
export function validateResourceClaims(
  resources: ResourceRequirements | undefined,
  known: readonly string[],
  path: string,
  errors: FieldErrors,
): void {
  validateClaims(resources?.claims, known, `${path}.claims`, errors);
}

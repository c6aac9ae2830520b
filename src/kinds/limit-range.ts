import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { LimitRangeItem, LimitRangeManifest, Quantity as QuantityText } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { Quantity } from '../api/quantity.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import { validateQualifiedName } from './field-checks.ts';
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from './resource-names.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

type Amounts = Readonly<Record<string, QuantityText>>;

const standardTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

/** For containers the limit defaults to the maximum, the request to the limit, else to the minimum. */
function defaultItem(item: Draft<LimitRangeItem>): void {
  if (item.type !== 'Container' || Object.isFrozen(item)) return;
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
  if (Object.keys(item.default).length === 0) delete item.default;
  if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest;
}

function validateNames(item: LimitRangeItem, path: string, errors: FieldErrors): void {
  const ofPods = item.type === 'Pod' || item.type === 'Container';
  for (const list of lists) {
    if (item.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(item[list] ?? {}).length > 0) errors.forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'");
      continue;
    }
    for (const name of Object.keys(item[list] ?? {})) {
      const at = `${path}.${list}[${name}]`;
      if (ofPods) validateContainerResourceName(name, at, errors);
      else validateResourceName(name, at, errors);
    }
  }
}

function amount(amounts: Amounts | undefined, name: string): Quantity | undefined {
  const text = amounts?.[name];
  return text === undefined ? undefined : Quantity.parse(text);
}

function exceeds(a: Quantity | undefined, b: Quantity | undefined): boolean {
  return a !== undefined && b !== undefined && a.compare(b) > 0;
}

function validateAmounts(item: LimitRangeItem, name: string, path: string, errors: FieldErrors): void {
  const min = amount(item.min, name);
  const max = amount(item.max, name);
  const limit = item.type === 'Pod' ? undefined : amount(item.default, name);
  const request = item.type === 'Pod' ? undefined : amount(item.defaultRequest, name);
  const bad = (list: string, value: Quantity | undefined, why: string): void =>
    errors.invalid(`${path}.${list}[${name}]`, goValue('resource.Quantity', value), why);
  if (exceeds(min, max)) bad('min', min, `min value ${String(min)} is greater than max value ${String(max)}`);
  if (exceeds(min, request))
    bad('defaultRequest', request, `min value ${String(min)} is greater than default request value ${String(request)}`);
  if (exceeds(request, max))
    bad('defaultRequest', request, `default request value ${String(request)} is greater than max value ${String(max)}`);
  if (exceeds(request, limit))
    bad('defaultRequest', request, `default request value ${String(request)} is greater than default limit value ${String(limit)}`);
  if (exceeds(min, limit)) bad('default', min, `min value ${String(min)} is greater than default value ${String(limit)}`);
  if (exceeds(limit, max)) bad('default', max, `default value ${String(limit)} is greater than max value ${String(max)}`);
  validateRatio(amount(item.maxLimitRequestRatio, name), min, max, `${path}.maxLimitRequestRatio[${name}]`, errors);
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && !limit.equals(request)) {
    bad('defaultRequest', request, `default value ${limit.toString()} must equal to defaultRequest value ${request.toString()} in ${name}`);
  }
}

function validateRatio(
  ratio: Quantity | undefined,
  min: Quantity | undefined,
  max: Quantity | undefined,
  path: string,
  errors: FieldErrors,
): void {
  if (ratio === undefined) return;
  const text = ratio.toString();
  if (ratio.compare(Quantity.of(1)) < 0) errors.invalid(path, goValue('resource.Quantity', text), `ratio ${text} is less than 1`);
  if (min === undefined || max === undefined) return;
  const greatest = max.toMilli() / min.toMilli();
  if (ratio.toNumber() > greatest)
    errors.invalid(path, goValue('resource.Quantity', text), `ratio ${text} is greater than max/min = ${greatest.toFixed(6)}`);
}

function validate(range: LimitRangeManifest, errors: FieldErrors): void {
  const types = new Set<string>();
  for (const [i, item] of (range.spec?.limits ?? []).entries()) {
    const path = `spec.limits[${i}]`;
    if (item.type.includes('/') || standardTypes.includes(item.type)) validateQualifiedName(item.type, `${path}.type`, errors);
    else if (item.type === '') validateQualifiedName(item.type, `${path}.type`, errors);
    else errors.invalid(`${path}.type`, item.type, 'must be a standard limit type or fully qualified');
    if (types.has(item.type)) errors.duplicate(`${path}.type`, item.type);
    types.add(item.type);
    validateNames(item, path, errors);
    if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
      errors.required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
    }
    const names = new Set(lists.flatMap((list) => Object.keys(item[list] ?? {})));
    for (const name of names) validateAmounts(item, name, path, errors);
  }
}

export const limitRangeKind: KindDescriptor<LimitRangeManifest> = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  categories: [],
  namespaced: true,
  model: 'LimitRange',
  nameRule: 'dns1123-subdomain',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  unnamedGetsUid: true,
  applyDefaults: (draft) => {
    for (const item of draft.spec?.limits ?? []) defaultItem(item);
  },
  validate,
  columns: [nameColumn, createdAtColumn],
};

/**
 * What containers, Pods and claims of a namespace may ask for, and what they get if they ask for nothing.
 * Source: https://kubernetes.io/docs/concepts/policy/limit-range/
 */
export class LimitRange extends Handle<LimitRangeManifest> {
  constructor(manifest: LimitRangeManifest, client?: Client) {
    super(limitRangeKind, manifest, client);
  }

  get spec(): NonNullable<LimitRangeManifest['spec']> {
    return this.object.spec!;
  }
}

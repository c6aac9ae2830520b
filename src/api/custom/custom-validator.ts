import { deepEqual } from '../deep-equal.ts';
import type { FieldErrors } from '../field-errors.ts';
import { isJsonObject, ownValue, type JsonObject } from '../json-values.ts';
import { LinearRegExp } from '../linear-regexp.ts';
import { checkFormat } from './custom-formats.ts';
import { isIdentityField, propertySchema, type CustomSchema } from './custom-schema.ts';

interface Place {
  readonly path: string;
  readonly errors: FieldErrors;
  /** True for an object with an apiVersion and kind of its own: those and its metadata are not the schema's affair. */
  readonly resource?: boolean;
}

/**
 * Checks values against a schema, in the words of Kubernetes' own validator. On an update what did not change is not checked again, so
 * that an object stays writable when its schema has become stricter.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
 */
export class CustomValidator {
  readonly #patterns = new Map<string, LinearRegExp>();

  check(value: unknown, schema: CustomSchema, place: Place, old?: unknown): void {
    if (old !== undefined && deepEqual(value, old)) return;
    if (value === null && schema.nullable === true) return;
    const { path, errors } = place;
    if (!this.#checkType(value, schema, place)) return;
    if (schema.enum !== undefined && !schema.enum.some((one) => deepEqual(one, value))) {
      errors.notSupported(path, value, schema.enum.map(String));
      return;
    }
    if (typeof value === 'string') this.#checkText(value, schema, place);
    else if (typeof value === 'number') checkNumber(value, schema, place);
    else if (Array.isArray(value)) this.#checkList(value, schema, place, old);
    else if (isJsonObject(value)) this.#checkObject(value, schema, place, old);
    this.#checkJunctors(value, schema, place);
  }

  #checkType(value: unknown, schema: CustomSchema, { path, errors }: Place): boolean {
    if (schema['x-kubernetes-int-or-string'] === true) {
      if (Number.isInteger(value) || typeof value === 'string') return true;
      errors.typeInvalid(path, typeName(value), `${path} in body must be of type integer,string: ${JSON.stringify(typeName(value))}`);
      return false;
    }
    const { type } = schema;
    if (type === undefined || type === '' || isOfType(value, type)) return true;
    errors.typeInvalid(path, typeName(value), `${path} in body must be of type ${type}: ${JSON.stringify(typeName(value))}`);
    return false;
  }

  #checkText(value: string, schema: CustomSchema, { path, errors }: Place): void {
    const length = Array.from(value).length;
    if (schema.maxLength !== undefined && length > schema.maxLength) errors.tooLong(path, schema.maxLength);
    if (schema.minLength !== undefined && length < schema.minLength)
      errors.invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`);
    if (schema.pattern !== undefined && schema.pattern !== '' && !this.#pattern(schema.pattern).test(value))
      errors.invalid(path, value, `${path} in body should match '${schema.pattern}'`);
    if (schema.format !== undefined && !checkFormat(schema.format, value))
      errors.invalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`);
  }

  #pattern(source: string): LinearRegExp {
    let pattern = this.#patterns.get(source);
    if (pattern === undefined) this.#patterns.set(source, (pattern = LinearRegExp.compile(source)));
    return pattern;
  }

  #checkList(value: readonly unknown[], schema: CustomSchema, { path, errors }: Place, old: unknown): void {
    if (schema.maxItems !== undefined && value.length > schema.maxItems) errors.tooMany(path, value.length, schema.maxItems);
    if (schema.minItems !== undefined && value.length < schema.minItems)
      errors.invalid(path, value.length, `${path} in body should have at least ${schema.minItems} items`);
    const keys = schema['x-kubernetes-list-map-keys'];
    const identity = listIdentity(schema);
    if (identity !== undefined) checkUnique(value, identity, path, errors);
    const { items } = schema;
    if (items === undefined) return;
    const before = Array.isArray(old) ? (old as readonly unknown[]) : [];
    for (const [i, item] of value.entries()) {
      const same = keys === undefined || identity === undefined ? undefined : before.find((each) => identity(each) === identity(item));
      this.check(item, items, { path: `${path}[${i}]`, errors, resource: items['x-kubernetes-embedded-resource'] === true }, same);
    }
  }

  #checkObject(value: JsonObject, schema: CustomSchema, { path, errors, resource }: Place, old: unknown): void {
    const keys = Object.keys(value);
    if (schema.maxProperties !== undefined && keys.length > schema.maxProperties) errors.tooMany(path, keys.length, schema.maxProperties);
    if (schema.minProperties !== undefined && keys.length < schema.minProperties)
      errors.invalid(path, keys.length, `${path} in body should have at least ${schema.minProperties} properties`);
    for (const name of schema.required ?? [])
      if (ownValue(value, name) === undefined) errors.required(path === '' ? name : `${path}.${name}`);
    for (const key of keys) {
      if (resource === true && isIdentityField(key)) continue;
      const known = propertySchema(schema, key);
      if (known === undefined) continue;
      const at = path === '' ? key : `${path}.${key}`;
      const before = isJsonObject(old) ? ownValue(old, key) : undefined;
      this.check(value[key], known, { path: at, errors, resource: known['x-kubernetes-embedded-resource'] === true }, before);
    }
  }

  #checkJunctors(value: unknown, schema: CustomSchema, place: Place): void {
    const { path, errors } = place;
    const name = JSON.stringify(path === '' ? '<nil>' : path);
    const holds = (one: CustomSchema): boolean => {
      const found = errors.sibling();
      this.check(value, one, { ...place, errors: found });
      return found.empty;
    };
    for (const part of schema.allOf ?? []) this.check(value, part, place);
    const { anyOf = [], oneOf = [], not } = schema;
    if (anyOf.length > 0 && !anyOf.some(holds)) errors.invalid(path, shownAs(value), `${name} must validate at least one schema (anyOf)`);
    const matching = oneOf.filter(holds).length;
    if (oneOf.length > 0 && matching !== 1)
      errors.invalid(
        path,
        shownAs(value),
        `${name} must validate one and only one schema (oneOf). ${matching === 0 ? 'Found none valid' : `Found ${matching} valid alternatives`}`,
      );
    if (not !== undefined && holds(not)) errors.invalid(path, shownAs(value), `${name} must not validate the schema (not)`);
  }
}

const shownAs = (value: unknown): unknown => (typeof value === 'object' && value !== null ? value : (value ?? ''));

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function isOfType(value: unknown, type: string): boolean {
  const found = typeName(value);
  return found === type || (type === 'number' && found === 'integer');
}

function checkNumber(value: number, schema: CustomSchema, { path, errors }: Place): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (maximum !== undefined && (value > maximum || (exclusiveMaximum === true && value === maximum)))
    errors.invalid(path, value, `${path} in body should be less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`);
  if (minimum !== undefined && (value < minimum || (exclusiveMinimum === true && value === minimum)))
    errors.invalid(path, value, `${path} in body should be greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`);
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    errors.invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`);
  if (schema.format !== undefined && !checkFormat(schema.format, value))
    errors.invalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(String(value))}`);
}

/** What makes an element of a set or a keyed list the same as another; undefined for lists that may repeat. */
function listIdentity(schema: CustomSchema): ((item: unknown) => string) | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return (item) => JSON.stringify(item);
  if (schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return (item) => JSON.stringify(keys.map((key) => (isJsonObject(item) ? (ownValue(item, key) ?? null) : null)));
}

function checkUnique(items: readonly unknown[], identity: (item: unknown) => string, path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const key = identity(item);
    if (seen.has(key)) errors.duplicate(`${path}[${i}]`, item);
    seen.add(key);
  }
}

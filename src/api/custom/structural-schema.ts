import { deepEqual } from '../deep-equal.ts';
import { FieldErrors } from '../field-errors.ts';
import { LinearRegExp } from '../linear-regexp.ts';
import { ParseError } from '../../errors.ts';
import { applySchemaDefaults } from './custom-defaults.ts';
import type { CustomSchema } from './custom-schema.ts';
import { CustomValidator } from './custom-validator.ts';

const types: readonly string[] = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
/** Where only values are restricted nothing may be said that shapes them. */
const shaping = ['type', 'description', 'title', 'default', 'nullable', 'additionalProperties'] as const;
const depthMax = 100;

/**
 * Checks that a schema is structural, and that what it says makes sense, in the words of Kubernetes.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function checkStructuralSchema(schema: CustomSchema, path: string, errors: FieldErrors): void {
  if (Object.hasOwn(schema, '$ref')) errors.forbidden(`${path}.$ref`, '$ref is not supported');
  checkPart(schema, path, true, errors, 0);
}

function checkPart(schema: CustomSchema, path: string, root: boolean, errors: FieldErrors, depth: number): void {
  if (depth > depthMax) return errors.invalid(path, '', 'is nested too deeply');
  checkType(schema, path, root, errors);
  checkLists(schema, path, errors);
  checkExtensions(schema, path, errors);
  checkPattern(schema, path, errors);
  checkDefault(schema, path, root, errors);
  const { properties, additionalProperties, items } = schema;
  if (properties !== undefined && additionalProperties !== undefined && additionalProperties !== false)
    errors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  if (additionalProperties === false) errors.forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false');
  for (const [name, part] of Object.entries(properties ?? {})) {
    if (root && name === 'metadata') checkMetadata(part, `${path}.properties[metadata]`, errors);
    else checkPart(part, `${path}.properties[${name}]`, false, errors, depth + 1);
  }
  if (typeof additionalProperties === 'object') checkPart(additionalProperties, `${path}.additionalProperties`, false, errors, depth + 1);
  if (Array.isArray(items)) errors.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  else if (items !== undefined) checkPart(items, `${path}.items`, false, errors, depth + 1);
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[key] ?? []).entries()) checkValueOnly(part, `${path}.${key}[${i}]`, schema, errors);
  if (schema.not !== undefined) checkValueOnly(schema.not, `${path}.not`, schema, errors);
}

function checkType(schema: CustomSchema, path: string, root: boolean, errors: FieldErrors): void {
  const { type = '' } = schema;
  const open = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === '') {
    if (root) errors.required(`${path}.type`, 'must not be empty at the root');
    else if (!open) errors.required(`${path}.type`, 'must not be empty for specified object fields');
  } else if (root && type !== 'object') errors.invalid(`${path}.type`, type, 'must be object at the root');
  else if (!types.includes(type)) errors.notSupported(`${path}.type`, type, types);
  if (schema['x-kubernetes-int-or-string'] === true && type !== '')
    errors.invalid(`${path}.type`, type, 'must be empty if x-kubernetes-int-or-string is true');
  if (type === 'array' && schema.items === undefined) errors.required(`${path}.items`, 'must be specified');
  if (schema.uniqueItems === true)
    errors.forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
}

function checkLists(schema: CustomSchema, path: string, errors: FieldErrors): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    errors.notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
  if (listType === undefined || listType === '') {
    if (keys.length > 0) errors.forbidden(`${path}.x-kubernetes-list-map-keys`, 'must be empty if x-kubernetes-list-type is not map');
    return;
  }
  if (!['atomic', 'map', 'set'].includes(listType))
    errors.notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']);
  if (schema.type !== 'array') errors.invalid(`${path}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified');
  if (listType !== 'map') {
    if (keys.length > 0) errors.forbidden(`${path}.x-kubernetes-list-map-keys`, 'must be empty if x-kubernetes-list-type is not map');
    return;
  }
  if (keys.length === 0) errors.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
  if (schema.items?.type !== 'object')
    errors.invalid(`${path}.items.type`, schema.items?.type ?? '', "must be object if parent array's x-kubernetes-list-type is map");
  for (const [i, key] of keys.entries()) {
    const part = schema.items?.properties?.[key];
    if (part === undefined) errors.invalid(`${path}.x-kubernetes-list-map-keys[${i}]`, key, 'entries must all be names of item properties');
    else if (part.default === undefined && schema.items?.required?.includes(key) !== true)
      errors.required(
        `${path}.items.properties[${key}].default`,
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      );
  }
}

function checkExtensions(schema: CustomSchema, path: string, errors: FieldErrors): void {
  if (schema['x-kubernetes-embedded-resource'] === true) {
    if (schema.type !== 'object')
      errors.invalid(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
    if (schema.properties === undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true)
      errors.required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      );
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  for (const [i, { rule, message = 'm' }] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    if (rule.trim() === '') errors.required(`${at}.rule`, 'rule is not specified');
    if (message.trim() === '') errors.invalid(`${at}.message`, message, 'message must be non-empty if specified');
  }
}

function checkPattern({ pattern = '' }: CustomSchema, path: string, errors: FieldErrors): void {
  try {
    LinearRegExp.compile(pattern);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    errors.invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error.message}`);
  }
}

function checkDefault(schema: CustomSchema, path: string, root: boolean, errors: FieldErrors): void {
  if (schema.default === undefined) return;
  if (root) return errors.forbidden(`${path}.default`, 'must not be set at the root');
  const filled = structuredClone(schema.default);
  applySchemaDefaults(schema, filled);
  const found = new FieldErrors();
  new CustomValidator().check(filled, schema, { path: `${path}.default`, errors: found });
  errors.addAll(found);
}

function checkMetadata(schema: CustomSchema, path: string, errors: FieldErrors): void {
  if (schema.type !== undefined && schema.type !== 'object') errors.invalid(`${path}.type`, schema.type, 'must be object');
  const restricted = Object.keys(schema.properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  if (restricted.length > 0)
    errors.forbidden(path, 'must not specify anything other than name and generateName, but metadata is implicitly specified');
}

function checkValueOnly(schema: CustomSchema, path: string, around: CustomSchema, errors: FieldErrors): void {
  const intOrString = around['x-kubernetes-int-or-string'] === true;
  for (const key of shaping) {
    if (schema[key] === undefined || (key === 'type' && intOrString)) continue;
    if (key === 'default') errors.forbidden(`${path}.default`, 'must be undefined to be structural');
    else errors.forbidden(`${path}.${key}`, key === 'nullable' ? 'must be false to be structural' : 'must be empty to be structural');
  }
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const outer = around.properties?.[name];
    if (outer === undefined && typeof around.additionalProperties !== 'object')
      errors.required(
        `${path.replace(/\.(allOf|anyOf|oneOf|not)\b.*$/, '')}.properties[${name}]`,
        `because it is defined in ${path}.properties[${name}]`,
      );
    checkValueOnly(part, `${path}.properties[${name}]`, outer ?? {}, errors);
  }
  if (schema.items !== undefined && !deepEqual(schema.items, {})) checkValueOnly(schema.items, `${path}.items`, around.items ?? {}, errors);
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[key] ?? []).entries()) checkValueOnly(part, `${path}.${key}[${i}]`, around, errors);
  if (schema.not !== undefined) checkValueOnly(schema.not, `${path}.not`, around, errors);
}

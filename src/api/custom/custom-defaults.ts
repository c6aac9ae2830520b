import { isJsonObject, setKey } from '../json-values.ts';
import { propertySchema, type CustomSchema } from './custom-schema.ts';

/** A copy that shares nothing: a default must not be changed through the object that has it. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) setKey(copy, key, copyOf(part));
  return copy;
}

/**
 * Fills in the defaults of a schema, from the outside in, so that a default may have defaults within.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
 */
export function applySchemaDefaults(schema: CustomSchema, draft: unknown): void {
  if (Array.isArray(draft)) {
    if (schema.items !== undefined) for (const item of draft) applySchemaDefaults(schema.items, item);
    return;
  }
  if (!isJsonObject(draft) || Object.isFrozen(draft)) return;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const given = Object.hasOwn(draft, name) ? draft[name] : undefined;
    if (property.default !== undefined && (given === undefined || (given === null && property.nullable !== true)))
      setKey(draft, name, copyOf(property.default));
  }
  for (const key of Object.keys(draft)) {
    const known = propertySchema(schema, key);
    if (known !== undefined) applySchemaDefaults(known, draft[key]);
  }
}

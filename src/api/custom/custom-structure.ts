import { isJsonObject, setKey, type JsonObject } from '../json-values.ts';
import type { Structure, StructureReading } from '../structure.ts';
import { isIdentityField, propertySchema, type CustomSchema } from './custom-schema.ts';

const unknownMax = 100;
const depthMax = 400;

/**
 * Reads custom resources: fields that the schema does not have are pruned and told, metadata is read as that of every object. Values of
 * a wrong type stay: they are refused when the object is checked.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 */
export class CustomStructure implements Structure {
  readonly #schema: CustomSchema;
  readonly #metadata: Structure;

  /** `metadata` reads ObjectMeta. */
  constructor(schema: CustomSchema, metadata: Structure) {
    this.#schema = schema;
    this.#metadata = metadata;
  }

  read(raw: unknown): StructureReading {
    const unknownFields: string[] = [];
    const typeProblems: { readonly path: string; readonly message: string }[] = [];
    const value = isJsonObject(raw) ? this.#prune(raw, this.#schema, '', true, unknownFields, 0) : {};
    if (!isJsonObject(value)) return { value: {}, typeProblems, unknownFields };
    const metadata = this.#metadata.read(value['metadata'] ?? {});
    for (const { path, message } of metadata.typeProblems) typeProblems.push({ path: `metadata.${path}`, message });
    for (const path of metadata.unknownFields) unknownFields.push(`metadata.${path}`);
    return { value: { ...value, metadata: metadata.value }, typeProblems, unknownFields };
  }

  #prune(value: unknown, schema: CustomSchema, path: string, resource: boolean, unknown: string[], depth: number): unknown {
    if (depth > depthMax) return value;
    if (Array.isArray(value)) {
      const { items } = schema;
      if (items === undefined) return value;
      return value.map((item: unknown, i) => this.#prune(item, items, `${path}[${i}]`, isEmbedded(items), unknown, depth + 1));
    }
    return isJsonObject(value) ? this.#pruneObject(value, schema, path, resource, unknown, depth) : value;
  }

  #pruneObject(value: JsonObject, schema: CustomSchema, path: string, resource: boolean, unknown: string[], depth: number): JsonObject {
    const pruned: JsonObject = {};
    const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
    for (const [key, part] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      const known = propertySchema(schema, key);
      if (known !== undefined && !(resource && key === 'metadata')) {
        // A null that may not be is as good as absent where there is a default.
        if (part === null && known.nullable !== true && known.default !== undefined) continue;
        setKey(pruned, key, this.#prune(part, known, at, isEmbedded(known), unknown, depth + 1));
      } else if (keepsAll || (resource && isIdentityField(key))) setKey(pruned, key, part);
      else if (unknown.length < unknownMax) unknown.push(at);
    }
    return pruned;
  }
}

const isEmbedded = (schema: CustomSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

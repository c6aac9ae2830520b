import { BadRequestError } from '../errors.ts';
import { goText, goTypeOf, isJsonObject, isShallow, ownValue, setKey } from './json-values.ts';
import type { JsonObject } from './json-values.ts';
import type { FieldSchema, SchemaTable } from './schema.ts';
import { deleteFrom, mergeList, orderList, patchFailure } from './strategic-lists.ts';

const patchKey = '$patch';
const retainKeysKey = '$retainKeys';
const orderPrefix = '$setElementOrder';
const deletePrefix = '$deleteFromPrimitiveList';

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw patchFailure(`expected a []interface {}, but received a ${goTypeOf(value)}`);
  return value;
}

/** The patch value where there is nothing to merge with: without nulls and directives. */
function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((part) => !(isJsonObject(part) && Object.hasOwn(part, patchKey))).map(plainValue);
  }
  if (!isJsonObject(value)) return value;
  const plain: JsonObject = {};
  for (const [key, part] of Object.entries(value)) {
    if (
      part !== null &&
      key !== patchKey &&
      key !== retainKeysKey &&
      !key.startsWith(`${orderPrefix}/`) &&
      !key.startsWith(`${deletePrefix}/`)
    )
      setKey(plain, key, plainValue(part));
  }
  return plain;
}

/**
 * Strategic merge patch: maps are merged, lists as the schema table says (by merge key, as sets, or replaced), with the directives
 * `$patch` (delete, replace), `$retainKeys`, `$deleteFromPrimitiveList/<list>` and `$setElementOrder/<list>`.
 *
 * Source: https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export class StrategicMerge {
  readonly #table: SchemaTable;

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** The patched object; nothing that is given is changed. Throws an ApiError in Kubernetes' words and codes. */
  apply(document: JsonObject, patch: unknown, model: string): JsonObject {
    if (patch === null) return document;
    if (!isJsonObject(patch)) {
      throw new BadRequestError(
        `json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch} into Go value of type map[string]interface {}`,
      );
    }
    if (!isShallow(patch)) throw new BadRequestError('json: exceeded max depth');
    const { apiVersion, kind } = document;
    const patched = this.#mergeMap(document, patch, model);
    // A patch that replaces everything need not say what the object is.
    return patched.apiVersion === undefined && patched.kind === undefined ? { apiVersion, kind, ...patched } : patched;
  }

  /** `model`: the model of both; undefined for free-form maps. */
  #mergeMap(original: JsonObject, patch: JsonObject, model: string | undefined): JsonObject {
    const directive = ownValue(patch, patchKey);
    if (directive === 'replace') return plainValue(patch) as JsonObject;
    if (directive === 'delete') return {};
    if (directive !== undefined) throw patchFailure(`unknown patch type: ${String(directive)} in map: ${goText(patch)}`);
    const fields = model === undefined ? undefined : this.#table.model(model);
    const merged = retained(original, patch);
    const ordered = this.#mergeOrderedLists(merged, patch, (name) => fields?.get(name));
    for (const [key, value] of Object.entries(patch)) {
      if (key === retainKeysKey || key.startsWith(orderPrefix) || ordered.has(key)) continue;
      if (key.startsWith(`${deletePrefix}/`)) {
        const name = key.slice(deletePrefix.length + 1);
        const list = ownValue(merged, name);
        if (Array.isArray(list)) setKey(merged, name, deleteFrom(list, listOf(value)));
      } else if (value === null) {
        delete merged[key];
      } else {
        setKey(merged, key, this.#mergeValue(ownValue(merged, key), value, fields?.get(key)));
      }
    }
    return merged;
  }

  #mergeValue(before: unknown, value: unknown, field: FieldSchema | undefined): unknown {
    if (isJsonObject(before) && isJsonObject(value)) {
      if (replaces(field)) return value;
      return this.#mergeMap(
        before,
        value,
        field !== undefined && field.container === '' && 'model' in field.element ? field.element.model : undefined,
      );
    }
    if (Array.isArray(before) && Array.isArray(value)) return this.#mergeLists(before, value, field);
    return plainValue(value);
  }

  #mergeLists(before: readonly unknown[], patch: readonly unknown[], field: FieldSchema | undefined): readonly unknown[] {
    if (field === undefined || !field.patchStrategies.includes('merge')) return patch;
    const model = 'model' in field.element ? field.element.model : undefined;
    return mergeList(before, patch, field.mergeKey, (original, part) => this.#mergeMap(original, part, model));
  }

  /** Does what `$setElementOrder` asks for; gives the names of the lists that are done. */
  #mergeOrderedLists(merged: JsonObject, patch: JsonObject, fieldOf: (name: string) => FieldSchema | undefined): ReadonlySet<string> {
    const done = new Set<string>();
    for (const [key, value] of Object.entries(patch)) {
      if (!key.startsWith(orderPrefix)) continue;
      const order = listOf(value);
      if (!key.startsWith(`${orderPrefix}/`)) throw new BadRequestError('invalid patch format of setElementOrder list');
      const name = key.slice(orderPrefix.length + 1);
      const before = ownValue(merged, name);
      const part = ownValue(patch, name);
      if (before === undefined && (part === undefined || part === null)) continue;
      const field = fieldOf(name);
      const original = before === undefined ? [] : listOf(before);
      const contents =
        part === undefined || part === null
          ? original
          : before === undefined
            ? (plainValue(listOf(part)) as unknown[])
            : this.#mergeLists(original, listOf(part), field);
      setKey(merged, name, orderList(contents, order, original, field?.mergeKey, part === undefined || part === null ? [] : listOf(part)));
      done.add(name);
    }
    return done;
  }
}

function replaces(field: FieldSchema | undefined): boolean {
  return field?.patchStrategies.includes('replace') ?? false;
}

/** A copy of the original; of its keys only those that `$retainKeys` names, if the patch has it. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = ownValue(patch, retainKeysKey);
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw new BadRequestError('invalid patch format of retainKeys');
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !key.startsWith('$') && !keys.includes(key)) throw new BadRequestError('invalid patch format of retainKeys');
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

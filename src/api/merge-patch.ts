import { ApiError, BadRequestError } from '../errors.ts';
import { deepEqual } from './deep-equal.ts';
import { isJsonObject, isShallow, setKey } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

function withoutNulls(value: unknown): unknown {
  return isJsonObject(value) ? merged({}, value) : value;
}

function merged(target: JsonObject, patch: JsonObject): JsonObject {
  let copy: JsonObject | undefined;
  for (const [key, part] of Object.entries(patch)) {
    const before = Object.hasOwn(target, key) ? target[key] : undefined;
    if (part === null) {
      if (before === undefined) continue;
      copy ??= { ...target };
      delete copy[key];
      continue;
    }
    const after = isJsonObject(part) && isJsonObject(before) ? merged(before, part) : withoutNulls(part);
    if (after === before) continue;
    copy ??= { ...target };
    setKey(copy, key, after);
  }
  return copy ?? target;
}

/**
 * Applies a JSON merge patch (RFC 7386). Nothing that is given is changed; what the patch does not touch is shared.
 * A patch that is a plain value is refused as Kubernetes does, with a 500.
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) throw new ApiError(500, '', 'Invalid JSON Patch', undefined, { retryable: false });
  if (!isShallow(patch)) throw new BadRequestError('json: exceeded max depth');
  if (!isJsonObject(patch)) return patch;
  return merged(isJsonObject(document) ? document : {}, patch);
}

/** The merge patch that makes `to` of `from`; undefined if they are equal. A null in `to` cannot be said by such a patch. */
export function mergePatchBetween(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && (!Object.hasOwn(to, key) || to[key] === undefined)) setKey(patch, key, null);
  }
  for (const key of Object.keys(to)) {
    const after = to[key];
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (after === undefined || after === before) continue;
    if (isJsonObject(after) && isJsonObject(before)) {
      const inner = mergePatchBetween(before, after);
      if (inner !== undefined) setKey(patch, key, inner);
    } else if (!deepEqual(after, before)) {
      setKey(patch, key, after);
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

import { ApiError } from '../errors.ts';
import { goText, isJsonObject, ownValue } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

const patchKey = '$patch';

/** A patch that makes no sense for the object; Kubernetes answers 500 with the reason. */
export function patchFailure(message: string): ApiError {
  return new ApiError(500, '', message, undefined, { retryable: false });
}

type MergeMaps = (original: JsonObject, patch: JsonObject) => JsonObject;

/** What an element is known by: the value of its merge key, or itself; as text, for look-ups. */
function identity(element: unknown, mergeKey: string | undefined): string {
  return JSON.stringify(mergeKey !== undefined && isJsonObject(element) ? ownValue(element, mergeKey) : element) ?? 'null';
}

/** Where each element stands in a list; of equal ones the first. */
function places(list: readonly unknown[], mergeKey: string | undefined): Map<string, number> {
  const found = new Map<string, number>();
  for (const [i, element] of list.entries()) {
    const id = identity(element, mergeKey);
    if (!found.has(id)) found.set(id, i);
  }
  return found;
}

function requireKey(element: JsonObject, mergeKey: string): void {
  if (ownValue(element, mergeKey) === undefined)
    throw patchFailure(`map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
}

function requireSameTypes(original: readonly unknown[], patch: readonly unknown[]): 'maps' | 'scalars' {
  const types = new Set(
    [...original, ...patch].map((v) => (Array.isArray(v) ? 'list' : isJsonObject(v) ? 'map' : v === null ? 'null' : typeof v)),
  );
  if (types.has('list')) throw patchFailure('lists of lists are not supported');
  if (types.size > 1) throw patchFailure(`list element types are not identical: ${goText([original, patch])}`);
  return types.has('map') ? 'maps' : 'scalars';
}

/** The list without the given scalars. */
export function deleteFrom(list: readonly unknown[], unwanted: readonly unknown[]): readonly unknown[] {
  const ids = places(unwanted, undefined);
  return list.filter((element) => !ids.has(identity(element, undefined)));
}

/** Merges two lists whose field has the strategy `merge`; elements of the patch come in its order. */
export function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  mergeMaps: MergeMaps,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (requireSameTypes(original, patch) === 'scalars') {
    const merged = [...new Set([...original, ...patch])];
    return arranged(merged, patch, original, undefined);
  }
  if (mergeKey === undefined) throw patchFailure('cannot merge lists without merge key');
  const { kept, parts } = withDirectives(original as readonly JsonObject[], patch as readonly JsonObject[], mergeKey);
  const merged = [...kept];
  const at = places(merged, mergeKey);
  for (const part of parts) {
    requireKey(part, mergeKey);
    const found = at.get(identity(part, mergeKey));
    if (found !== undefined) merged[found] = mergeMaps(merged[found]!, part);
    else at.set(identity(part, mergeKey), merged.push(mergeMaps({}, part)) - 1);
  }
  return arranged(merged, parts, original, mergeKey);
}

/** Carries out the `$patch` of single elements: what is kept of the original, and what is left to merge. */
function withDirectives(
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
): { kept: readonly JsonObject[]; parts: readonly JsonObject[] } {
  const deleted = new Set<string>();
  let replace = false;
  const parts: JsonObject[] = [];
  for (const part of patch) {
    const directive = ownValue(part, patchKey);
    if (directive === undefined) parts.push(part);
    else if (directive === 'replace') replace = true;
    else if (directive === 'delete') {
      requireKey(part, mergeKey);
      deleted.add(identity(part, mergeKey));
    } else if (directive === 'merge') throw patchFailure('merging lists cannot yet be specified in the patch');
    else throw patchFailure(`unknown patch type: ${String(directive)} in map: ${goText(part)}`);
  }
  return { kept: replace ? [] : original.filter((element) => !deleted.has(identity(element, mergeKey))), parts };
}

/** Orders a merged list as `$setElementOrder` says. */
export function orderList(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string | undefined,
  patch: readonly unknown[],
): readonly unknown[] {
  requireInOrder(patch, order, mergeKey);
  return arranged(merged, order, original, mergeKey);
}

/** Elements that are to be merged must stand in the order list, in its order. */
function requireInOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  const at = places(order, mergeKey);
  let last = -1;
  for (const element of patch) {
    if (isJsonObject(element) && Object.hasOwn(element, patchKey)) continue;
    const found = at.get(identity(element, mergeKey)) ?? -1;
    if (found <= last)
      throw patchFailure(`The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
    last = found;
  }
}

/**
 * Elements that `order` names come in its order, the others in that of the original; the two are interleaved so that what stood
 * before something in the original still does.
 */
function arranged(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string | undefined,
): readonly unknown[] {
  const ranks = places(order, mergeKey);
  const before = places(original, mergeKey);
  const elements = merged.map((element) => {
    const id = identity(element, mergeKey);
    return { element, rank: ranks.get(id), was: before.get(id) };
  });
  const named = elements.filter((e) => e.rank !== undefined).sort((a, b) => a.rank! - b.rank!);
  const others = elements.filter((e) => e.rank === undefined).sort((a, b) => (a.was ?? 0) - (b.was ?? 0));
  const result: unknown[] = [];
  let i = 0;
  for (const { element, was } of named) {
    while (was !== undefined && i < others.length && (others[i]!.was ?? Infinity) < was) result.push(others[i++]!.element);
    result.push(element);
  }
  while (i < others.length) result.push(others[i++]!.element);
  return result;
}

import { isJsonObject, ownValue, setKey } from '../json-values.ts';
import { itemsByElement } from './comparison.ts';
import { resolvedShape } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';

/**
 * The live value with a configuration laid over it: leaves are the configuration's where it has them, lists with identities are
 * merged element by element, nothing is removed. Parts that do not change are shared.
 */
export function mergeValues(live: unknown, config: unknown, unresolved: MergeShape): unknown {
  if (config === undefined || config === live) return live;
  const shape = resolvedShape(unresolved, live, config);
  if (live === undefined || shape.kind === 'leaf') return config;
  if (shape.kind === 'list') return mergeLists(live, config, shape);
  if (!isJsonObject(live) || Object.keys(live).length === 0) return config;
  if (!isJsonObject(config)) return live;
  let merged: Record<string, unknown> | undefined;
  for (const key of Object.keys(config)) {
    const before = ownValue(live, key);
    const field = shape.field(key);
    const after = field === undefined ? config[key] : mergeValues(before, config[key], field);
    if (after === before) continue;
    merged ??= { ...live };
    setKey(merged, key, after);
  }
  return merged ?? live;
}

function mergeLists(live: unknown, config: unknown, shape: MergeShape & { readonly kind: 'list' }): unknown {
  if (!Array.isArray(config) || config.length === 0) return Array.isArray(live) && live.length > 0 ? live : config;
  if (!Array.isArray(live) || live.length === 0) return config;
  const old = itemsByElement(live, shape);
  const now = itemsByElement(config, shape);
  const merged = mergedOrder([...old.keys()], [...now.keys()]).map((element) =>
    mergeValues(old.get(element), now.get(element), shape.element),
  );
  return merged.length === live.length && merged.every((item, i) => item === (live as unknown[])[i]) ? live : merged;
}

/** The elements of both lists: shared ones in the order of the second, the others near where they stood. */
export function mergedOrder(live: readonly string[], config: readonly string[]): readonly string[] {
  const inLive = new Set(live);
  const inConfig = new Set(config);
  const shared = config.filter((element) => inLive.has(element));
  const order: string[] = [];
  let nextShared = 0;
  let l = 0;
  let c = 0;
  while (l < live.length || c < config.length) {
    const left = live[l];
    const right = config[c];
    if (left !== undefined && left === right) {
      order.push(left);
      l += 1;
      c += 1;
      nextShared += 1;
    } else if (
      left !== undefined &&
      right !== undefined &&
      inConfig.has(left) &&
      nextShared < shared.length &&
      shared[nextShared] !== left
    ) {
      // A shared element, but another one comes first.
      l += 1;
    } else if (left !== undefined && !inConfig.has(left)) {
      order.push(left);
      l += 1;
    } else if (right !== undefined) {
      order.push(right);
      c += 1;
      if (shared[nextShared] === right) nextShared += 1;
    } else {
      l += 1;
    }
  }
  return order;
}

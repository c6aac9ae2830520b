import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, ownValue } from '../json-values.ts';
import type { KubeObject } from '../object.ts';
import { itemsByElement } from './comparison.ts';
import { FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { resolvedShape } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The value a path leads to; undefined if there is none. */
function valueAt(value: unknown, path: readonly string[], shape: MergeShape): unknown {
  let here = value;
  let next: MergeShape | undefined = shape;
  for (const element of path) {
    const at: MergeShape | undefined = next === undefined ? undefined : resolvedShape(next, here);
    if (at?.kind === 'map' && isJsonObject(here)) {
      const name: string = element.slice(2);
      here = ownValue(here, name);
      next = at.field(name);
    } else if (at?.kind === 'list') {
      here = itemsByElement(here, at).get(element);
      next = at.element;
    } else {
      return undefined;
    }
  }
  return here;
}

/**
 * What `kubectl apply --server-side` may take over from client-side apply without a conflict: the fields of the last applied
 * configuration that still have the values of it.
 */
export function allowedByLastApplied(live: KubeObject, shape: MergeShape): FieldSet {
  const allowed = new FieldSet();
  const text = live.metadata?.annotations?.[lastAppliedAnnotation];
  if (text === undefined) return allowed;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return allowed;
  }
  for (const path of fieldSetOf(config, shape).paths()) {
    if (deepEqual(valueAt(config, path, shape), valueAt(live, path, shape))) allowed.insert(path);
  }
  return allowed;
}

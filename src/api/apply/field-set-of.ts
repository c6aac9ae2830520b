import { isJsonObject } from '../json-values.ts';
import { FieldSet } from './field-set.ts';
import { resolvedShape } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';
import { fieldElement, itemElement } from './path-element.ts';

/** The set of all leaves and list elements of a value: what a configuration claims when it is applied. */
export function fieldSetOf(value: unknown, shape: MergeShape): FieldSet {
  const set = new FieldSet();
  collect(value, shape, [], set);
  return set;
}

function collect(value: unknown, unresolved: MergeShape, path: string[], set: FieldSet): void {
  const shape = resolvedShape(unresolved, value);
  if (shape.kind === 'leaf') {
    set.insert(path);
  } else if (shape.kind === 'map') {
    if (isJsonObject(value)) collectFields(value, shape, path, set);
  } else if (Array.isArray(value)) {
    for (const item of value) {
      const step = itemElement(shape, item);
      if (!('element' in step)) continue;
      path.push(step.element);
      collect(item, shape.element, path, set);
      set.insert(path);
      path.pop();
    }
  }
}

function collectFields(
  value: Readonly<Record<string, unknown>>,
  shape: MergeShape & { readonly kind: 'map' },
  path: string[],
  set: FieldSet,
): void {
  for (const key of Object.keys(value)) {
    const field = shape.field(key);
    const part = value[key];
    if (field === undefined || part === undefined) continue;
    path.push(fieldElement(key));
    collect(part, field, path, set);
    const nothing = part === null || (isJsonObject(part) && Object.keys(part).length === 0);
    if (nothing || !shape.named) set.insert(path);
    path.pop();
  }
}

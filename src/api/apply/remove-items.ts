import { isJsonObject, setKey } from '../json-values.ts';
import type { FieldSet } from './field-set.ts';
import { resolvedShape } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';
import { fieldElement, itemElement } from './path-element.ts';

/** The value without the fields and list elements of a set; undefined where nothing is left. Parts that do not change are shared. */
export function removeItems(value: unknown, items: FieldSet, unresolved: MergeShape): unknown {
  const shape = resolvedShape(unresolved, value);
  if (items.empty || shape.kind === 'leaf') return value;
  if (shape.kind === 'map') return isJsonObject(value) ? removeFields(value, items, shape) : value;
  if (!Array.isArray(value)) return value;
  const left: unknown[] = [];
  let changed = false;
  for (const item of value) {
    const step = itemElement(shape, item);
    if ('element' in step && items.has(step.element)) {
      changed = true;
      continue;
    }
    const below = 'element' in step ? items.below(step.element) : undefined;
    const rest = below === undefined ? item : removeItems(item, below, shape.element);
    changed ||= rest !== item;
    if (rest !== undefined) left.push(rest);
  }
  return !changed ? value : left.length === 0 ? undefined : left;
}

function removeFields(value: Record<string, unknown>, items: FieldSet, shape: MergeShape & { readonly kind: 'map' }): unknown {
  const left: Record<string, unknown> = {};
  let changed = false;
  for (const key of Object.keys(value)) {
    const element = fieldElement(key);
    if (items.has(element)) {
      changed = true;
      continue;
    }
    const below = items.below(element);
    const field = shape.field(key);
    const rest = below === undefined || field === undefined ? value[key] : removeItems(value[key], below, field);
    changed ||= rest !== value[key];
    if (rest !== undefined) setKey(left, key, rest);
  }
  if (!changed) return value;
  return Object.keys(left).length === 0 ? undefined : left;
}

import { FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import type { Managers } from './managers.ts';
import type { MergeShape } from './merge-shape.ts';
import { removeItems } from './remove-items.ts';

/**
 * Takes out of a merged object what its applier applied the last time and does not apply any more, unless somebody else owns it.
 * What nobody owns stays.
 */
export function prune<T>(merged: T, managers: Managers, last: FieldSet | undefined, shape: MergeShape): T {
  if (last === undefined || last.empty) return merged;
  const lastNamed = last.withNamedFields(shape);
  const all = fieldSetOf(merged, shape).withNamedFields(shape);
  const without = removeItems(merged, lastNamed, shape);
  let owned = new FieldSet();
  for (const { set } of managers.values()) owned = owned.union(set);
  const left = fieldSetOf(without, shape).withNamedFields(shape).union(owned.withNamedFields(shape));
  const withOwned = removeItems(merged, all.difference(left), shape);
  const gone = all.difference(fieldSetOf(withOwned, shape).withNamedFields(shape)).intersection(lastNamed);
  return (removeItems(merged, gone, shape) ?? {}) as T;
}

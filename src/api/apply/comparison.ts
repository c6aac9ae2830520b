import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, ownValue } from '../json-values.ts';
import { FieldSet } from './field-set.ts';
import { resolvedShape } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';
import { fieldElement, itemElement } from './path-element.ts';

const noItems: ReadonlyMap<string, unknown> = new Map();

/** What a change did, as sets of paths; no path is in two of them. */
export class Comparison {
  readonly added = new FieldSet();
  readonly modified = new FieldSet();
  readonly removed = new FieldSet();

  static between(before: unknown, after: unknown, shape: MergeShape): Comparison {
    const comparison = new Comparison();
    comparison.#compare(before, after, shape, []);
    return comparison;
  }

  get same(): boolean {
    return this.added.empty && this.modified.empty && this.removed.empty;
  }

  /** Added and modified. */
  changed(): FieldSet {
    return this.modified.union(this.added);
  }

  #compare(before: unknown, after: unknown, unresolved: MergeShape, path: string[]): void {
    if (before === after) return;
    const shape = resolvedShape(unresolved, before, after);
    if (shape.kind === 'leaf') return this.#leaf(before, after, path);
    const parts = shape.kind === 'map' ? this.#fields(before, after, shape, path) : this.#items(before, after, shape, path);
    if (parts === 0) return this.#leaf(before, after, path);
    if (before === undefined) this.added.insert(path);
    else if (after === undefined) this.removed.insert(path);
  }

  #leaf(before: unknown, after: unknown, path: readonly string[]): void {
    if (path.length === 0) return;
    if (before === undefined) this.added.insert(path);
    else if (after === undefined) this.removed.insert(path);
    else if (!deepEqual(before, after)) this.modified.insert(path);
  }

  /** How many fields the two have together. */
  #fields(before: unknown, after: unknown, shape: MergeShape & { readonly kind: 'map' }, path: string[]): number {
    const old = isJsonObject(before) ? before : {};
    const now = isJsonObject(after) ? after : {};
    let count = 0;
    const visit = (key: string): void => {
      const field = shape.field(key);
      if (field === undefined) return;
      count += 1;
      path.push(fieldElement(key));
      this.#compare(ownValue(old, key), ownValue(now, key), field, path);
      path.pop();
    };
    for (const key of Object.keys(old)) visit(key);
    for (const key of Object.keys(now)) if (!Object.hasOwn(old, key)) visit(key);
    return count;
  }

  #items(before: unknown, after: unknown, shape: MergeShape & { readonly kind: 'list' }, path: string[]): number {
    const old = itemsByElement(before, shape);
    const now = itemsByElement(after, shape);
    for (const element of new Set([...old.keys(), ...now.keys()])) {
      path.push(element);
      this.#compare(old.get(element), now.get(element), shape.element, path);
      path.pop();
    }
    return old.size + now.size;
  }
}

/** The elements of a list by their identity, in order; of repeated ones the first. */
export function itemsByElement(list: unknown, shape: MergeShape & { readonly kind: 'list' }): ReadonlyMap<string, unknown> {
  if (!Array.isArray(list) || list.length === 0) return noItems;
  const items = new Map<string, unknown>();
  for (const item of list) {
    const step = itemElement(shape, item);
    if ('element' in step && !items.has(step.element)) items.set(step.element, item);
  }
  return items;
}

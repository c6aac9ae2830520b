import type { ListQuery } from './client.ts';
import { FieldSelector } from './field-selector.ts';
import { LabelMatcher } from './label-matcher.ts';
import type { KindDescriptor } from './kind.ts';
import type { StoredObject } from './object.ts';

/** The test that a list or watch with these selectors puts to each object. Throws `BadRequestError` for selectors that cannot be read. */
export function selectedBy(kind: KindDescriptor, query: ListQuery): (object: StoredObject) => boolean {
  const labels = query.labelSelector === undefined ? LabelMatcher.everything : LabelMatcher.parse(query.labelSelector);
  const fields = query.fieldSelector === undefined ? FieldSelector.everything : FieldSelector.parse(query.fieldSelector);
  fields.requireKnown(Object.keys(kind.selectableFields ?? {}));
  return (object) => {
    if (query.namespace !== undefined && kind.namespaced && object.metadata.namespace !== query.namespace) return false;
    if (!labels.matches(object.metadata.labels)) return false;
    return fields.matchesEverything || fields.matches((field) => fieldOf(kind, object, field));
  };
}

function fieldOf(kind: KindDescriptor, object: StoredObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return kind.selectableFields?.[field]?.(object) ?? '';
}

import { sameButForTimes } from './apply/managers.ts';
import { deepEqual } from './deep-equal.ts';
import type { StoredObject } from './object.ts';

/** Nothing changes, or only when somebody took fields that were his already. */
export function unchanged(object: StoredObject, old: StoredObject): boolean {
  const { managedFields: now } = object.metadata;
  const { managedFields: before } = old.metadata;
  if (now === undefined || before === undefined || now === before || !sameButForTimes(now, before)) return deepEqual(object, old);
  return deepEqual({ ...object, metadata: { ...object.metadata, managedFields: before } }, old);
}

import type { StoredObject } from '../api/object.ts';
import type { ObjectChange } from './scheduler.ts';

/** True if a change is one of this part of the object. */
export function differs({ object, previous }: ObjectChange, part: (object: StoredObject) => unknown): boolean {
  if (previous === undefined) return true;
  const [before, after] = [part(previous), part(object)];
  return before !== after && JSON.stringify(before) !== JSON.stringify(after);
}

/** Deeper values are refused by the decoder, which says so with a path. */
const deepestLevel = 200;

/**
 * The value with everything in it that its owner could still change copied; what is frozen through and through is shared. So the registry
 * may freeze what it keeps, and a host may go on to use the manifest it gave.
 *
 * @internal
 */
export function detached<T>(value: T, level = 0): T {
  if (typeof value !== 'object' || value === null || level > deepestLevel) return value;
  if (Array.isArray(value)) return detachedList(value as unknown[], level) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Dates and other instances are no JSON; they come to the decoder as they are, and are refused by name.
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  let same = Object.isFrozen(value);
  for (const [key, part] of Object.entries(value)) {
    const own = detached(part as unknown, level + 1);
    same &&= own === part;
    // A key such as `__proto__` is data like any other.
    if (key in copy) Object.defineProperty(copy, key, { value: own, enumerable: true, configurable: true, writable: true });
    else copy[key] = own;
  }
  return same ? value : (copy as T);
}

function detachedList(list: readonly unknown[], level: number): readonly unknown[] {
  const copy = list.map((item) => detached(item, level + 1));
  return Object.isFrozen(list) && copy.every((item, i) => item === list[i]) ? list : copy;
}

/** @internal */
export const isDeeplyFrozen = (value: unknown): boolean => typeof value !== 'object' || value === null || detached(value) === value;

/** Freezes a JSON value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  // An array is walked by its index: `for in` would make a text of each.
  if (Array.isArray(value)) for (const inner of value) freezeInner(inner);
  else for (const key in value) freezeInner(value[key]);
  return Object.freeze(value);
}

function freezeInner(inner: unknown): void {
  if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
}

/** Reads the JSON text of an object; what it returns is deeply frozen. Throws `SyntaxError`. */
export function parseFrozen(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new SyntaxError(`expected a JSON object, found ${text.slice(0, 40)}`);
  return deepFreeze(value);
}

/** Freezes a JSON value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const key in value) {
    const inner: unknown = value[key];
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}

/** Reads the JSON text of an object; what it returns is deeply frozen. Throws `SyntaxError`. */
export function parseFrozen(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new SyntaxError(`expected a JSON object, found ${text.slice(0, 40)}`);
  return deepFreeze(value);
}

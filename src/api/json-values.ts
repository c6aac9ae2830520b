export type JsonObject = Record<string, unknown>;

/** Nested deeper than this no honest object is; the code that walks objects relies on it. */
export const jsonDepthMax = 400;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a key even if it is `__proto__`, which assignment would take for something else. */
export function setKey(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

/** The value of a key of its own, never of a prototype. */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** True if nothing in the value is nested deeper than `levels`; looks no deeper itself. */
export function isShallow(value: unknown, levels: number = jsonDepthMax): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const part of Object.values(value)) if (!isShallow(part, levels - 1)) return false;
  return true;
}

/** How Go's `%v` shows a JSON value: `map[a:1 b:[x y]]`. Long ones are cut. */
export function goText(value: unknown, lengthMax = 2000): string {
  const text = goValue(value);
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}...`;
}

function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isJsonObject(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goValue(value[key])}`)
      .join(' ')}]`;
  return String(value);
}

/** How Go names the type of a decoded JSON value. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

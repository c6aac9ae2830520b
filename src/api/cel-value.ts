import { isJsonObject, setKey } from './json-values.ts';

/** As much of a JSON schema as decides how a value looks in CEL. */
export interface ValueSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: ValueSchema | boolean;
  readonly items?: ValueSchema;
}

/** Words of CEL that a field may be called. */
const reserved: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** A field's name as expressions write it: what is no identifier is spelled out (`foo-bar` is `foo__dash__bar`). */
export function celName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  const escaped = name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}

/**
 * A JSON value as CEL sees it: whole numbers are ints, unless the schema says `number`; the fields of objects have names that
 * expressions can write. The keys of maps stay as they are.
 */
export function celValue(value: unknown, schema: ValueSchema | undefined): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && schema?.type !== 'number' ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  if (!isJsonObject(value)) return value;
  const { properties, additionalProperties } = schema ?? {};
  const rest = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  const result: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const field = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const name = field === undefined ? key : celName(key);
    if (name !== undefined) setKey(result, name, celValue(part, field ?? rest));
  }
  return result;
}

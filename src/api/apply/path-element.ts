import { isJsonObject, ownValue } from '../json-values.ts';
import type { MergeShape } from './merge-shape.ts';

/*
 * One step of a path, as FieldsV1 writes it: `f:name` a field, `k:{"name":"a"}` the element of a list by its keys,
 * `v:"a"` the element of a set, `i:0` an index.
 */

/** Defaults that Kubernetes has for fields which are keys of lists, so that elements may leave them out. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The step to an element of a list with identities; a text says why there is none. */
export function itemElement(
  list: MergeShape & { readonly kind: 'list' },
  item: unknown,
): { readonly element: string } | { readonly problem: string } {
  if (list.keys.length === 0) {
    if (typeof item === 'object')
      return {
        problem: `associative list without keys has an element that's a ${Array.isArray(item) ? 'list' : item === null ? 'null' : 'map'} type`,
      };
    return { element: `v:${JSON.stringify(item)}` };
  }
  if (!isJsonObject(item))
    return {
      problem:
        item === null
          ? 'associative list with keys may not have a null element'
          : 'associative list with keys may not have non-map elements',
    };
  const keys: string[] = [];
  for (const name of [...list.keys].sort()) {
    const value = ownValue(item, name) ?? (Object.hasOwn(keyDefaults, name) ? keyDefaults[name] : undefined);
    if (value !== undefined) keys.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    else
      return {
        problem: `associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`,
      };
  }
  return { element: `k:{${keys.join(',')}}` };
}

/** The step as messages show it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function shownElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (!element.startsWith('k:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

export function shownPath(path: readonly string[]): string {
  return path.map(shownElement).join('');
}

/** The step as this module writes it, whatever spacing and order of keys it came with; undefined if it is none. */
export function canonicalElement(text: string): string | undefined {
  if (text.startsWith('f:') || /^i:-?[0-9]+$/.test(text)) return text;
  if (!/^[kv]:/.test(text)) return undefined;
  try {
    const value = JSON.parse(text.slice(2)) as unknown;
    if (text.startsWith('v:')) return typeof value === 'object' ? undefined : `v:${JSON.stringify(value)}`;
    if (!isJsonObject(value)) return undefined;
    return `k:{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify(value[key])}`)
      .join(',')}}`;
  } catch {
    return undefined;
  }
}

import type { KubeObject } from '../object.ts';
import type { FieldSet } from './field-set.ts';
import type { FieldWrite } from './field-manager.ts';

/** Metadata of which nobody owns anything. */
const unownedMeta: ReadonlySet<string> = new Set(['name', 'namespace', 'uid', 'creationTimestamp', 'generation', 'resourceVersion']);

/** Metadata of which only the keys matter, whatever the values. */
const keyedMeta: ReadonlySet<string> = new Set(['labels', 'annotations', 'generateName']);

/**
 * Remembers what a creator comes to own, by the identity of the frozen spec: for the thousand Pods of one template that is the same,
 * as long as the keys of their labels and annotations are.
 */
export class CreatedFields {
  readonly #known = new WeakMap<object, Map<string, FieldSet>>();

  /** What was found for an object like this one; else what `find` finds. */
  of(object: KubeObject, write: FieldWrite, find: () => FieldSet): FieldSet {
    const { spec } = object as { readonly spec?: unknown };
    if (typeof spec !== 'object' || spec === null || !Object.isFrozen(spec)) return find();
    const likeness = likenessOf(object, write);
    if (likeness === undefined) return find();
    let known = this.#known.get(spec);
    if (known === undefined) this.#known.set(spec, (known = new Map<string, FieldSet>()));
    let fields = known.get(likeness);
    if (fields === undefined) {
      fields = find();
      if (known.size < likenessesMax) known.set(likeness, fields);
    }
    return fields;
  }
}

/** So many sorts of metadata are remembered of one spec. */
const likenessesMax = 64;

/** All that decides who owns what, but for the spec; undefined for objects that are not like others. */
function likenessOf(object: KubeObject, { model, apiVersion, resetFields = [] }: FieldWrite): string | undefined {
  for (const part in object)
    if (part !== 'metadata' && part !== 'spec' && part !== 'kind' && part !== 'apiVersion' && !resetFields.includes(part)) return undefined;
  let likeness = `${model} ${apiVersion} ${resetFields.join()}`;
  const metadata = (object.metadata ?? {}) as Readonly<Record<string, unknown>>;
  for (const field in metadata) {
    const value = metadata[field];
    if (unownedMeta.has(field) || value === undefined) continue;
    if (!keyedMeta.has(field)) return undefined;
    // Quoted: what a key may be is checked later only.
    likeness += ` ${field} ${typeof value === 'object' && value !== null ? JSON.stringify(Object.keys(value)) : typeof value}`;
  }
  return likeness;
}

import type { KindDescriptor } from '../api/kind.ts';
import type { StoredObject } from '../api/object.ts';

/**
 * The JSON text of stored objects. They are frozen, so that each is written once however many ask: the text is remembered as long
 * as the object is.
 */
export class ObjectJson {
  readonly #texts = new WeakMap<object, string>();
  readonly #aliased = new WeakMap<object, Map<KindDescriptor, StoredObject>>();

  /** With apiVersion and kind first. */
  text(object: StoredObject): string {
    let text = this.#texts.get(object);
    if (text === undefined) {
      const { apiVersion, kind, ...rest } = object;
      text = JSON.stringify({ kind, apiVersion, ...rest });
      this.#texts.set(object, text);
    }
    return text;
  }

  /** As it stands in a list of its kind: without apiVersion and kind, which the list has. */
  item(object: StoredObject): string {
    const text = this.text(object);
    return `{${text.slice(text.indexOf('"metadata"'))}`;
  }

  /** The object under the kind's own name, where that is not the one under which it is stored. */
  as(kind: KindDescriptor, object: StoredObject): StoredObject {
    if (kind.storedAs === undefined) return object;
    let known = this.#aliased.get(object);
    if (known === undefined) this.#aliased.set(object, (known = new Map()));
    let converted = known.get(kind);
    if (converted === undefined) known.set(kind, (converted = kind.storedAs.fromStored(object)));
    return converted;
  }
}

import type { KindDescriptor } from './kind.ts';
import { deepFreeze, type StoredObject } from './object.ts';

/** Stored objects as kinds with a second name show them. Each is converted once, however many ask. */
export class AliasForms {
  readonly #forms = new WeakMap<object, Map<KindDescriptor, StoredObject>>();

  /** The object under the kind's own name, where that is not the one under which it is stored. */
  as(kind: KindDescriptor, object: StoredObject): StoredObject {
    if (kind.storedAs === undefined) return object;
    let known = this.#forms.get(object);
    if (known === undefined) this.#forms.set(object, (known = new Map()));
    let form = known.get(kind);
    if (form === undefined) known.set(kind, (form = deepFreeze(kind.storedAs.fromStored(object))));
    return form;
  }
}

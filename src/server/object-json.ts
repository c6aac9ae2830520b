import { AliasForms } from '../api/alias-forms.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { StoredObject } from '../api/object.ts';
import { SchemaTable } from '../api/schema.ts';
import { WireNulls } from '../api/wire-nulls.ts';

/**
 * The JSON text of stored objects. They are frozen, so that each is written once however many ask: the text is remembered as long
 * as the object is.
 */
export class ObjectJson {
  readonly #kinds: KindIndex;
  readonly #nulls = new WireNulls(new SchemaTable());
  readonly #texts = new WeakMap<object, string>();
  readonly #events = new WeakMap<object, Partial<Record<'ADDED' | 'MODIFIED' | 'DELETED', Buffer>>>();
  readonly #forms = new AliasForms();

  constructor(kinds: KindIndex) {
    this.#kinds = kinds;
  }

  /** With kind, apiVersion and metadata first, whatever order they came in, and the nulls that Kubernetes writes. */
  text(object: StoredObject): string {
    let text = this.#texts.get(object);
    if (text === undefined) {
      const model = this.#kinds.byKind(object.apiVersion, object.kind)?.model;
      const { apiVersion, kind, metadata, ...rest } = model === undefined ? object : this.#nulls.fill(model, object);
      text = JSON.stringify({ kind, apiVersion, metadata, ...rest });
      this.#texts.set(object, text);
    }
    return text;
  }

  /** A line of a watch. Written once, however many watch: the bytes are remembered as long as the object is. */
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject): Buffer {
    let lines = this.#events.get(object);
    if (lines === undefined) this.#events.set(object, (lines = {}));
    return (lines[type] ??= Buffer.from(`{"type":"${type}","object":${this.text(object)}}\n`));
  }

  /** As it stands in a list of its kind: without apiVersion and kind, which the list has. */
  item(object: StoredObject): string {
    const text = this.text(object);
    return `{${text.slice(text.indexOf('"metadata"'))}`;
  }

  /** The object under the kind's own name, where that is not the one under which it is stored. */
  as(kind: KindDescriptor, object: StoredObject): StoredObject {
    return this.#forms.as(kind, object);
  }
}

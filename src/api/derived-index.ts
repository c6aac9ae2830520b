import type { KindDescriptor } from './kind.ts';
import { BucketIndex } from './object-bucket.ts';
import type { KubeObject, Stored, StoredObject } from './object.ts';

/** How objects of one kind are found by something that follows from each. Make it once: the view keeps the index under this very object. */
export interface IndexKind<M extends KubeObject = KubeObject> {
  readonly kind: KindDescriptor<M>;
  /** Where the object is found; undefined: nowhere. Pure, and of the object alone: it is asked for every change. */
  readonly keyOf: (object: Stored<M>) => string | undefined;
}

/** Objects by the keys of an `IndexKind`, brought up to date with every change. */
export class DerivedIndex {
  readonly #keyOf: (object: StoredObject) => string | undefined;
  readonly #buckets = new BucketIndex();

  constructor({ keyOf }: IndexKind) {
    this.#keyOf = keyOf as (object: StoredObject) => string | undefined;
  }

  list(key: string): readonly StoredObject[] {
    return this.#buckets.list(key);
  }

  count(key: string): number {
    return this.#buckets.bucket(key)?.size ?? 0;
  }

  /** An object was added (`previous` undefined), changed, or deleted (`object` undefined). */
  note(object: StoredObject | undefined, previous: StoredObject | undefined): void {
    const before = previous === undefined ? undefined : this.#keyOf(previous);
    const after = object === undefined ? undefined : this.#keyOf(object);
    if (before !== undefined && before !== after) this.#buckets.delete(before, idOf(previous!));
    if (after !== undefined) this.#buckets.set(after, idOf(object!), object!);
  }
}

const idOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

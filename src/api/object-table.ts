import { Census, type CensusGroup, type CensusKind } from './census.ts';
import { DerivedIndex, type IndexKind } from './derived-index.ts';
import { BucketIndex } from './object-bucket.ts';
import type { StoredMeta, StoredObject } from './object.ts';

const none: readonly StoredObject[] = Object.freeze([]);

/** Objects by the labels that somebody asked for. */
class LabelIndex {
  /** label key -> index by `namespace value`; made when first asked for, kept from then on. */
  readonly #byKey = new Map<string, BucketIndex>();
  readonly #takes: (object: StoredObject) => boolean;

  constructor(takes: (object: StoredObject) => boolean) {
    this.#takes = takes;
  }

  list(namespace: string, key: string, value: string, everything: () => readonly StoredObject[]): readonly StoredObject[] {
    let index = this.#byKey.get(key);
    if (index === undefined) {
      this.#byKey.set(key, (index = new BucketIndex()));
      for (const object of everything()) this.#note(index, key, object, this.#takes(object));
    }
    return index.list(`${namespace} ${value}`);
  }

  /** An object was added (`previous` undefined), changed, or deleted (`object` undefined). */
  change(object: StoredObject | undefined, previous: StoredObject | undefined): void {
    const taken = object !== undefined && this.#takes(object);
    for (const [key, index] of this.#byKey) {
      if (previous !== undefined && (!taken || previous.metadata.labels?.[key] !== object.metadata.labels?.[key]))
        this.#note(index, key, previous, false);
      if (taken) this.#note(index, key, object, true);
    }
  }

  #note(index: BucketIndex, key: string, object: StoredObject, present: boolean): void {
    const value = object.metadata.labels?.[key];
    if (value === undefined) return;
    const bucket = `${object.metadata.namespace ?? ''} ${value}`;
    if (present) index.set(bucket, object.metadata.name, object);
    else index.delete(bucket, object.metadata.name);
  }
}

/** True if nobody controls the object. */
export const isOrphan = ({ metadata }: { readonly metadata: StoredMeta }): boolean =>
  metadata.ownerReferences?.some((owner) => owner.controller === true) !== true;

/** The objects of one kind: by namespace and name, by labels, and by what somebody else wants to find them by. */
export class ObjectTable {
  readonly #byNamespace = new BucketIndex();
  readonly #byLabel = new LabelIndex(() => true);
  readonly #orphansByLabel = new LabelIndex(isOrphan);
  readonly #censuses = new Map<CensusKind, Census>();
  readonly #indexes = new Map<IndexKind, DerivedIndex>();
  #count = 0;
  #all: readonly StoredObject[] | undefined;

  get count(): number {
    return this.#count;
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#byNamespace.bucket(namespace)?.get(name);
  }

  list(namespace: string | undefined): readonly StoredObject[] {
    if (namespace !== undefined) return this.#byNamespace.list(namespace);
    if (this.#all !== undefined) return this.#all;
    const [first = none, ...others] = [...this.#byNamespace.buckets()].map((bucket) => bucket.list());
    // Most kinds have all their objects in one namespace, or in none.
    return (this.#all = others.length === 0 ? first : Object.freeze(first.concat(...others)));
  }

  withLabel(namespace: string, key: string, value: string): readonly StoredObject[] {
    return this.#byLabel.list(namespace, key, value, () => this.list(undefined));
  }

  orphansWithLabel(namespace: string, key: string, value: string): readonly StoredObject[] {
    return this.#orphansByLabel.list(namespace, key, value, () => this.list(undefined));
  }

  /** What the owner controls, counted. */
  census(kind: CensusKind, ownerUid: string): Iterable<CensusGroup> {
    let census = this.#censuses.get(kind);
    if (census === undefined) {
      this.#censuses.set(kind, (census = new Census(kind)));
      for (const object of this.list(undefined)) census.note(object, undefined);
    }
    return census.groupsOf(ownerUid);
  }

  /** Made when first asked for, kept from then on. */
  index(kind: IndexKind): DerivedIndex {
    let index = this.#indexes.get(kind);
    if (index !== undefined) return index;
    this.#indexes.set(kind, (index = new DerivedIndex(kind)));
    for (const object of this.list(undefined)) index.note(object, undefined);
    return index;
  }

  put(object: StoredObject, previous: StoredObject | undefined): void {
    const { namespace = '', name } = object.metadata;
    this.#byNamespace.set(namespace, name, object);
    if (previous === undefined) this.#count++;
    this.#noteChange(object, previous);
  }

  delete(object: StoredObject): void {
    const { namespace = '', name } = object.metadata;
    this.#byNamespace.delete(namespace, name);
    this.#count--;
    this.#noteChange(undefined, object);
  }

  #noteChange(object: StoredObject | undefined, previous: StoredObject | undefined): void {
    this.#all = undefined;
    this.#byLabel.change(object, previous);
    this.#orphansByLabel.change(object, previous);
    for (const census of this.#censuses.values()) census.note(object, previous);
    for (const index of this.#indexes.values()) index.note(object, previous);
  }
}

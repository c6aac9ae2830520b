import type { StoredObject } from './object.ts';

const none: readonly StoredObject[] = Object.freeze([]);

/** A set of objects by a text key, whose list is made when it is asked for and kept until something changes. */
export class Bucket {
  readonly #objects = new Map<string, StoredObject>();
  #list: readonly StoredObject[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, object: StoredObject): void {
    this.#objects.set(key, object);
    this.#list = undefined;
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#list = undefined;
  }

  list(): readonly StoredObject[] {
    return (this.#list ??= Object.freeze([...this.#objects.values()]));
  }
}

/** Buckets by a text key; empty ones disappear. */
export class BucketIndex {
  readonly #buckets = new Map<string, Bucket>();

  bucket(key: string): Bucket | undefined {
    return this.#buckets.get(key);
  }

  list(key: string): readonly StoredObject[] {
    return this.#buckets.get(key)?.list() ?? none;
  }

  set(key: string, id: string, object: StoredObject): void {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, (bucket = new Bucket()));
    bucket.set(id, object);
  }

  delete(key: string, id: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    bucket.delete(id);
    if (bucket.size === 0) this.#buckets.delete(key);
  }

  *buckets(): Iterable<Bucket> {
    yield* this.#buckets.values();
  }
}

/** The objects of one kind: by namespace and name, and by the labels that somebody asked for. */
export class ObjectTable {
  readonly #byNamespace = new BucketIndex();
  /** label key -> index by `namespace value`; made when first asked for, kept from then on. */
  readonly #byLabel = new Map<string, BucketIndex>();
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
    return (this.#all ??= Object.freeze([...this.#byNamespace.buckets()].flatMap((bucket) => bucket.list())));
  }

  withLabel(namespace: string, key: string, value: string): readonly StoredObject[] {
    let index = this.#byLabel.get(key);
    if (index === undefined) {
      this.#byLabel.set(key, (index = new BucketIndex()));
      for (const object of this.list(undefined)) this.#label(index, key, object, true);
    }
    return index.list(`${namespace} ${value}`);
  }

  put(object: StoredObject, previous: StoredObject | undefined): void {
    const { namespace = '', name } = object.metadata;
    this.#byNamespace.set(namespace, name, object);
    if (previous === undefined) this.#count++;
    this.#all = undefined;
    this.#relabel(object, previous);
  }

  delete(object: StoredObject): void {
    const { namespace = '', name } = object.metadata;
    this.#byNamespace.delete(namespace, name);
    this.#count--;
    this.#all = undefined;
    this.#relabel(undefined, object);
  }

  #relabel(object: StoredObject | undefined, previous: StoredObject | undefined): void {
    for (const [key, index] of this.#byLabel) {
      if (previous !== undefined && previous.metadata.labels?.[key] !== object?.metadata.labels?.[key])
        this.#label(index, key, previous, false);
      if (object !== undefined) this.#label(index, key, object, true);
    }
  }

  #label(index: BucketIndex, key: string, object: StoredObject, present: boolean): void {
    const value = object.metadata.labels?.[key];
    if (value === undefined) return;
    const bucket = `${object.metadata.namespace ?? ''} ${value}`;
    if (present) index.set(bucket, object.metadata.name, object);
    else index.delete(bucket, object.metadata.name);
  }
}

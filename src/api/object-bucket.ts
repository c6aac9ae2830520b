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

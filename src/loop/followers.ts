/** Who follows which objects: `<kind>/<namespace>/<name>`. */
export class Followers<T> {
  readonly #byReference = new Map<string, Set<T>>();
  readonly #referencesOf = new Map<T, Set<string>>();

  set(who: T, reference: string, on: boolean): void {
    if (on) {
      add(this.#byReference, reference, who);
      add(this.#referencesOf, who, reference);
    } else {
      remove(this.#byReference, reference, who);
      remove(this.#referencesOf, who, reference);
    }
  }

  of(kind: string, namespace: string | undefined, name: string): Iterable<T> {
    return this.#byReference.size === 0 ? [] : (this.#byReference.get(`${kind}/${namespace}/${name}`) ?? []);
  }

  forget(who: T): void {
    for (const reference of this.#referencesOf.get(who) ?? []) remove(this.#byReference, reference, who);
    this.#referencesOf.delete(who);
  }

  clear(): void {
    this.#byReference.clear();
    this.#referencesOf.clear();
  }
}

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}

function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key);
  known?.delete(value);
  if (known?.size === 0) map.delete(key);
}

import type { ObjectChange } from '../loop/participant.ts';
import type { EndpointSliceManifest, ServiceManifest } from '../api/generated/models.ts';
import type { Stored, StoredObject } from '../api/object.ts';

/** The label that says which Service a slice belongs to. */
const serviceNameLabel = 'kubernetes.io/service-name';

/** Services and their slices as the changes tell them, and which Services are to be looked at again. */
export class ServiceIndex {
  readonly #services = new Map<string, Stored<ServiceManifest>>();
  /** Service -> slice name -> slice. */
  readonly #slices = new Map<string, Map<string, Stored<EndpointSliceManifest>>>();
  readonly #dirty = new Set<string>();

  /** Takes in a change; returns true if it concerns a Service. */
  take({ type, object, previous }: ObjectChange): boolean {
    if (object.kind === 'Service') {
      const key = keyOf(object);
      if (type === 'deleted') this.#services.delete(key);
      else this.#services.set(key, object as Stored<ServiceManifest>);
      this.#dirty.add(key);
      return true;
    }
    if (object.kind !== 'EndpointSlice') return false;
    const before = previous && ownerOf(previous);
    const now = type === 'deleted' ? undefined : ownerOf(object);
    if (before !== undefined && before !== now) this.#remove(before, object.metadata.name);
    if (type === 'deleted') this.#remove(ownerOf(object), object.metadata.name);
    if (now !== undefined) this.#put(now, object as Stored<EndpointSliceManifest>);
    return true;
  }

  /** The Services to be looked at, in the order in which they changed; they are no longer dirty afterwards. */
  takeDirty(): readonly string[] {
    const keys = [...this.#dirty];
    this.#dirty.clear();
    return keys;
  }

  get hasDirty(): boolean {
    return this.#dirty.size > 0;
  }

  markDirty(key: string): void {
    this.#dirty.add(key);
  }

  service(key: string): Stored<ServiceManifest> | undefined {
    return this.#services.get(key);
  }

  /** The slices of a Service, by name, so that the order of endpoints does not depend on that of events. */
  slices(key: string): readonly Stored<EndpointSliceManifest>[] {
    const slices = [...(this.#slices.get(key)?.values() ?? [])];
    return slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  #put(key: string, slice: Stored<EndpointSliceManifest>): void {
    let slices = this.#slices.get(key);
    if (slices === undefined) this.#slices.set(key, (slices = new Map()));
    slices.set(slice.metadata.name, slice);
    this.#dirty.add(key);
  }

  #remove(key: string | undefined, name: string): void {
    if (key === undefined) return;
    const slices = this.#slices.get(key);
    if (slices?.delete(name) === true) this.#dirty.add(key);
    if (slices?.size === 0) this.#slices.delete(key);
  }
}

/** `namespace/name`. */
export function keyOf(object: StoredObject | Stored<ServiceManifest>): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function ownerOf(slice: StoredObject): string | undefined {
  const service = slice.metadata.labels?.[serviceNameLabel];
  return service === undefined ? undefined : `${slice.metadata.namespace ?? ''}/${service}`;
}

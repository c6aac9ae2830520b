import type { StoredObject } from '../api/object.ts';
import type { ObjectChange } from './scheduler.ts';

/** The kinds besides Pod and Node that built-in plugins look at. Others are not kept. */
const followed: ReadonlySet<string> = new Set([
  'Namespace',
  'Service',
  'ReplicationController',
  'ReplicaSet',
  'StatefulSet',
  'PodDisruptionBudget',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'StorageClass',
]);

/** Objects of other kinds as the scheduler last saw them. */
export class FollowedObjects {
  readonly #byKind = new Map<string, Map<string, Map<string, StoredObject>>>();
  readonly #versions = new Map<string, number>();

  take({ type, object, previous }: ObjectChange): void {
    const { kind } = object;
    if (!followed.has(kind)) return;
    const { namespace = '', name } = object.metadata;
    let namespaces = this.#byKind.get(kind);
    if (namespaces === undefined) this.#byKind.set(kind, (namespaces = new Map()));
    let objects = namespaces.get(namespace);
    if (objects === undefined) namespaces.set(namespace, (objects = new Map()));
    if (type === 'deleted') objects.delete(name);
    else objects.set(name, object);
    if (objects.size === 0) namespaces.delete(namespace);
    // What a PodDisruptionBudget allows stands in its status; the status of the others says nothing that matters here.
    if (type !== 'modified' || kind === 'PodDisruptionBudget' || previous?.spec !== object.spec)
      this.#versions.set(kind, this.version(kind) + 1);
  }

  /** Grows with every change that matters. */
  version(kind: string): number {
    return this.#versions.get(kind) ?? 0;
  }

  get(kind: string, namespace: string, name: string): StoredObject | undefined {
    return this.#byKind.get(kind)?.get(namespace)?.get(name);
  }

  *all(kind: string): Generator<StoredObject> {
    for (const objects of this.#byKind.get(kind)?.values() ?? []) yield* objects.values();
  }

  /** Those of one namespace ('' for kinds without). */
  in(kind: string, namespace: string): Iterable<StoredObject> {
    return this.#byKind.get(kind)?.get(namespace)?.values() ?? [];
  }
}

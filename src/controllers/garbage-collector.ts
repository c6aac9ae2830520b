import type { OwnerReference } from '../api/generated/models.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { KubeObject, StoredObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Controller, ObjectChange, Plan, PlannedWrite } from './controller.ts';

const foregroundFinalizer = 'foregroundDeletion';
const orphanFinalizer = 'orphan';

const none: Plan = { writes: [] };

const waitsForDependents = (object: StoredObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && object.metadata.finalizers?.includes(foregroundFinalizer) === true;

/**
 * Deletes what has lost all its owners, and ends foreground and orphaning deletions.
 * Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export function garbageCollector(kinds: KindIndex): Controller {
  return {
    name: 'garbage-collector',
    triggers: [
      {
        kind: 'any',
        keys: concernedBy,
      },
    ],
    initialKeys: (view) => kinds.stored().flatMap((kind) => view.list(kind).map((object) => object.metadata.uid)),
    reconcile(view, uid): Plan {
      const object = view.byUid(uid);
      if (object === undefined) return none;
      const ending = endDeletion(kinds, view, object);
      if (ending !== undefined) return ending;
      return (object.metadata.ownerReferences ?? []).length === 0 ? none : checkOwners(kinds, view, object);
    },
  };
}

function concernedBy({ type, object, previous }: ObjectChange, view: ViewReader): readonly string[] {
  const { uid, ownerReferences = [], deletionTimestamp, finalizers } = object.metadata;
  const dependents = (): readonly string[] => view.ownedBy(uid).map((dependent) => dependent.metadata.uid);
  // An owner that waits for its dependents may be waiting for this one.
  if (type === 'deleted') return [...dependents(), ...ownerReferences.map((owner) => owner.uid)];
  // A change of status is none of our business.
  const before = previous?.metadata;
  if (before !== undefined && before.deletionTimestamp === deletionTimestamp) {
    if (before.ownerReferences === object.metadata.ownerReferences && before.finalizers === finalizers) return [];
  }
  const keys: string[] = [];
  // An owner that lets go of its dependents goes on once this one is let go.
  for (const owner of before?.ownerReferences ?? []) if (!ownerReferences.some((each) => each.uid === owner.uid)) keys.push(owner.uid);
  if (object.metadata.ownerReferences !== undefined || (deletionTimestamp !== undefined && finalizers !== undefined)) keys.push(uid);
  if (deletionTimestamp !== undefined && finalizers?.includes(foregroundFinalizer) === true) keys.push(...dependents());
  return keys;
}

/**
 * Foreground: the finalizer goes with the last blocking dependent. Orphan: dependents are let go, and once they are (not before: a
 * release may fail, and a dependent that still names an owner that is gone is collected) the finalizer goes.
 */
function endDeletion(kinds: KindIndex, view: ViewReader, object: StoredObject): Plan | undefined {
  const kind = kinds.byKind(object.apiVersion, object.kind);
  const { uid, deletionTimestamp, finalizers = [] } = object.metadata;
  if (kind === undefined || deletionTimestamp === undefined) return undefined;
  const dependents = view.ownedBy(uid);
  if (finalizers.includes(orphanFinalizer)) {
    const releases = dependents.flatMap((dependent) => withoutOwners(kinds, dependent, (owner) => owner.uid === uid));
    return { writes: releases.length > 0 ? releases : [{ verb: 'update', kind, object: withoutFinalizer(object, orphanFinalizer) }] };
  }
  if (!finalizers.includes(foregroundFinalizer)) return undefined;
  const blocking = dependents.some((dependent) =>
    dependent.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
  );
  return blocking ? none : { writes: [{ verb: 'update', kind, object: withoutFinalizer(object, foregroundFinalizer) }] };
}

function checkOwners(kinds: KindIndex, view: ViewReader, object: StoredObject): Plan {
  const solid: OwnerReference[] = [];
  const dangling: OwnerReference[] = [];
  const waiting: OwnerReference[] = [];
  for (const owner of object.metadata.ownerReferences ?? []) {
    const found = ownerOf(kinds, view, object, owner);
    if (found === 'unknown kind') solid.push(owner);
    else if (found === undefined) dangling.push(owner);
    else if (waitsForDependents(found)) waiting.push(owner);
    else solid.push(owner);
  }
  const kind = kinds.byKind(object.apiVersion, object.kind);
  if (kind === undefined || object.metadata.deletionTimestamp !== undefined) return none;
  if (solid.length > 0) {
    if (dangling.length === 0 && waiting.length === 0) return none;
    const gone = new Set([...dangling, ...waiting].map((owner) => owner.uid));
    return { writes: withoutOwners(kinds, object, (owner) => gone.has(owner.uid)) };
  }
  const foreground = waiting.length > 0 && view.ownedBy(object.metadata.uid).length > 0;
  return { writes: [{ verb: 'delete', kind, object, propagation: foreground ? 'Foreground' : 'Background', unchanged: true }] };
}

function ownerOf(
  kinds: KindIndex,
  view: ViewReader,
  object: StoredObject,
  owner: OwnerReference,
): StoredObject | 'unknown kind' | undefined {
  const kind = kinds.byKind(owner.apiVersion, owner.kind);
  if (kind === undefined) return 'unknown kind';
  const found = view.byUid(owner.uid);
  if (found === undefined || found.metadata.name !== owner.name || found.kind !== owner.kind) return undefined;
  // An owner in another namespace does not exist for its dependent.
  return kind.namespaced && found.metadata.namespace !== object.metadata.namespace ? undefined : found;
}

function withoutOwners(kinds: KindIndex, object: StoredObject, gone: (owner: OwnerReference) => boolean): PlannedWrite[] {
  const kind = kinds.byKind(object.apiVersion, object.kind);
  const ownerReferences = object.metadata.ownerReferences?.filter((owner) => !gone(owner)) ?? [];
  if (kind === undefined || ownerReferences.length === object.metadata.ownerReferences?.length) return [];
  const metadata = { ...object.metadata, ownerReferences };
  if (ownerReferences.length === 0) delete (metadata as { ownerReferences?: unknown }).ownerReferences;
  return [{ verb: 'update', kind, object: { ...object, metadata } as KubeObject }];
}

function withoutFinalizer(object: StoredObject, finalizer: string): KubeObject {
  const finalizers = object.metadata.finalizers?.filter((each) => each !== finalizer) ?? [];
  const metadata = { ...object.metadata, finalizers };
  if (finalizers.length === 0) delete (metadata as { finalizers?: unknown }).finalizers;
  return { ...object, metadata };
}

import type { Identity } from './client.ts';
import { deepEqual } from './deep-equal.ts';
import { partOf, type KindDescriptor } from './kind.ts';
import { deepFreeze, type KubeObject, type StoredMeta, type StoredObject } from './object.ts';

type Loose = KubeObject & { readonly spec?: unknown; readonly status?: unknown };

type DraftMeta = { -readonly [K in keyof StoredMeta]: StoredMeta[K] };

/** An object and its metadata as fresh, unfrozen copies; everything deeper is shared. */
function opened(object: Loose): { [key: string]: unknown; metadata: DraftMeta } {
  return { ...object, metadata: { ...(object.metadata as StoredMeta) } };
}

/** What a new object carries besides what its manifest says. */
export function prepareNew(
  kind: KindDescriptor,
  manifest: Loose,
  name: string,
  namespace: string | undefined,
  uid: string,
  createdAt: string,
): StoredObject {
  const draft = opened(manifest);
  const meta = draft.metadata;
  meta.name = name;
  if (kind.namespaced && namespace !== undefined) meta.namespace = namespace;
  else delete meta.namespace;
  meta.uid = uid;
  meta.creationTimestamp = createdAt;
  delete (meta as { resourceVersion?: string }).resourceVersion;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  if (kind.hasGeneration !== false) meta.generation = 1;
  else if (meta.generation === 0) delete meta.generation;
  if (kind.hasStatus && kind.keepsStatusOnCreate !== true) delete draft['status'];
  return draft as unknown as StoredObject;
}

/** What an update of the main resource may not touch is taken from the old object; the generation counts changes of the rest. */
function prepareUpdated(kind: KindDescriptor, manifest: Loose, old: StoredObject): StoredObject {
  const draft: { [key: string]: unknown } = { ...manifest, metadata: updatedMeta(manifest, old) };
  if (kind.hasStatus) {
    if (old.status !== undefined) draft['status'] = old.status;
    else if (manifest.status !== undefined) delete draft['status'];
  }
  return draft as unknown as StoredObject;
}

/** An update through the status subresource: status, and the metadata; kinds take back what theirs does not let pass. */
function prepareStatus(manifest: Loose, old: StoredObject): StoredObject {
  const draft: { [key: string]: unknown } = { ...old, metadata: updatedMeta(manifest, old) };
  if (manifest.status !== undefined) draft['status'] = manifest.status;
  else delete draft['status'];
  return draft as unknown as StoredObject;
}

/** An update through the finalize subresource of a Namespace: nothing but `spec.finalizers`. */
function prepareFinalize(manifest: Loose, old: StoredObject): StoredObject {
  const finalizers = (manifest.spec as { readonly finalizers?: readonly string[] } | undefined)?.finalizers ?? [];
  const spec: Record<string, unknown> = { ...(old.spec as object | undefined) };
  if (finalizers.length === 0) delete spec['finalizers'];
  else spec['finalizers'] = finalizers;
  return { ...old, metadata: { ...old.metadata }, spec };
}

/** The metadata of an update; the stored one itself, as a rule, where somebody has to say something about the rest. */
function updatedMeta({ metadata }: Loose, { metadata: from }: StoredObject): StoredMeta {
  if (metadata === undefined || metadata === from) return from;
  const meta = { ...metadata } as DraftMeta;
  meta.name = from.name;
  meta.uid = from.uid;
  meta.creationTimestamp = from.creationTimestamp;
  meta.resourceVersion = from.resourceVersion;
  for (const key of ['namespace', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'] as const) {
    if (from[key] !== undefined) (meta as Record<string, unknown>)[key] = from[key];
    else if (key in meta) delete meta[key];
  }
  return meta;
}

/** Whether anything but metadata and status differs: what `generation` counts. */
function contentChanged(object: StoredObject, old: StoredObject): boolean {
  const keys = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const key of keys) {
    if (key === 'metadata' || key === 'status' || key === 'apiVersion' || key === 'kind') continue;
    if (!deepEqual((object as Record<string, unknown>)[key], (old as Record<string, unknown>)[key])) return true;
  }
  return false;
}

export function withGeneration(kind: KindDescriptor, object: StoredObject, old: StoredObject, role: Identity['role']): StoredObject {
  if (kind.hasGeneration !== true) return object;
  const noted = kind.generationCountsAnnotations === true && role !== 'controller' && annotationsChanged(object, old);
  if (!noted && !contentChanged(object, old)) return object;
  return { ...object, metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}

const annotationsChanged = ({ metadata }: StoredObject, { metadata: before }: StoredObject): boolean =>
  metadata.annotations !== before.annotations && !deepEqual(metadata.annotations ?? {}, before.annotations ?? {});

/** What an update through a subresource ('' for the object itself) comes to, before defaults and checks. */
export function prepareFor(kind: KindDescriptor, manifest: KubeObject, old: StoredObject, subresource: string): StoredObject {
  if (subresource === 'status') return prepareStatus(manifest, old);
  const part = partOf(kind, subresource);
  if (part !== undefined) return { ...part.take(manifest, old), metadata: old.metadata } as StoredObject;
  return subresource === 'finalize' ? prepareFinalize(manifest, old) : prepareUpdated(kind, manifest, old);
}

/** A bound Pod says so in its conditions (`scheduled`, alone in its list); the reasons of earlier failures go. */
export function withScheduled(status: unknown, scheduled: Conditions): object {
  const before = (status ?? {}) as { readonly conditions?: Conditions };
  const others = (before.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  return { ...before, conditions: others.length === 0 ? scheduled : [...others, ...scheduled] };
}

type Conditions = readonly { readonly type: string }[];

/** The condition of a Pod that was bound at a time, as the list of conditions that most Pods then have. */
export const scheduledAt = (at: string): Conditions =>
  deepFreeze([{ type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: at }]);

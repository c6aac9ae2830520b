import type { ObjectMeta, OwnerReference, PodManifest, PodTemplateSpec } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { apiVersionOf } from '../api/kind.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import type { ObjectRef } from '../errors.ts';

/** What control loops ask of Pods. */
export type Pod = Stored<PodManifest>;

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Neither ended nor on its way out: what counts as a replica. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;

/** Since when the Pod is Ready; undefined if it is not. */
export function readySince(pod: Pod): Instant | undefined {
  const condition = pod.status?.conditions?.find((each) => each.type === 'Ready');
  if (condition?.status !== 'True') return undefined;
  return condition.lastTransitionTime === undefined ? 0 : parseTime(condition.lastTransitionTime);
}

export function isReady({ status }: Pod): boolean {
  // Asked of every Pod of an owner, several times in a pass: a plain loop is the fastest.
  for (const condition of status?.conditions ?? []) if (condition.type === 'Ready') return condition.status === 'True';
  return false;
}

/** Milliseconds until the Pod counts as available; 0 if it does; undefined if it is not Ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, now: Instant): number | undefined {
  if (minReadySeconds === 0) return isReady(pod) ? 0 : undefined;
  const since = readySince(pod);
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** Milliseconds until the next of these Pods that are ready counts as available; undefined if none is on its way to that. */
export function nextAvailableInMs(pods: readonly Pod[], minReadySeconds: number, now: Instant): number | undefined {
  if (minReadySeconds === 0) return undefined;
  let least: number | undefined;
  for (const pod of pods) {
    const wait = availableInMs(pod, minReadySeconds, now);
    if (wait !== undefined && wait > 0) least = Math.min(least ?? wait, wait);
  }
  return least;
}

/** Since when a Pod is on its node, as well as its status can tell. */
export function boundAt({ metadata, status }: Pod): Instant {
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled' && condition.status === 'True');
  return parseTime(scheduled?.lastTransitionTime ?? metadata.creationTimestamp);
}

export function refOf(object: StoredObject | Stored<object>): ObjectRef {
  const { namespace, name, uid } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace === undefined ? {} : { namespace }), name, uid };
}

export function controllerOf(object: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined) return undefined;
  for (const owner of ownerReferences) if (owner.controller === true) return owner;
  return undefined;
}

export function controllerRef(
  kind: KindDescriptor,
  owner: { readonly metadata: { readonly name: string; readonly uid: string } },
): OwnerReference {
  return Object.freeze({
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  });
}

/** A Pod made from a template; the template's frozen spec is shared, not copied. */
export function podFromTemplate(template: PodTemplateSpec, metadata: ObjectMeta): PodManifest {
  const given = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(given.labels === undefined ? {} : { labels: given.labels }),
      ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
      ...(given.finalizers === undefined ? {} : { finalizers: given.finalizers }),
      ...metadata,
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  };
}

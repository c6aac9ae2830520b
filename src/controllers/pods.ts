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

export const isReady = (pod: Pod): boolean => readySince(pod) !== undefined;

/** Milliseconds until the Pod counts as available; 0 if it does; undefined if it is not Ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, now: Instant): number | undefined {
  const since = readySince(pod);
  if (since === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - now);
}

export function refOf(object: StoredObject | Stored<object>): ObjectRef {
  const { namespace, name, uid } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace === undefined ? {} : { namespace }), name, uid };
}

export const controllerOf = (object: { readonly metadata: ObjectMeta }): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true);

export function controllerRef(
  kind: KindDescriptor,
  owner: { readonly metadata: { readonly name: string; readonly uid: string } },
): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
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

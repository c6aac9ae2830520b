import type { EndpointsManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { formatTime, parseTime } from '../api/time.ts';
import { readySince, type Pod } from './pods.ts';
import type { Service } from './service-endpoints.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Which Pods the object lists as ready, and which as not ready, by uid. */
function listed(endpoints: Stored<EndpointsManifest> | EndpointsManifest | undefined): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { addresses = [], notReadyAddresses = [] } of endpoints?.subsets ?? []) {
    for (const { targetRef } of addresses) found.set(targetRef?.uid ?? '', true);
    for (const { targetRef } of notReadyAddresses) found.set(targetRef?.uid ?? '', false);
  }
  return found;
}

/**
 * When what changes the addresses came to pass: the earliest moment at which a Pod that is new among them became (or stopped being)
 * ready; for addresses that were never written, the Service's own beginning counts too. Undefined if nothing of that kind happened.
 * Source: https://kubernetes.io/docs/reference/labels-annotations-taints/#endpoints-kubernetes-io-last-change-trigger-time
 */
export function triggerTime(
  service: Service,
  pods: readonly Pod[],
  before: Stored<EndpointsManifest> | undefined,
  wanted: EndpointsManifest,
): string | undefined {
  const known = listed(before);
  const now = listed(wanted);
  const moments: number[] = [];
  for (const pod of pods) {
    const ready = now.get(pod.metadata.uid);
    if (ready === undefined || known.get(pod.metadata.uid) === ready) continue;
    const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
    const at = condition?.lastTransitionTime === undefined ? (readySince(pod) ?? 0) : parseTime(condition.lastTransitionTime);
    if (at > 0) moments.push(at);
  }
  if (before?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === undefined)
    moments.push(parseTime(service.metadata.creationTimestamp));
  return moments.length === 0 ? undefined : formatTime(moments.reduce((least, at) => Math.min(least, at)));
}

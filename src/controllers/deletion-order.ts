import type { Instant } from '../env/clock.ts';
import { parseTime } from '../api/time.ts';
import { isReady, readySince, type Pod } from './pods.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[costAnnotation];
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

function restarts(pod: Pod): number {
  let most = 0;
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])])
    most = Math.max(most, status.restartCount);
  return most;
}

/** Ages are compared in powers of two seconds, so that pods of about the same age are chosen by chance (their uids). */
const ageBucket = (since: Instant, now: Instant): number => {
  const seconds = Math.floor((now - since) / 1000);
  return seconds <= 0 ? 0 : Math.floor(Math.log2(seconds)) + 1;
};

function byAge(a: Instant, b: Instant, now: Instant, left: Pod, right: Pod): number {
  if (a === b) return 0;
  const difference = ageBucket(a, now) - ageBucket(b, now);
  if (difference !== 0) return difference;
  return left.metadata.uid < right.metadata.uid ? -1 : 1;
}

/**
 * The order in which replicas are given up, first to go first: unassigned, then Pending, Unknown, Running, not ready, cheap to
 * delete, many siblings on the node, ready for a short time, often restarted, young.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: Instant): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const siblings = (pod: Pod): number => onNode.get(pod.spec?.nodeName ?? '') ?? 0;
  const assigned = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 0 : 1);
  const compare = (a: Pod, b: Pod): number =>
    assigned(a) - assigned(b) ||
    (phaseRank[a.status?.phase ?? 'Pending'] ?? 0) - (phaseRank[b.status?.phase ?? 'Pending'] ?? 0) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    siblings(b) - siblings(a) ||
    (isReady(a) && isReady(b) ? byAge(readySince(a)!, readySince(b)!, now, a, b) : 0) ||
    restarts(b) - restarts(a) ||
    byAge(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp), now, a, b) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1);
  return [...pods].sort(compare);
}

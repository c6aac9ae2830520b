import type { ContainerStatus } from '../api/generated/models.ts';
import type { Instant } from '../env/clock.ts';
import { parseTime } from '../api/time.ts';
import { isActive, isReady, readySince, type Pod } from './pods.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[costAnnotation];
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

function mostRestarts(statuses: readonly ContainerStatus[] | undefined, names?: ReadonlySet<string>): number {
  let most = 0;
  for (const { name, restartCount } of statuses ?? []) if (names === undefined || names.has(name)) most = Math.max(most, restartCount);
  return most;
}

function sidecarRestarts({ spec, status }: Pod): number {
  if (status?.initContainerStatuses === undefined) return 0;
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return mostRestarts(status.initContainerStatuses, new Set(sidecars.map(({ name }) => name)));
}

/** What is compared of a Pod, found out once; times only if it comes to them. */
class Candidate {
  readonly pod: Pod;
  readonly assigned: number;
  readonly phase: number;
  readonly ready: boolean;
  readonly cost: number;
  readonly siblings: number;
  #readySince: Instant | undefined;
  #createdAt: Instant | undefined;

  constructor(pod: Pod, onNode: ReadonlyMap<string, number>) {
    const node = pod.spec?.nodeName ?? '';
    this.pod = pod;
    this.assigned = node === '' ? 0 : 1;
    this.phase = phaseRank[pod.status?.phase ?? 'Pending'] ?? 0;
    this.ready = isReady(pod);
    this.cost = deletionCost(pod);
    this.siblings = onNode.get(node) ?? 0;
  }

  get readySince(): Instant {
    return (this.#readySince ??= readySince(this.pod) ?? 0);
  }

  get createdAt(): Instant {
    return (this.#createdAt ??= parseTime(this.pod.metadata.creationTimestamp));
  }
}

/** Ages are compared in powers of two seconds, so that pods of about the same age are chosen by chance (their uids). */
const ageBucket = (since: Instant, now: Instant): number => {
  const seconds = Math.floor((now - since) / 1000);
  return seconds <= 0 ? 0 : Math.floor(Math.log2(seconds)) + 1;
};

const byUid = (a: Candidate, b: Candidate): number => (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1);

function byAge(a: Instant, b: Instant, now: Instant, left: Candidate, right: Candidate): number {
  if (a === b) return 0;
  return ageBucket(a, now) - ageBucket(b, now) || byUid(left, right);
}

/**
 * The order in which replicas are given up, first to go first: unassigned, then Pending, Unknown, Running, not ready, cheap to
 * delete, many siblings on the node, ready for a short time, often restarted (sidecars count last), young.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: Instant): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    if (!isActive(pod)) continue;
    const node = pod.spec?.nodeName ?? '';
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const compare = (a: Candidate, b: Candidate): number =>
    a.assigned - b.assigned ||
    a.phase - b.phase ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    b.siblings - a.siblings ||
    (a.ready ? byAge(a.readySince, b.readySince, now, a, b) : 0) ||
    mostRestarts(b.pod.status?.containerStatuses) - mostRestarts(a.pod.status?.containerStatuses) ||
    sidecarRestarts(b.pod) - sidecarRestarts(a.pod) ||
    byAge(a.createdAt, b.createdAt, now, a, b) ||
    byUid(a, b);
  return pods
    .map((pod) => new Candidate(pod, onNode))
    .sort(compare)
    .map(({ pod }) => pod);
}

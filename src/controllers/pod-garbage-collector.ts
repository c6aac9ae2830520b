import type { IndexKind } from '../api/derived-index.ts';
import type { PodManifest } from '../api/generated/models.ts';
import type { KubeObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { parseTime, formatTime } from '../api/time.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, Plan, PlannedWrite } from './controller.ts';
import { boundAt, isFinished, type Pod } from './pods.ts';

/** Ended Pods are kept until there are more than so many. */
const terminatedPodsMax = 12_500;
/** What is too much is looked for so often at most: to find the oldest takes a look at all that have ended. */
const endedPeriodMs = 20_000;
const ended = 'ended';
/** When the ended Pods were last gone through. */
const endedTable = 'pod-gc-ended';

/** One that is on its way out counts no more. */
const endedPods: IndexKind<PodManifest> = {
  kind: podKind,
  keyOf: (pod) => (isFinished(pod) && pod.metadata.deletionTimestamp === undefined ? ended : undefined),
};

/** A node must have been gone for so long before its Pods are given up: it may be about to come back under its name. */
const quarantineMs = 40_000;

/**
 * Removes Pods whose node is gone, and the oldest of the ended Pods when there are too many.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
 */
export const podGarbageCollector: Controller = {
  name: 'pod-garbage-collector',
  triggers: [
    { kind: nodeKind, keys: ({ type, object }) => (type === 'deleted' ? [`node/${object.metadata.name}`] : []) },
    {
      kind: podKind,
      keys: ({ object }, view) => {
        const pod = object as Pod;
        const node = pod.spec?.nodeName ?? '';
        const keys: string[] = [];
        if (node !== '' && view.get(nodeKind, undefined, node) === undefined) keys.push(`node/${node}`);
        if (endedPods.keyOf(pod) !== undefined && view.countIndexed(endedPods, ended) > terminatedPodsMax) keys.push(ended);
        return keys;
      },
    },
  ],
  reconcile(view, key, now): Plan {
    if (key === ended) return thinOut(view, now);
    const node = key.slice('node/'.length);
    if (view.get(nodeKind, undefined, node) !== undefined) return { writes: [] };
    const pods = view.podsOnNode(node) as readonly Pod[];
    if (pods.length === 0) return { writes: [] };
    const known = view.table<number>('nodes-gone').get(node);
    const startedAt = view.table<number>('loop').get('startedAt') ?? 0;
    // A node that nobody knows of is missed from when the Pod was bound to it.
    const waits = pods.map((pod) => quarantineMs - (now - (known ?? Math.max(startedAt, boundAt(pod)))));
    const lost = pods.filter((_, i) => waits[i]! <= 0);
    const ahead = waits.filter((ms) => ms > 0);
    const writes = lost.flatMap((pod) => giveUp(pod, formatTime(now)));
    return ahead.length === 0 ? { writes } : { writes, requeueAfterMs: ahead.reduce((least, ms) => Math.min(least, ms)) };
  },
};

/** The oldest of too many go. */
function thinOut(view: ViewReader, now: Instant): Plan {
  const surplus = view.countIndexed(endedPods, ended) - terminatedPodsMax;
  if (surplus <= 0) return { writes: [] };
  const restMs = (view.table<Instant>(endedTable).get(ended) ?? -Infinity) + endedPeriodMs - now;
  // A clock that was put back makes nobody wait for longer.
  if (restMs > 0 && restMs <= endedPeriodMs) return { writes: [], requeueAfterMs: restMs };
  const oldest = [...view.indexed(endedPods, ended)].sort(
    (a, b) => parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp),
  );
  return {
    writes: oldest.slice(0, surplus).map((object) => ({ verb: 'delete', kind: podKind, object, gracePeriodSeconds: 0 })),
    notes: [{ table: endedTable, key: ended, value: now }],
  };
}

/** The Pod ends as Failed, so that nobody counts on it, and goes without waiting for a kubelet that is not there. */
function giveUp(pod: Pod, at: string): PlannedWrite[] {
  const removal: PlannedWrite = { verb: 'delete', kind: podKind, object: pod, gracePeriodSeconds: 0 };
  if (isFinished(pod)) return [removal];
  const disruption = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: at,
  };
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'DisruptionTarget');
  const status = { ...pod.status, phase: 'Failed', conditions: [...others, disruption] };
  return [{ verb: 'update-status', kind: podKind, object: { ...pod, status } as KubeObject }, removal];
}

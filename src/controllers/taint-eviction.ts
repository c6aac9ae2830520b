import type { Taint, Toleration } from '../api/generated/models.ts';
import type { KubeObject } from '../api/object.ts';
import { formatTime, parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, Plan, PlannedEvent, PlannedWrite } from './controller.ts';
import { refOf, type Pod } from './pods.ts';

const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.operator === 'Exists') return toleration.key === undefined || toleration.key === '' || toleration.key === taint.key;
  return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '');
};

/** When the Pod must leave because of the node's NoExecute taints; undefined: it may stay. */
function evictionAt(pod: Pod, taints: readonly Taint[], now: Instant): Instant | undefined {
  let at: Instant | undefined;
  for (const taint of taints) {
    const fitting = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    const since = taint.timeAdded === undefined ? now : parseTime(taint.timeAdded);
    if (fitting.length === 0) return now;
    // Of several tolerations for one taint the shortest counts; one without a limit is no limit.
    const seconds = Math.min(...fitting.map((toleration) => toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY));
    const until = since + Math.max(0, seconds) * 1000;
    if (until !== Number.POSITIVE_INFINITY && (at === undefined || until < at)) at = until;
  }
  return at;
}

const noExecute = (taints: readonly Taint[] | undefined): readonly Taint[] =>
  (taints ?? []).filter((taint) => taint.effect === 'NoExecute');

/**
 * Deletes Pods that do not tolerate a NoExecute taint of their node, or not any longer.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
export const taintEviction: Controller = {
  name: 'taint-eviction',
  triggers: [
    {
      kind: nodeKind,
      keys: ({ type, object }) =>
        type !== 'deleted' && noExecute((object.spec as { readonly taints?: readonly Taint[] }).taints).length > 0
          ? [object.metadata.name]
          : [],
    },
    {
      kind: podKind,
      keys: function* ({ type, object, previous }, view) {
        const node = (object as Pod).spec?.nodeName ?? '';
        if (type === 'deleted' || node === '' || (previous as Pod | undefined)?.spec === object.spec) return;
        if (noExecute(view.get(nodeKind, undefined, node)?.spec?.taints).length > 0) yield node;
      },
    },
  ],
  reconcile(view: ViewReader, name: string, now: Instant): Plan {
    const taints = noExecute(view.get(nodeKind, undefined, name)?.spec?.taints);
    if (taints.length === 0) return { writes: [] };
    const writes: PlannedWrite[] = [];
    const events: PlannedEvent[] = [];
    let next: Instant | undefined;
    for (const pod of view.podsOnNode(name) as readonly Pod[]) {
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      const at = evictionAt(pod, taints, now);
      if (at === undefined) continue;
      if (at > now) {
        next = next === undefined ? at : Math.min(next, at);
        continue;
      }
      events.push({
        regarding: refOf(pod),
        type: 'Normal',
        reason: 'TaintManagerEviction',
        message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
      });
      writes.push({ verb: 'update-status', kind: podKind, object: disrupted(pod, now) }, { verb: 'delete', kind: podKind, object: pod });
    }
    return next === undefined ? { writes, events } : { writes, events, requeueAfterMs: next - now };
  },
};

function disrupted(pod: Pod, now: Instant): KubeObject {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: formatTime(now),
  };
  const others = (pod.status?.conditions ?? []).filter((each) => each.type !== 'DisruptionTarget');
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } } as KubeObject;
}

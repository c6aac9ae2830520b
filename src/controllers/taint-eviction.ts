import type { NodeManifest, Taint, Toleration } from '../api/generated/models.ts';
import type { KubeObject, Stored, StoredObject } from '../api/object.ts';
import { formatTime, parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, Plan, PlannedEvent, PlannedNote, PlannedWrite } from './controller.ts';
import { boundAt, refOf, type Pod } from './pods.ts';

const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.operator === 'Exists') return toleration.key === undefined || toleration.key === '' || toleration.key === taint.key;
  return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '');
};

/** When taints that do not say so themselves were first seen: by node, then by taint. Who made them may not have set `timeAdded`. */
const noticedTable = 'taints-noticed';
type Noticed = ReadonlyMap<string, Instant>;

const nameOf = ({ key, value = '' }: Taint): string => `${key}=${value}`;

/** When the Pod must leave because of the node's NoExecute taints; undefined: it may stay. Its time starts when both are there. */
function evictionAt(pod: Pod, taints: readonly Taint[], noticed: Noticed, now: Instant): Instant | undefined {
  let at: Instant | undefined;
  for (const taint of taints) {
    const fitting = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (fitting.length === 0) return now;
    // Of several tolerations for one taint the shortest counts; one without a limit is no limit.
    const seconds = Math.min(...fitting.map((toleration) => toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY));
    if (seconds === Number.POSITIVE_INFINITY) continue;
    const since = taint.timeAdded === undefined ? (noticed.get(nameOf(taint)) ?? now) : parseTime(taint.timeAdded);
    const until = Math.max(since, boundAt(pod)) + Math.max(0, seconds) * 1000;
    if (at === undefined || until < at) at = until;
  }
  return at;
}

const noExecute = (taints: readonly Taint[] | undefined): readonly Taint[] =>
  (taints ?? []).filter((taint) => taint.effect === 'NoExecute');

const isTainted = (node: StoredObject | undefined): boolean =>
  noExecute((node as Stored<NodeManifest> | undefined)?.spec?.taints).length > 0;

/**
 * Deletes Pods that do not tolerate a NoExecute taint of their node, or not any longer.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
export const taintEviction: Controller = {
  name: 'taint-eviction',
  triggers: [
    {
      kind: nodeKind,
      keys: ({ object, previous }) => (isTainted(object) || isTainted(previous) ? [object.metadata.name] : []),
    },
    {
      kind: podKind,
      keys: ({ type, object, previous }, view) => {
        const node = (object as Pod).spec?.nodeName ?? '';
        if (type === 'deleted' || node === '' || (previous as Pod | undefined)?.spec === object.spec) return [];
        return noExecute(view.get(nodeKind, undefined, node)?.spec?.taints).length > 0 ? [node] : [];
      },
    },
  ],
  reconcile(view: ViewReader, name: string, now: Instant): Plan {
    const taints = noExecute(view.get(nodeKind, undefined, name)?.spec?.taints);
    const before = view.table<Noticed>(noticedTable).get(name);
    if (taints.length === 0) return before === undefined ? { writes: [] } : { writes: [], notes: [note(name, undefined)] };
    const noticed = new Map(
      taints.filter(({ timeAdded }) => timeAdded === undefined).map((taint) => [nameOf(taint), before?.get(nameOf(taint)) ?? now]),
    );
    const writes: PlannedWrite[] = [];
    const events: PlannedEvent[] = [];
    let next: Instant | undefined;
    for (const pod of view.podsOnNode(name) as readonly Pod[]) {
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      const at = evictionAt(pod, taints, noticed, now);
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
    const notes = noticed.size === 0 && before === undefined ? [] : [note(name, noticed)];
    return { writes, events, notes, ...(next === undefined ? {} : { requeueAfterMs: next - now }) };
  },
};

const note = (node: string, value: Noticed | undefined): PlannedNote => ({ table: noticedTable, key: node, value });

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

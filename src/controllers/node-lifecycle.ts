import type { NodeCondition, Taint } from '../api/generated/models.ts';
import type { KubeObject } from '../api/object.ts';
import { deepEqual } from '../api/deep-equal.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, Plan, PlannedEvent, PlannedWrite } from './controller.ts';
import {
  evictionTaint,
  defaultGracePeriodMs,
  hasReadyCondition,
  lastSign,
  notReadyTaint,
  readyStatus,
  unreachableTaint,
  unschedulableTaint,
  type Node,
} from './node-health.ts';
import { isReady, refOf, type Pod } from './pods.ts';
import { evictionEveryMs, Zones } from './zones.ts';

const conditionTypes = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
/** Conditions that make a node one on which nothing new should start. */
const pressureTaints: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
};
const ownTaints: ReadonlySet<string> = new Set([notReadyTaint, unreachableTaint, unschedulableTaint, ...Object.values(pressureTaints)]);

/**
 * Notices nodes that fall silent, taints nodes by their state, and gives up their Pods at a bounded rate for each zone.
 * Source: https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
export function nodeLifecycle(gracePeriodMs = defaultGracePeriodMs): Controller {
  const zones = new Zones();
  return {
    name: 'node-lifecycle',
    triggers: [{ kind: nodeKind, keys: ({ type, object }) => (type === 'deleted' ? [] : [object.metadata.name]) }],
    initialKeys: (view) => view.list(nodeKind).map((node) => node.metadata.name),
    reconcile(view, name, now): Plan {
      const node = view.get(nodeKind, undefined, name);
      if (node === undefined) return { writes: [] };
      const silentAt = lastSign(view, node) + gracePeriodMs;
      if (now >= silentAt && readyStatus(node) !== 'Unknown') return silent(view, node, now);
      const { taints, evictAgainMs } = wantedTaints(zones, view, node, now);
      const writes: PlannedWrite[] = [];
      const events: PlannedEvent[] = [];
      if (!deepEqual(taints, node.spec?.taints ?? [])) writes.push({ verb: 'update', kind: nodeKind, object: withTaints(node, taints) });
      if (readyStatus(node) !== 'True') writes.push(...unreadyPods(view, node, now));
      const waits = [...(readyStatus(node) === 'Unknown' ? [] : [silentAt - now]), ...(evictAgainMs === undefined ? [] : [evictAgainMs])];
      return waits.length === 0 ? { writes, events } : { writes, events, requeueAfterMs: Math.max(1, Math.min(...waits)) };
    },
  };
}

function silent(view: ViewReader, node: Node, now: Instant): Plan {
  const at = formatTime(now);
  const known = new Map((node.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const type of conditionTypes) {
    const before = known.get(type);
    const never = before === undefined;
    known.set(type, {
      ...before,
      type,
      status: 'Unknown',
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastTransitionTime: before?.status === 'Unknown' ? (before.lastTransitionTime ?? at) : at,
    } satisfies NodeCondition);
  }
  const status = { ...node.status, conditions: [...known.values()] };
  const name = node.metadata.name;
  return {
    writes: [{ verb: 'update-status', kind: nodeKind, object: { ...node, status } as KubeObject }, ...unreadyPods(view, node, now)],
    events: [{ regarding: refOf(node), type: 'Normal', reason: 'NodeNotReady', message: `Node ${name} status is now: NodeNotReady` }],
  };
}

/** Pods of a node that is not ready serve nobody. */
function unreadyPods(view: ViewReader, node: Node, now: Instant): PlannedWrite[] {
  const pods = view.podsOnNode(node.metadata.name) as readonly Pod[];
  return pods.filter(isReady).map((pod) => {
    const conditions = (pod.status?.conditions ?? []).map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: formatTime(now) } : condition,
    );
    return { verb: 'update-status', kind: podKind, object: { ...pod, status: { ...pod.status, conditions } } as KubeObject };
  });
}

interface Wanted {
  readonly taints: readonly Taint[];
  /** Milliseconds until the node may be given up, if it may not now. */
  readonly evictAgainMs: number | undefined;
}

function wantedTaints(zones: Zones, view: ViewReader, node: Node, now: Instant): Wanted {
  const before = node.spec?.taints ?? [];
  const kept = before.filter((taint) => !ownTaints.has(taint.key));
  const ready = readyStatus(node);
  const taint = (key: string, effect: string): Taint =>
    before.find((each) => each.key === key && each.effect === effect) ?? { key, effect, timeAdded: formatTime(now) };
  const taints = [...kept];
  if (node.spec?.unschedulable === true) taints.push(taint(unschedulableTaint, 'NoSchedule'));
  for (const condition of node.status?.conditions ?? []) {
    const key = pressureTaints[condition.type];
    if (key !== undefined && condition.status === 'True') taints.push(taint(key, 'NoSchedule'));
  }
  if (ready === 'True') return { taints, evictAgainMs: undefined };
  // A node that has not said anything yet is not ready; one that has fallen silent is unreachable.
  const key = ready === 'False' || !hasReadyCondition(node) ? notReadyTaint : unreachableTaint;
  taints.push(taint(key, 'NoSchedule'));
  const given = evictionTaint(node);
  const at = given !== undefined ? now : hasReadyCondition(node) ? zones.evictionAt(view, node, now) : undefined;
  // Given up already, for this reason or the other: the time of the first taint counts.
  if (at !== undefined && at <= now) taints.push(given === undefined ? taint(key, 'NoExecute') : { ...given, key });
  // Its turn may come sooner than it looks: a node before it answers again, the zone gets well.
  const evictAgainMs = at === undefined ? 5000 : at > now ? Math.min(at - now, evictionEveryMs) : undefined;
  return { taints, evictAgainMs };
}

function withTaints(node: Node, taints: readonly Taint[]): KubeObject {
  const spec = { ...node.spec, taints };
  if (taints.length === 0) delete (spec as { taints?: unknown }).taints;
  return { ...node, spec } as KubeObject;
}

import { fitErrorMessage } from './fit-error.ts';
import type { NodeInfo } from './node-info.ts';
import type { Refusal } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { NodeExplanation, PodExplanation } from './scheduler.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import type { SchedulingCycle } from './scheduling-cycle.ts';

/** Looks at every node for one pod. A pod that is placed already is looked at as if it were not. */
export function explainPod(pod: PodInfo, cycle: SchedulingCycle | undefined, cache: SchedulerCache): PodExplanation {
  if (cycle === undefined) {
    return { pod: pod.key, message: `no scheduler here is called ${pod.object.spec?.schedulerName ?? 'default-scheduler'}`, nodes: [] };
  }
  const placedOn = cache.nodeOf(pod.uid);
  const placed = cache.podOf(pod.uid);
  if (placedOn === undefined || placed === undefined) return explainPending(pod, cycle, cache);
  return cache.inOrder(placedOn, () => {
    cache.removePod(pod.uid);
    try {
      return explainPending(pod, cycle, cache);
    } finally {
      cache.addPod(placed, placedOn.name);
    }
  });
}

function explainPending(pod: PodInfo, cycle: SchedulingCycle, cache: SchedulerCache): PodExplanation {
  const feasible: NodeInfo[] = [];
  const refusals = new Map<NodeInfo, Refusal>();
  const counts = new Map<Refusal, number>();
  const refusalOf = cycle.refusals(pod);
  for (const node of cache.nodes()) {
    const refusal = refusalOf(node);
    if (refusal === undefined) {
      feasible.push(node);
      continue;
    }
    refusals.set(node, refusal);
    counts.set(refusal, (counts.get(refusal) ?? 0) + 1);
  }
  const scores = cycle.scores(pod, feasible);
  const byNode = new Map(
    feasible.map((node, i) => [node, Object.fromEntries([...scores].map(([plugin, values]) => [plugin, values[i]!]))]),
  );
  const nodes = [...cache.nodes()].map((node) => explainNode(node, refusals.get(node), byNode.get(node)));
  const message = feasible.length > 0 ? undefined : fitErrorMessage(cache.nodeCount, counts, refusalOf.ofAll, undefined);
  return { pod: pod.key, message, nodes };
}

function explainNode(node: NodeInfo, refusal: Refusal | undefined, scores: Readonly<Record<string, number>> | undefined): NodeExplanation {
  if (refusal !== undefined) return { node: node.name, feasible: false, refusedBy: refusal };
  const total = Object.values(scores ?? {}).reduce((sum, score) => sum + score, 0);
  return { node: node.name, feasible: true, scores: scores ?? {}, total };
}

import { parseTime } from '../api/time.ts';
import type { DisruptionBudgets } from './disruption-budgets.ts';
import type { NodeInfo } from './node-info.ts';
import type { Refusal, WhatIf } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

/** A node on which a pod would fit without these others. The most important victim comes first. */
export interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly PodInfo[];
  /** How many evictions would exceed a PodDisruptionBudget. */
  readonly violations: number;
  /** The highest priority among the victims. */
  readonly highest: number;
  /** Of their priorities, raised so that more victims always weigh more than fewer. */
  readonly sum: number;
  /** When the first of those with the highest priority started. */
  readonly earliestStart: number;
}

export const noVictims: Refusal = Object.freeze({
  plugin: 'DefaultPreemption',
  reasons: ['No preemption victims found for incoming pod'],
  resolvable: false,
});

/**
 * Finds the pods that would have to go from a node: takes all of lower priority away, and gives back as many as fit, those first
 * whose eviction would exceed a budget, then the more important ones.
 */
export function selectVictims(
  pod: PodInfo,
  node: NodeInfo,
  cache: SchedulerCache,
  whatIf: WhatIf,
  budgets: DisruptionBudgets,
): Candidate | Refusal {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) return noVictims;
  return cache.inOrder(node, () => cache.try(() => selectAmong(lower, node, cache, whatIf, budgets)));
}

function selectAmong(
  lower: PodInfo[],
  node: NodeInfo,
  cache: SchedulerCache,
  whatIf: WhatIf,
  budgets: DisruptionBudgets,
): Candidate | Refusal {
  for (const { uid } of lower) cache.removePod(uid);
  const refusal = whatIf.refusal(node);
  if (refusal !== undefined) {
    for (const victim of lower) cache.addPod(victim, node.name);
    return refusal;
  }
  const ordered = lower.sort(byImportance);
  const violating = budgets.violatedBy(ordered);
  const victims: PodInfo[] = [];
  for (const victim of [...ordered.filter((one) => violating.has(one)), ...ordered.filter((one) => !violating.has(one))]) {
    cache.addPod(victim, node.name);
    if (whatIf.refusal(node) === undefined) continue;
    cache.removePod(victim.uid);
    victims.push(victim);
  }
  for (const victim of victims) cache.addPod(victim, node.name);
  return candidateOf(node, victims.sort(byImportance), victims.filter((victim) => violating.has(victim)).length);
}

/** Negative if `a` is the more important one: of higher priority, or running for longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

/** A pod that has not started counts as starting now. */
function startOf({ object }: PodInfo): number {
  return object.status?.startTime === undefined ? Number.MAX_SAFE_INTEGER : parseTime(object.status.startTime);
}

/** Priorities reach below 0. */
const raised = ({ priority }: PodInfo): number => priority + 2 ** 31;

function candidateOf(node: NodeInfo, victims: readonly PodInfo[], violations: number): Candidate {
  const highest = victims[0]?.priority ?? -Infinity;
  const sum = victims.reduce((all, victim) => all + raised(victim), 0);
  let earliestStart = Number.MAX_SAFE_INTEGER;
  for (const victim of victims) if (victim.priority === highest) earliestStart = Math.min(earliestStart, startOf(victim));
  return { node, victims, violations, highest, sum, earliestStart };
}

/**
 * Negative if `a` is the better one: fewest budgets exceeded, then the lowest highest priority among the victims, the lowest sum of
 * priorities, the fewest victims, the latest start of the most important ones.
 */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    a.violations - b.violations ||
    a.highest - b.highest ||
    a.sum - b.sum ||
    a.victims.length - b.victims.length ||
    b.earliestStart - a.earliestStart
  );
}

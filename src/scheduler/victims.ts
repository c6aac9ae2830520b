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
}

const noVictims: Refusal = Object.freeze({
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
  return cache.try(() => {
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
    return { node, victims: victims.sort(byImportance), violations: victims.filter((victim) => violating.has(victim)).length };
  });
}

/** Negative if `a` is the more important one: of higher priority, or running for longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

/** A pod that has not started counts as starting now. */
function startOf({ object }: PodInfo): number {
  return object.status?.startTime === undefined ? Number.MAX_SAFE_INTEGER : parseTime(object.status.startTime);
}

/**
 * The best of them: fewest budgets exceeded, then the lowest highest priority among the victims, the lowest sum of priorities, the
 * fewest victims, the latest start of the most important ones, the first.
 */
export function bestCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) if (best === undefined || compareCandidates(candidate, best) < 0) best = candidate;
  return best;
}

/** Priorities reach below 0: raised, so that more victims always weigh more than fewer. */
const raised = ({ priority }: PodInfo): number => priority + 2 ** 31;

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sumOf(a) - sumOf(b) ||
    a.victims.length - b.victims.length ||
    earliestStart(b) - earliestStart(a)
  );
}

const highest = ({ victims }: Candidate): number => victims[0]?.priority ?? -Infinity;
const sumOf = ({ victims }: Candidate): number => victims.reduce((sum, victim) => sum + raised(victim), 0);

/** Of the victims of the highest priority the one that started first. */
function earliestStart(candidate: Candidate): number {
  let earliest = Number.MAX_SAFE_INTEGER;
  for (const victim of candidate.victims) if (victim.priority === highest(candidate)) earliest = Math.min(earliest, startOf(victim));
  return earliest;
}

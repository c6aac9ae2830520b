import { ConfigurationError } from '../../errors.ts';
import { DisruptionBudgets } from '../disruption-budgets.ts';
import { fitErrorMessage } from '../fit-error.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Diagnosis, PostFilterResult, Refusal, SchedulerPlugin, WhatIf } from '../plugin.ts';
import type { PodInfo } from '../pod-info.ts';
import { KnownOutcomes, PreemptionMemory, type Outcome } from '../preemption-memory.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';
import { noVictims, selectVictims } from '../victims.ts';

const name = 'DefaultPreemption';
const notHelpful: Refusal = Object.freeze({ plugin: name, reasons: ['Preemption is not helpful for scheduling'], resolvable: false });

export interface DefaultPreemptionArgs {
  /** At least this part of the nodes is looked at for candidates, 0 to 100; 10 unless given. */
  readonly minCandidateNodesPercentage?: number;
  /** At least so many; 100 unless given. */
  readonly minCandidateNodesAbsolute?: number;
}

/**
 * Makes room for a pod that fits nowhere by evicting pods of lower priority, with as little harm as it can.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export function defaultPreemption(args: DefaultPreemptionArgs = {}): SchedulerPlugin {
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = args;
  if (!(minCandidateNodesPercentage >= 0 && minCandidateNodesPercentage <= 100)) {
    throw new ConfigurationError(`${name}: minCandidateNodesPercentage: expected 0 to 100, got ${minCandidateNodesPercentage}`);
  }
  if (!(minCandidateNodesAbsolute >= 0))
    throw new ConfigurationError(`${name}: minCandidateNodesAbsolute: expected 0 or more, got ${minCandidateNodesAbsolute}`);
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0)
    throw new ConfigurationError(`${name}: minCandidateNodesPercentage and minCandidateNodesAbsolute: expected one of them above 0`);
  const memory = new PreemptionMemory();
  return {
    name,
    postFilter: (pod, { cache }, diagnosis, whatIf) => {
      const objection = notEligible(pod, cache, diagnosis);
      if (objection !== undefined) return { message: `preemption: ${objection}` };
      const wanted = Math.max(Math.floor((cache.nodeCount * minCandidateNodesPercentage) / 100), minCandidateNodesAbsolute);
      if (noneResolvable(diagnosis)) return inVain(cache, new Map([[notHelpful, cache.nodeCount]]));
      if (!cache.hasBelow(pod.priority)) return inVain(cache, nobodyBelow(diagnosis));
      const outcomes = whatIf.dependsOnNodeAlone ? memory.of(pod, cache) : new KnownOutcomes();
      const best = outcomes.best(cache, wanted, lookAt(pod, cache, diagnosis, whatIf));
      if (best === undefined) return inVain(cache, outcomes.refusals());
      return { nominatedNodeName: best.node.name, victims: best.victims, displaced: whatIf.nominated(best.node) };
    },
    isSchedulableAfter: (event) => event.type === 'pod-removed',
  };
}

/** True if the pod is going because it was preempted; one that goes for other reasons holds nobody up. */
function goesForPreemption({ object: { metadata, status } }: PodInfo): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}

/** Why the pod may not evict anybody, or undefined. */
function notEligible(pod: PodInfo, cache: SchedulerCache, diagnosis: Diagnosis): string | undefined {
  if (pod.object.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = cache.node(pod.object.status?.nominatedNodeName ?? '');
  if (nominated === undefined || diagnosis.refusalOf(nominated)?.resolvable === false) return undefined;
  for (const other of nominated.pods.values()) {
    if (other.priority < pod.priority && goesForPreemption(other)) return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

/** What looking at every node comes to where all pods are at least as important. */
function nobodyBelow(diagnosis: Diagnosis): ReadonlyMap<Refusal, number> {
  const counts = new Map([
    [notHelpful, 0],
    [noVictims, 0],
  ]);
  for (const [{ resolvable }, nodes] of diagnosis.counts()) {
    const why = resolvable ? noVictims : notHelpful;
    counts.set(why, counts.get(why)! + nodes);
  }
  return counts;
}

function inVain({ nodeCount }: SchedulerCache, refusals: ReadonlyMap<Refusal, number>): PostFilterResult {
  return { nominatedNodeName: '', message: `preemption: ${fitErrorMessage(nodeCount, refusals, undefined, undefined)}` };
}

function lookAt(pod: PodInfo, cache: SchedulerCache, diagnosis: Diagnosis, whatIf: WhatIf): (node: NodeInfo) => Outcome {
  let budgets: DisruptionBudgets | undefined;
  return (node) => {
    if (diagnosis.refusalOf(node)?.resolvable !== true) return notHelpful;
    return selectVictims(pod, node, cache, whatIf, (budgets ??= new DisruptionBudgets(cache.objects)));
  };
}

function noneResolvable({ refusalOfAll, counts }: Diagnosis): boolean {
  if (refusalOfAll !== undefined) return !refusalOfAll.resolvable;
  for (const refusal of counts().keys()) if (refusal.resolvable) return false;
  return true;
}

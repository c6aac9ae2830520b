import { ConfigurationError } from '../../errors.ts';
import { DisruptionBudgets } from '../disruption-budgets.ts';
import { fitErrorMessage } from '../fit-error.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Diagnosis, Refusal, SchedulerPlugin, WhatIf } from '../plugin.ts';
import type { PodInfo } from '../pod-info.ts';
import { PreemptionMemory } from '../preemption-memory.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';
import { bestCandidate, selectVictims, type Candidate } from '../victims.ts';

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
  const memory = new PreemptionMemory();
  return {
    name,
    postFilter: (pod, { cache }, diagnosis, whatIf) => {
      const objection = notEligible(pod, cache, diagnosis);
      if (objection !== undefined) return { message: `preemption: ${objection}` };
      const wanted = Math.max(Math.floor((cache.nodeCount * minCandidateNodesPercentage) / 100), minCandidateNodesAbsolute);
      const { candidates, refusals } = findCandidates(pod, cache, diagnosis, whatIf, Math.min(wanted, cache.nodeCount), memory);
      const best = bestCandidate(candidates);
      if (best === undefined)
        return { nominatedNodeName: '', message: `preemption: ${fitErrorMessage(cache.nodeCount, refusals, undefined, undefined)}` };
      return { nominatedNodeName: best.node.name, victims: best.victims, displaced: whatIf.nominated(best.node) };
    },
    isSchedulableAfter: (event) => event.type === 'pod-removed',
  };
}

/** Why the pod may not evict anybody, or undefined. */
function notEligible(pod: PodInfo, cache: SchedulerCache, diagnosis: Diagnosis): string | undefined {
  if (pod.object.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = cache.node(pod.object.status?.nominatedNodeName ?? '');
  if (nominated === undefined || diagnosis.refusalOf(nominated)?.resolvable === false) return undefined;
  for (const other of nominated.pods.values()) {
    if (other.priority < pod.priority && other.object.metadata.deletionTimestamp !== undefined)
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

interface Found {
  readonly candidates: readonly Candidate[];
  readonly refusals: ReadonlyMap<Refusal, number>;
}

function findCandidates(
  pod: PodInfo,
  cache: SchedulerCache,
  diagnosis: Diagnosis,
  whatIf: WhatIf,
  wanted: number,
  memory: PreemptionMemory,
): Found {
  const candidates: Candidate[] = [];
  const refusals = new Map<Refusal, number>();
  const known = whatIf.dependsOnNodeAlone ? memory.of(pod, cache) : undefined;
  let budgets: DisruptionBudgets | undefined;
  const look = (node: NodeInfo): Candidate | Refusal =>
    selectVictims(pod, node, cache, whatIf, (budgets ??= new DisruptionBudgets(cache.objects)));
  const refuse = (refusal: Refusal, times: number): void => void refusals.set(refusal, (refusals.get(refusal) ?? 0) + times);
  if (noneResolvable(diagnosis)) refuse(notHelpful, cache.nodeCount);
  else {
    for (const node of cache.nodes()) {
      if (diagnosis.refusalOf(node)?.resolvable !== true) {
        refuse(notHelpful, 1);
        continue;
      }
      const outcome = known === undefined ? look(node) : known.get(node, look);
      if ('plugin' in outcome) refuse(outcome, 1);
      else if (outcome.victims.length > 0) candidates.push(outcome);
      if (candidates.length >= wanted) break;
    }
  }
  return { candidates, refusals };
}

function noneResolvable({ refusalOfAll, counts }: Diagnosis): boolean {
  if (refusalOfAll !== undefined) return !refusalOfAll.resolvable;
  for (const refusal of counts().keys()) if (refusal.resolvable) return false;
  return true;
}

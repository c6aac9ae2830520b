import type { SchedulerPlugin } from '../plugin.ts';
import { balanced, type ResourceWeight } from '../resource-scoring.ts';
import { ScoredResources } from '../scored-resources.ts';

export interface NodeResourcesBalancedAllocationArgs {
  /** cpu and memory unless given. Weights do not matter here. */
  readonly resources?: readonly ResourceWeight[];
}

/** Prefers nodes of which, with the pod, about the same part of every resource would be taken. */
export function nodeResourcesBalancedAllocation({ resources }: NodeResourcesBalancedAllocationArgs = {}): SchedulerPlugin {
  const scored = new ScoredResources(resources ?? [{ name: 'cpu' }, { name: 'memory' }], balanced, 'stated');
  return {
    name: 'NodeResourcesBalancedAllocation',
    scoreReads: 'node',
    // A pod that asks for nothing leaves every node as balanced as it was: the same node would win again and again.
    preScore: ({ shape }) => (scored.asksForNone(shape) ? { skip: true } : {}),
    score: ({ shape }, node) => scored.score(shape, node),
  };
}

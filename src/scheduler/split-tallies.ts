import type { DomainTally } from './domain-tally.ts';
import type { NodeClasses } from './plugin.ts';

/** Tallies by how nodes are told apart by them. */
export interface SplitTallies {
  /** Of keys whose domains have several nodes: a node's domain says how many pods there are. */
  readonly perDomain: readonly DomainTally[];
  /** Of keys by which every node has a domain for itself: the tally says it node by node. */
  readonly perNode: readonly DomainTally[];
  /** The questions that say it of every node. */
  readonly classes: readonly NodeClasses[];
}

export function splitTallies(tallies: readonly DomainTally[], nodeCount: number): SplitTallies {
  const perNode: DomainTally[] = [];
  const perDomain: DomainTally[] = [];
  for (const tally of tallies) (tally.domains.isPerNode(nodeCount) ? perNode : perDomain).push(tally);
  return { perNode, perDomain, classes: [...perDomain.map(({ domains }) => domains), ...perNode] };
}

import type { DomainTally } from './domain-tally.ts';
import type { NodeSet } from './plugin.ts';
import type { CompiledConstraint } from './spread-constraints.ts';

const hostname = 'kubernetes.io/hostname';
/** The raw score of a node that lacks a key: it gets 0 in the end and does not count for the others. */
const ignored = -1;

interface WeighedConstraint {
  readonly tally: DomainTally;
  readonly maxSkew: number;
  /** So that few large domains do not drown many small ones. */
  readonly weight: number;
  readonly perNode: boolean;
}

/** How well nodes spread a pod softly: the fewer of its kind are in the node's domains, the better. */
export class SpreadScore {
  readonly #constraints: readonly WeighedConstraint[];
  /** A node that lacks one of the keys is ignored. */
  readonly #requireAll: boolean;

  constructor(constraints: readonly CompiledConstraint[], requireAll: boolean, feasible: NodeSet) {
    this.#requireAll = requireAll;
    const tallies = constraints.map(({ tally }) => tally);
    this.#constraints = constraints.map(({ tally, maxSkew }) => {
      const perNode = tally.domains.key === hostname;
      const size = perNode ? countScored(tallies, requireAll, feasible) : countDomains(tally, tallies, requireAll, feasible);
      return { tally, maxSkew, weight: Math.log(size + 2), perNode };
    });
  }

  of(index: number): number {
    let score = 0;
    for (const { tally, maxSkew, weight, perNode } of this.#constraints) {
      const domain = tally.domains.of[index]!;
      if (domain < 0) {
        if (this.#requireAll) return ignored;
        continue;
      }
      const pods = perNode && tally.domains.size(domain) > 1 ? tally.counter.on(index) : (tally.pods[domain] ?? 0);
      score += pods * weight + (maxSkew - 1);
    }
    return Math.round(score);
  }

  all({ indexes, count }: NodeSet, scores: Float64Array): void {
    for (let i = 0; i < count; i++) scores[i] = this.of(indexes[i]!);
  }

  normalize(scores: Float64Array, { count }: NodeSet): void {
    let min = Infinity;
    let max = 0;
    for (let i = 0; i < count; i++) {
      const score = scores[i]!;
      if (score === ignored) continue;
      if (score < min) min = score;
      if (score > max) max = score;
    }
    for (let i = 0; i < count; i++) {
      if (scores[i] === ignored) scores[i] = 0;
      else scores[i] = max === 0 ? 100 : Math.trunc((100 * (max + min - scores[i]!)) / max);
    }
  }
}

const hasAll = (tallies: readonly DomainTally[], index: number): boolean => tallies.every(({ domains }) => domains.of[index]! >= 0);

function countScored(tallies: readonly DomainTally[], requireAll: boolean, { indexes, count }: NodeSet): number {
  if (!requireAll) return count;
  let scored = 0;
  for (let i = 0; i < count; i++) if (hasAll(tallies, indexes[i]!)) scored++;
  return scored;
}

/** How many domains the nodes are in that are scored. Nodes without the label count as one domain more, as in Kubernetes. */
function countDomains({ domains }: DomainTally, tallies: readonly DomainTally[], requireAll: boolean, { indexes, count }: NodeSet): number {
  const seen = new Uint8Array(domains.count + 1);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const index = indexes[i]!;
    if (requireAll && !hasAll(tallies, index)) continue;
    const at = domains.of[index]! + 1;
    if (seen[at] === 0) found++;
    seen[at] = 1;
  }
  return found;
}

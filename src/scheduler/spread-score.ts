import type { DomainTally } from './domain-tally.ts';
import type { ClassOf, NodeSet, SparseScore } from './plugin.ts';
import { splitTallies } from './split-tallies.ts';
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

/** How many nodes are scored, and in how many domains of a tally's key they are. */
export interface SpreadSizes {
  readonly scored: number;
  readonly domains: (tally: DomainTally) => number;
}

/** How well nodes spread a pod softly: the fewer of its kind are in the node's domains, the better. */
export class SpreadScore {
  readonly #constraints: readonly WeighedConstraint[];
  /** A node that lacks one of the keys is ignored. */
  readonly #requireAll: boolean;

  constructor(constraints: readonly CompiledConstraint[], requireAll: boolean, sizes: SpreadSizes) {
    this.#requireAll = requireAll;
    this.#constraints = constraints.map(({ tally, maxSkew }) => {
      const perNode = tally.domains.key === hostname;
      return { tally, maxSkew, weight: Math.log((perNode ? sizes.scored : sizes.domains(tally)) + 2), perNode };
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

  /** The same by the classes of a node. `perNode`: tallies by which every node has a domain for itself. */
  byClass(classOf: ClassOf, perNode: readonly DomainTally[]): number {
    let score = 0;
    for (const { tally, maxSkew, weight } of this.#constraints) {
      const inDomain = perNode.includes(tally) ? undefined : classOf(tally.domains) - 1;
      if (inDomain === -1) {
        if (this.#requireAll) return ignored;
        continue;
      }
      const pods = inDomain === undefined ? classOf(tally) : (tally.pods[inDomain] ?? 0);
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
    for (let i = 0; i < count; i++) scores[i] = scores[i] === ignored ? 0 : normalized(scores[i]!, min, max);
  }
}

/** The fewest become the best. */
function normalized(score: number, min: number, max: number): number {
  return max === 0 ? 100 : Math.trunc((100 * (max + min - score)) / max);
}

/** The same in few words; undefined if it takes many. */
export function sparseSpread(constraints: readonly CompiledConstraint[], requireAll: boolean, nodeCount: number): SparseScore | undefined {
  const { classes, perDomain, perNode } = splitTallies(
    constraints.map(({ tally }) => tally),
    nodeCount,
  );
  // Host names are counted node by node, even where nodes share one.
  if (perDomain.some(({ domains }) => domains.key === hostname)) return undefined;
  let score: SpreadScore | undefined;
  const isScored = (classOf: ClassOf): boolean => !requireAll || perDomain.every(({ domains }) => classOf(domains) > 0);
  const counted = (value: number): number => (value === ignored ? Number.NaN : value);
  return {
    classes,
    start: (left) => {
      const scored = left.countOf(isScored);
      // Nodes without the label count as one domain more, as in Kubernetes.
      const domains = (tally: DomainTally): number => (perNode.includes(tally) ? scored : left.classesOf(tally.domains, isScored));
      score = new SpreadScore(constraints, requireAll, { scored, domains });
    },
    score: (classOf) => counted(score!.byClass(classOf, perNode)),
    normalized,
  };
}

/** Looks at the nodes that are left. */
export function spreadSizes(constraints: readonly CompiledConstraint[], requireAll: boolean, feasible: NodeSet): SpreadSizes {
  const tallies = constraints.map(({ tally }) => tally);
  return { scored: countScored(tallies, requireAll, feasible), domains: (tally) => countDomains(tally, tallies, requireAll, feasible) };
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

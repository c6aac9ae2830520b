import type { ClassOf, NodeClasses, NodesLeft, Refusal, SparseFilter, SparseScore } from './plugin.ts';
import type { ShapeTable } from './shape-table.ts';
import { sortedNodes, type AlikeNodes, type SortedNodes } from './sparse-nodes.ts';

/** More groups, or nodes told one by one, than this part of all nodes, and looking at every node is as fast. */
const partMax = 1 / 8;
const sureOf = 64;

export interface WeightedSparseScore extends SparseScore {
  readonly weight: number;
}

/** The best node by its row; or how many nodes were refused, by refusal: those that are refused as they stand alone included. */
export type SparseOutcome = { readonly index: number } | { readonly refused: ReadonlyMap<Refusal, number> };

/**
 * Finds the best node without looking at all of them: of all nodes that are alike only the best by its own score. Comes to the same as
 * looking at all. undefined: too much differs, or what the scores say takes more words (no `scores`) and several nodes are left.
 */
export function sparseChoice(
  table: ShapeTable,
  filters: readonly SparseFilter[],
  scores: readonly WeightedSparseScore[] | undefined,
  rows: number,
): SparseOutcome | undefined {
  const classes = [...new Set([...filters, ...(scores ?? [])].flatMap((each) => each.classes))];
  const limit = Math.max(sureOf, rows * partMax);
  const nodes = sortedNodes(table, classes, limit, rows);
  if (nodes === undefined) return undefined;
  const left = nodes.all.filter(({ classOf }) => refusalBy(filters, classOf) === undefined);
  if (left.length === 0) return { refused: countRefusals(nodes.all, filters, table) };
  const count = left.reduce((sum, each) => sum + each.count, 0);
  // Where only one node is left nobody needs to say how good it is.
  if (count === 1) return { index: nodes.best(left[0]!) };
  if (scores === undefined || left.length > limit) return undefined;
  const nodesLeft = new LeftNodes(left, count);
  for (const { start } of scores) start?.(nodesLeft);
  for (const score of scores) addScore(score, left);
  return { index: best(nodes, left) };
}

function refusalBy(filters: readonly SparseFilter[], classOf: ClassOf): Refusal | undefined {
  for (const { refusal } of filters) {
    const refused = refusal(classOf);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function countRefusals(all: readonly AlikeNodes[], filters: readonly SparseFilter[], table: ShapeTable): ReadonlyMap<Refusal, number> {
  const counts = new Map(table.counts());
  for (const { classOf, count } of all) {
    const refusal = refusalBy(filters, classOf);
    if (refusal !== undefined) counts.set(refusal, (counts.get(refusal) ?? 0) + count);
  }
  return counts;
}

class LeftNodes implements NodesLeft {
  readonly count: number;
  readonly #nodes: readonly AlikeNodes[];

  constructor(nodes: readonly AlikeNodes[], count: number) {
    this.#nodes = nodes;
    this.count = count;
  }

  countOf(test: (classOf: ClassOf) => boolean): number {
    return this.#nodes.reduce((sum, { classOf, count }) => (test(classOf) ? sum + count : sum), 0);
  }

  classesOf(classes: NodeClasses, test: (classOf: ClassOf) => boolean): number {
    const seen = new Set<number>();
    for (const { classOf } of this.#nodes) if (test(classOf)) seen.add(classOf(classes));
    return seen.size;
  }
}

function addScore({ score, normalized, weight }: WeightedSparseScore, left: readonly AlikeNodes[]): void {
  const values = new Float64Array(left.length);
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < left.length; i++) {
    const value = score(left[i]!.classOf);
    values[i] = value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  for (let i = 0; i < left.length; i++) if (!Number.isNaN(values[i])) left[i]!.total += weight * normalized(values[i]!, min, max);
}

/** Of two with the same total the first node wins. */
function best(nodes: SortedNodes, left: readonly AlikeNodes[]): number {
  let found = -1;
  let most = -1;
  for (const each of left) {
    const index = nodes.best(each);
    const whole = each.total + nodes.scoreOf(index);
    if (whole < most || (whole === most && index > found)) continue;
    found = index;
    most = whole;
  }
  return found;
}

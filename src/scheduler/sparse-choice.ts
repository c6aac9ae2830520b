import type { GroupHeaps } from './group-heaps.ts';
import type { ClassOf, NodeClasses, NodesLeft, SparseFilter, SparseScore } from './plugin.ts';
import type { ShapeTable } from './shape-table.ts';

/** More groups, or nodes told one by one, than this part of all nodes, and looking at every node is as fast. */
const partMax = 1 / 8;
const sureOf = 64;

export interface WeightedSparseScore extends SparseScore {
  readonly weight: number;
}

/** Nodes that are alike. */
interface Candidate {
  readonly classOf: ClassOf;
  /** -1: nodes that were told one by one, of which the best is known. */
  readonly group: number;
  index: number;
  count: number;
  total: number;
}

/**
 * Finds the best node without looking at all of them: of all nodes that are alike only the best by its own score. Comes to the same as
 * looking at all. undefined: too much differs, or nobody fits, or one alone.
 */
export function sparseChoice(
  table: ShapeTable,
  filters: readonly SparseFilter[],
  scores: readonly WeightedSparseScore[],
  rows: number,
): number | undefined {
  const classes = [...new Set([...filters, ...scores].flatMap((each) => each.classes))];
  const limit = Math.max(sureOf, rows * partMax);
  const grouped = groupedNodes(table, classes, limit, rows);
  if (grouped === undefined) return undefined;
  const { heaps, single } = grouped;
  const left = candidates(grouped).filter(({ classOf }) => !filters.some((filter) => filter.refuses(classOf)));
  const nodes = left.reduce((sum, { count }) => sum + count, 0);
  if (nodes < 2 || left.length > limit) return undefined;
  const nodesLeft = new LeftNodes(left, nodes);
  for (const { start } of scores) start?.(nodesLeft);
  for (const score of scores) addScore(score, left);
  return best(heaps, left, single);
}

interface Grouped {
  readonly heaps: GroupHeaps;
  /** Rows of the nodes that are told one by one. */
  readonly single: ReadonlySet<number>;
  /** By what those differ from the nodes of their group. */
  readonly apart: readonly NodeClasses[];
}

const nobody: ReadonlySet<number> = new Set();

/**
 * Nodes in groups by every question; or, as long as that is less work, by those only that need it, and the nodes that differ by the others
 * one by one.
 */
function groupedNodes(table: ShapeTable, classes: readonly NodeClasses[], limit: number, rows: number): Grouped | undefined {
  const countable = classes.filter(({ others }) => others !== undefined);
  const known = countable.length === 0 ? table.heaps(classes) : table.knownHeaps(classes);
  if (known !== undefined) return { heaps: known, single: nobody, apart: [] };
  const single = gathered(countable, limit);
  if (table.paysOff(countable.at(-1)!, single?.size ?? rows)) return { heaps: table.heaps(classes), single: nobody, apart: [] };
  return single && { heaps: table.heaps(classes.filter((each) => !countable.includes(each))), single, apart: countable };
}

/** The nodes that are not in class 0; undefined if they are too many. */
function gathered(classes: readonly NodeClasses[], limit: number): ReadonlySet<number> | undefined {
  const single = new Set<number>();
  for (const each of classes) {
    for (const index of each.others?.() ?? []) {
      single.add(index);
      if (single.size > limit) return undefined;
    }
  }
  return single;
}

function candidates({ heaps, single, apart }: Grouped): readonly Candidate[] {
  const byGroup = new Map<number, Candidate>();
  for (const group of heaps.occupied())
    byGroup.set(group, { classOf: heaps.groups.classOf(group), group, index: -1, count: heaps.size(group), total: 0 });
  const apartByKey = new Map<number | string, Candidate>();
  for (const index of single) {
    const group = heaps.groupOf(index);
    if (group === undefined) continue;
    byGroup.get(group)!.count--;
    addApart(apartByKey, keyOf(group, apart, index), index, heaps);
  }
  const all = [...apartByKey.values()];
  for (const candidate of byGroup.values()) if (candidate.count > 0) all.push(candidate);
  return all;
}

/** Equal for nodes of one group that do not differ in what sets them apart. */
function keyOf(group: number, apart: readonly NodeClasses[], index: number): number | string {
  if (apart.length === 1) return group * keysMax + Math.min(apart[0]!.classOf(index), keysMax - 1);
  return `${group},${apart.map((classes) => classes.classOf(index)).join()}`;
}

const keysMax = 2 ** 26;

/** Of nodes that are alike only the one with the best score of its own matters, and of those the first. */
function addApart(candidates: Map<number | string, Candidate>, key: number | string, index: number, heaps: GroupHeaps): void {
  const known = candidates.get(key);
  if (known === undefined) {
    candidates.set(key, { classOf: (classes) => classes.classOf(index), group: -1, index, count: 1, total: 0 });
    return;
  }
  known.count++;
  const better = heaps.scoreOf(index) - heaps.scoreOf(known.index);
  if (better > 0 || (better === 0 && index < known.index)) known.index = index;
}

class LeftNodes implements NodesLeft {
  readonly count: number;
  readonly #candidates: readonly Candidate[];

  constructor(candidates: readonly Candidate[], count: number) {
    this.#candidates = candidates;
    this.count = count;
  }

  countOf(test: (classOf: ClassOf) => boolean): number {
    return this.#candidates.reduce((sum, { classOf, count }) => (test(classOf) ? sum + count : sum), 0);
  }

  classesOf(classes: NodeClasses, test: (classOf: ClassOf) => boolean): number {
    const seen = new Set<number>();
    for (const { classOf } of this.#candidates) if (test(classOf)) seen.add(classOf(classes));
    return seen.size;
  }
}

function addScore({ score, normalized, weight }: WeightedSparseScore, left: readonly Candidate[]): void {
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
function best(heaps: GroupHeaps, left: readonly Candidate[], single: ReadonlySet<number>): number {
  const leftOut = (index: number): boolean => single.has(index);
  let found = -1;
  let most = -1;
  for (const { group, index, total } of left) {
    const node = group < 0 ? index : heaps.best(group, leftOut);
    const whole = total + heaps.scoreOf(node);
    if (whole < most || (whole === most && node > found)) continue;
    found = node;
    most = whole;
  }
  return found;
}

import type { GroupHeaps } from './group-heaps.ts';
import type { ClassOf, NodeClasses } from './plugin.ts';
import type { ShapeTable } from './shape-table.ts';

/** Nodes that are alike. */
export interface AlikeNodes {
  readonly classOf: ClassOf;
  /** -1: nodes that were told one by one, of which the best is known. */
  readonly group: number;
  index: number;
  count: number;
  total: number;
}

/** The nodes that fit as far as each stands alone, sorted by classes. */
export interface SortedNodes {
  readonly all: readonly AlikeNodes[];
  /** The best of some that are alike, by its own score; of equally good ones the first. */
  readonly best: (nodes: AlikeNodes) => number;
  readonly scoreOf: (index: number) => number;
}

interface Grouped {
  readonly heaps: GroupHeaps;
  /** Rows of the nodes that are told one by one. */
  readonly single: ReadonlySet<number>;
  /** By what those differ from the nodes of their group. */
  readonly apart: readonly NodeClasses[];
}

const nobody: ReadonlySet<number> = new Set();

/** undefined: more than `limit` nodes would have to be told one by one. */
export function sortedNodes(table: ShapeTable, classes: readonly NodeClasses[], limit: number, rows: number): SortedNodes | undefined {
  const grouped = groupedNodes(table, classes, limit, rows);
  if (grouped === undefined) return undefined;
  const { heaps, single } = grouped;
  const leftOut = (index: number): boolean => single.has(index);
  return {
    all: alikeNodes(grouped),
    best: ({ group, index }) => (group < 0 ? index : heaps.best(group, leftOut)),
    scoreOf: (index) => heaps.scoreOf(index),
  };
}

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

function alikeNodes({ heaps, single, apart }: Grouped): readonly AlikeNodes[] {
  const byGroup = new Map<number, AlikeNodes>();
  for (const group of heaps.occupied())
    byGroup.set(group, { classOf: heaps.groups.classOf(group), group, index: -1, count: heaps.size(group), total: 0 });
  const apartByKey = new Map<number | string, AlikeNodes>();
  for (const index of single) {
    const group = heaps.groupOf(index);
    if (group === undefined) continue;
    byGroup.get(group)!.count--;
    addApart(apartByKey, keyOf(group, apart, index), index, heaps);
  }
  const all = [...apartByKey.values()];
  for (const nodes of byGroup.values()) if (nodes.count > 0) all.push(nodes);
  return all;
}

/** Equal for nodes of one group that do not differ in what sets them apart. */
function keyOf(group: number, apart: readonly NodeClasses[], index: number): number | string {
  if (apart.length === 1) return group * keysMax + Math.min(apart[0]!.classOf(index), keysMax - 1);
  return `${group},${apart.map((classes) => classes.classOf(index)).join()}`;
}

const keysMax = 2 ** 26;

/** Of nodes that are alike only the one with the best score of its own matters, and of those the first. */
function addApart(byKey: Map<number | string, AlikeNodes>, key: number | string, index: number, heaps: GroupHeaps): void {
  const known = byKey.get(key);
  if (known === undefined) {
    byKey.set(key, { classOf: (classes) => classes.classOf(index), group: -1, index, count: 1, total: 0 });
    return;
  }
  known.count++;
  const better = heaps.scoreOf(index) - heaps.scoreOf(known.index);
  if (better > 0 || (better === 0 && index < known.index)) known.index = index;
}

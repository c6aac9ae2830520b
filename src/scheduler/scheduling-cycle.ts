import { FeasibleNodes } from './feasible-nodes.ts';
import { FilterRun } from './filter-run.ts';
import type { NodeInfo } from './node-info.ts';
import type { NominatedPods } from './nominated-pods.ts';
import type { Diagnosis, NodeSet, Refusal, WhatIf } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile, ScorePlugin } from './profile.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { sparseChoice, type WeightedSparseScore } from './sparse-choice.ts';
import type { ShapeTable } from './shape-table.ts';
import { ShapeTables } from './shape-tables.ts';

/** No node will do, and why. */
export interface Unplaced extends Diagnosis {
  readonly nodeCount: number;
}

export type Placement = { readonly node: NodeInfo } | { readonly unplaced: Unplaced };

interface ActiveScore extends ScorePlugin {
  readonly state: unknown;
}

/** Finds the best node for one pod at a time, by the plugins of one profile. Changes nothing. */
export class SchedulingCycle {
  readonly #profile: Profile;
  readonly #cache: SchedulerCache;
  readonly #nominated: NominatedPods;
  readonly #tables: ShapeTables;
  #indexes = new Int32Array(0);
  #totals = new Float64Array(0);
  #scratch = new Float64Array(0);

  constructor(profile: Profile, cache: SchedulerCache, nominated: NominatedPods) {
    this.#profile = profile;
    this.#cache = cache;
    this.#nominated = nominated;
    this.#tables = new ShapeTables(profile, cache, nominated);
  }

  place(pod: PodInfo): Placement {
    this.#makeRoom();
    const table = this.#tables.of(pod);
    const filters = new FilterRun(this.#profile.clusterFilters, pod, this.#cache);
    const nominatedNode = this.#fitsWhereNominated(pod, table, filters);
    if (nominatedNode !== undefined) return { node: nominatedNode };
    const named = namedNodes(table, filters, this.#cache);
    if (named !== undefined) return this.#placeAmong(pod, named, table, filters);
    table.refresh();
    const quick = this.#quickPlacement(pod, table, filters);
    if (quick !== undefined) return quick;
    const feasible = new FeasibleNodes(table, this.#indexes);
    this.#filter(pod, feasible, table, filters);
    if (feasible.count === 0) return { unplaced: this.#unplaced(table, filters, pod, this.#countsOf(table, filters)) };
    // Where only one node is left nobody needs to say how good it is.
    const scores = feasible.count === 1 ? [] : this.#preScore(pod, feasible);
    return { node: this.#best(pod, feasible, table, scores) };
  }

  /** Where it goes, or why nowhere, as far as all plugins that look at the whole cluster say what they have to say in few words. */
  #quickPlacement(pod: PodInfo, table: ShapeTable, filters: FilterRun): Placement | undefined {
    if (filters.sparse === undefined || table.feasibleCount === 0) return undefined;
    if (this.#nominated.anyWithTerms || (this.#nominated.size > 0 && !filters.passesAll)) return undefined;
    const scores = table.feasibleCount > 1 && table.scores.decisive ? this.#sparseScores(pod, table) : undefined;
    if (filters.sparse.length === 0) {
      if (scores === undefined) return undefined;
      if (scores.length === 0) return { node: this.#cache.nodeAt(table.heaps([]).best(0, nobody))! };
    }
    const outcome = sparseChoice(table, filters.sparse, scores, this.#cache.rows);
    if (outcome === undefined) return undefined;
    if ('index' in outcome) return { node: this.#cache.nodeAt(outcome.index)! };
    return { unplaced: this.#unplaced(table, filters, pod, outcome.refused) };
  }

  #sparseScores(pod: PodInfo, table: ShapeTable): readonly WeightedSparseScore[] | undefined {
    const feasible = new FeasibleNodes(table, this.#indexes);
    const scores: WeightedSparseScore[] = [];
    for (const { plugin, weight } of this.#profile.clusterScores) {
      const result = plugin.preScore?.(pod, this.#cache, feasible);
      if (result?.skip === true) continue;
      if (result?.sparse === undefined) return undefined;
      scores.push({ ...result.sparse, weight });
    }
    return scores;
  }

  /** What a PostFilter plugin may try for this pod. */
  whatIf(pod: PodInfo): WhatIf {
    const table = this.#tables.of(pod);
    const filters = (): FilterRun => new FilterRun(this.#profile.clusterFilters, pod, this.#cache);
    // The pods that are tried away may be what a filter is about, but not where none has anything to say.
    const first = filters();
    const { passesAll } = first;
    return {
      // Room kept for others may be refused for this pod's labels, and its own room is not in its way.
      dependsOnNodeAlone: passesAll && !this.#nominated.anyWithTerms && this.#nominated.nodeOf(pod.uid) === undefined,
      refusal: (node) =>
        table.refusalNow(node) ?? (passesAll ? first : filters()).refusal(node) ?? this.#refusalBesideNominated(pod, node, table),
      nominated: (node) => this.#nominated.after(pod, node.name),
    };
  }

  /** Why each node would be refused now. `ofAll`: PreFilter ruled out every node. */
  refusals(pod: PodInfo): ((node: NodeInfo) => Refusal | undefined) & { readonly ofAll: Refusal | undefined } {
    const { refusalOf, refusalOfAll } = this.#unplaced(
      this.#tables.of(pod),
      new FilterRun(this.#profile.clusterFilters, pod, this.#cache),
      pod,
      undefined,
    );
    return Object.assign((node: NodeInfo) => refusalOf(node), { ofAll: refusalOfAll });
  }

  /** Weighted scores by plugin, each by position in `nodes`. */
  scores(pod: PodInfo, nodes: readonly NodeInfo[]): ReadonlyMap<string, readonly number[]> {
    this.#makeRoom();
    const feasible: NodeSet = { indexes: Int32Array.from(nodes, ({ index }) => index), count: nodes.length };
    const scores = this.#tables.of(pod).scores.byPlugin(nodes, feasible);
    for (const score of this.#preScore(pod, feasible)) {
      this.#score(pod, feasible, score);
      scores.set(
        score.plugin.name,
        Array.from(this.#scratch.subarray(0, nodes.length), (value) => score.weight * value),
      );
    }
    return scores;
  }

  #makeRoom(): void {
    const rows = this.#cache.resources.podCount.length;
    if (this.#indexes.length >= rows) return;
    this.#indexes = new Int32Array(rows);
    this.#totals = new Float64Array(rows);
    this.#scratch = new Float64Array(rows);
  }

  #fitsWhereNominated(pod: PodInfo, table: ShapeTable, filters: FilterRun): NodeInfo | undefined {
    const name = this.#nominated.nodeOf(pod.uid);
    const node = name === undefined ? undefined : this.#cache.node(name);
    return node !== undefined && this.#fits(pod, node, table, filters) ? node : undefined;
  }

  #filter(pod: PodInfo, feasible: FeasibleNodes, table: ShapeTable, filters: FilterRun): void {
    if (!filters.passesAll) feasible.set(filters.keep(feasible.indexes, feasible.count));
    // The table minds nominated pods as far as one node is concerned.
    if (this.#nominated.size === 0 || (filters.passesAll && !this.#nominated.anyWithTerms)) return;
    const refused = new Set<number>();
    for (const name of this.#nominated.nodes()) {
      const node = this.#cache.node(name);
      if (node !== undefined && table.refusalNow(node) === undefined && !this.#fitsBesideNominated(pod, node, table))
        refused.add(node.index);
    }
    if (refused.size === 0) return;
    const { indexes, count } = feasible;
    let left = 0;
    for (let i = 0; i < count; i++) if (!refused.has(indexes[i]!)) indexes[left++] = indexes[i]!;
    feasible.set(left);
  }

  #fits(pod: PodInfo, node: NodeInfo, table: ShapeTable, filters: FilterRun): boolean {
    return table.refusalNow(node) === undefined && filters.refusal(node) === undefined && this.#fitsBesideNominated(pod, node, table);
  }

  #fitsBesideNominated(pod: PodInfo, node: NodeInfo, table: ShapeTable): boolean {
    return this.#refusalBesideNominated(pod, node, table) === undefined;
  }

  /** Why it would not fit were the pods here for which room was made on the node, as far as they come before it. */
  #refusalBesideNominated(pod: PodInfo, node: NodeInfo, table: ShapeTable): Refusal | undefined {
    if (this.#nominated.size === 0) return undefined;
    const before = this.#nominated.before(pod.priority, node.name, pod.uid).filter(({ uid }) => this.#cache.nodeOf(uid) === undefined);
    if (before.length === 0) return undefined;
    return this.#cache.try(() => {
      for (const other of before) this.#cache.addPod(other, node.name);
      const refusal = table.refusalNow(node) ?? new FilterRun(this.#profile.clusterFilters, pod, this.#cache).refusal(node);
      for (const other of before) this.#cache.removePod(other.uid);
      return refusal;
    });
  }

  /** For pods that name their nodes: looks at those alone. */
  #placeAmong(pod: PodInfo, named: readonly NodeInfo[], table: ShapeTable, filters: FilterRun): Placement {
    const fitting = named.filter((node) => this.#fits(pod, node, table, filters)).sort((a, b) => a.index - b.index);
    if (fitting.length === 0) return { unplaced: this.#unplaced(table, filters, pod, undefined) };
    if (fitting.length === 1) return { node: fitting[0]! };
    let best = fitting[0]!;
    let bestScore = -1;
    const scores = [...this.scores(pod, fitting).values()];
    for (const [i, node] of fitting.entries()) {
      const score = scores.reduce((sum, values) => sum + values[i]!, 0);
      if (score > bestScore) [best, bestScore] = [node, score];
    }
    return { node: best };
  }

  #preScore(pod: PodInfo, feasible: NodeSet): readonly ActiveScore[] {
    const active: ActiveScore[] = [];
    for (const score of this.#profile.clusterScores) {
      const result = score.plugin.preScore?.(pod, this.#cache, feasible);
      if (result?.skip !== true) active.push({ ...score, state: result?.state });
    }
    return active;
  }

  /** The scores of the feasible nodes, by position, normalised, in the scratch array. */
  #score(pod: PodInfo, feasible: NodeSet, { plugin, state }: ActiveScore): void {
    const { indexes, count } = feasible;
    if (plugin.scoreAll !== undefined) plugin.scoreAll(pod, feasible, this.#scratch, state);
    else for (let i = 0; i < count; i++) this.#scratch[i] = plugin.score!(pod, this.#cache.nodeAt(indexes[i]!)!, state);
    plugin.normalizeScore?.(this.#scratch, feasible, state);
  }

  #best(pod: PodInfo, feasible: NodeSet, table: ShapeTable, scores: readonly ActiveScore[]): NodeInfo {
    const { indexes, count } = feasible;
    const totals = this.#totals;
    totals.fill(0, 0, count);
    if (count > 1) table.scores.addTo(totals, feasible, this.#scratch);
    for (const score of scores) {
      this.#score(pod, feasible, score);
      for (let i = 0; i < count; i++) totals[i]! += score.weight * this.#scratch[i]!;
    }
    let best = 0;
    for (let i = 1; i < count; i++) if (totals[i]! > totals[best]!) best = i;
    return this.#cache.nodeAt(indexes[best]!)!;
  }

  /** How many nodes the table says are refused, by refusal, if it says so of all and nobody has said so before it. */
  #countsOf(table: ShapeTable, filters: FilterRun): ReadonlyMap<Refusal, number> | undefined {
    return table.feasibleCount === 0 && (filters.passesAll || this.#nominated.size === 0) ? table.counts() : undefined;
  }

  /** `known`: how many nodes are refused, by refusal; else they are asked, one by one, if somebody wants to know. */
  #unplaced(table: ShapeTable, filters: FilterRun, pod: PodInfo, known: ReadonlyMap<Refusal, number> | undefined): Unplaced {
    const refusalOfAll = table.refusalOfAll ?? filters.refusalOfAll;
    const refusalOf = (node: NodeInfo): Refusal | undefined => {
      if (refusalOfAll !== undefined) return refusalOfAll;
      if (known !== undefined) return table.refusalOf(node.index) ?? filters.refusal(node);
      return table.refusalNow(node) ?? filters.refusal(node) ?? this.#refusalBesideNominated(pod, node, table);
    };
    let counted = refusalOfAll === undefined ? known : new Map([[refusalOfAll, this.#cache.nodeCount]]);
    const counts = (): ReadonlyMap<Refusal, number> => (counted ??= countRefusals(this.#cache, refusalOf));
    return { nodeCount: this.#cache.nodeCount, refusalOfAll, refusalOf, counts };
  }
}

const nobody = (): boolean => false;

function countRefusals(cache: SchedulerCache, refusalOf: (node: NodeInfo) => Refusal | undefined): Map<Refusal, number> {
  const counts = new Map<Refusal, number>();
  for (const node of cache.nodes()) {
    const refusal = refusalOf(node);
    if (refusal !== undefined) counts.set(refusal, (counts.get(refusal) ?? 0) + 1);
  }
  return counts;
}

/** The nodes a pod limits itself to by name, or undefined if it does not. */
function namedNodes(table: ShapeTable, filters: FilterRun, cache: SchedulerCache): readonly NodeInfo[] | undefined {
  const names = table.names ?? filters.names;
  if (names === undefined) return undefined;
  return [...names].flatMap((name) => cache.node(name) ?? []);
}

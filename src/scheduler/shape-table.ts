import { FilterRun } from './filter-run.ts';
import { GroupHeaps } from './group-heaps.ts';
import { NodeGroups } from './node-groups.ts';
import type { NodeInfo } from './node-info.ts';
import type { NominatedPods } from './nominated-pods.ts';
import type { NodeClasses, Refusal } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

import { ShapeScores } from './shape-scores.ts';

/** So many ways of grouping nodes are kept current: those used last. */
const heapsMax = 4;
/** Making one costs about as much as looking at every node so many times. */
const patience = 2;

const fits = 0;
/** A row without a node. */
const empty = 0xffff;
/** Refusals beyond so many different ones are told as the last of them. */
const refusalsMax = empty - 1;

/**
 * What is known about all pods of one shape and priority, node by node: refused and why (room kept for nominated pods is no room),
 * or the score as far as it depends on that node alone. Kept current by replaying the cache's log: after one pod was placed, one node is looked at again.
 */
export class ShapeTable {
  readonly #cache: SchedulerCache;
  readonly #nominated: NominatedPods;
  readonly #priority: number;
  readonly #filters: FilterRun;
  readonly #scores: ShapeScores;
  /** 0: fits. Else 1 + the index of the refusal. */
  #codes = new Uint16Array(0);
  readonly #refusals: Refusal[] = [];
  readonly #codeOf = new Map<Refusal, number>();
  readonly #codeOfText = new Map<string, number>();
  /** How many nodes were refused, by refusal. */
  #counts: number[] = [];
  #heaps: readonly GroupHeaps[] = [];
  /** How many nodes were looked at for want of heaps by some classes. */
  readonly #spent = new WeakMap<NodeClasses, number>();
  #seen = -1;
  #feasibleCount = 0;

  constructor(profile: Profile, sample: PodInfo, cache: SchedulerCache, nominated: NominatedPods) {
    this.#cache = cache;
    this.#nominated = nominated;
    this.#priority = sample.priority;
    this.#filters = new FilterRun(profile.nodeFilters, sample, cache);
    this.#scores = new ShapeScores(profile, sample, cache);
  }

  /** If set, only these nodes come into question, and nothing is kept by node. */
  get names(): ReadonlySet<string> | undefined {
    return this.#filters.names;
  }

  /** Set if PreFilter ruled out every node. */
  get refusalOfAll(): Refusal | undefined {
    return this.#filters.refusalOfAll;
  }

  /** How many nodes fit. */
  get feasibleCount(): number {
    return this.#feasibleCount;
  }

  get scores(): ShapeScores {
    return this.#scores;
  }

  /** Looks at one node now, whatever is kept; nominated pods aside. */
  refusalNow(node: NodeInfo): Refusal | undefined {
    return this.#filters.refusal(node);
  }

  /** Catches up with the cache. */
  refresh(): void {
    const { log } = this.#cache;
    if (this.#seen < 0 || !log.reaches(this.#seen) || log.end - this.#seen > this.#cache.rows) this.#rebuild();
    else for (let position = this.#seen; position < log.end; position++) this.#update(log.indexAt(position), log.objectChangedAt(position));
    this.#seen = log.end;
  }

  /** Writes the nodes that fit into `into`, in order; returns how many. */
  feasible(into: Int32Array): number {
    const codes = this.#codes;
    let count = 0;
    for (let index = 0; index < this.#cache.rows; index++) if (codes[index] === fits) into[count++] = index;
    return count;
  }

  /** The nodes that fit, best first, in groups by classes (or all together). Kept current from the first call on. */
  heaps(classes: readonly NodeClasses[]): GroupHeaps {
    const known = this.knownHeaps(classes);
    if (known !== undefined) return known;
    const heaps = new GroupHeaps(new NodeGroups(classes), () => this.#scores.totals);
    for (let index = 0; index < this.#cache.rows; index++) heaps.update(index, this.#codes[index] === fits);
    this.#heaps = [heaps, ...this.#heaps.slice(0, heapsMax - 1)];
    return heaps;
  }

  /** Those heaps if they are kept already. */
  knownHeaps(classes: readonly NodeClasses[]): GroupHeaps | undefined {
    const known = this.#heaps.find(({ groups }) => groups.are(classes));
    if (known !== undefined && known !== this.#heaps[0]) this.#heaps = [known, ...this.#heaps.filter((heaps) => heaps !== known)];
    return known;
  }

  /**
   * True if it is time to make heaps by these classes, because to do without them has cost more by now: `cost` is how many nodes have to
   * be looked at this time if there are none.
   */
  paysOff(classes: NodeClasses, cost: number): boolean {
    const spent = (this.#spent.get(classes) ?? 0) + cost;
    const paysOff = spent > patience * this.#cache.rows;
    this.#spent.set(classes, paysOff ? 0 : spent);
    return paysOff;
  }

  refusalOf(index: number): Refusal | undefined {
    return this.#refusals[this.#codes[index]! - 1];
  }

  /** How many nodes were refused, by refusal. */
  counts(): ReadonlyMap<Refusal, number> {
    return new Map(this.#refusals.flatMap((refusal, i) => (this.#counts[i]! > 0 ? [[refusal, this.#counts[i]!] as const] : [])));
  }

  #rebuild(): void {
    const rows = this.#cache.resources.podCount.length;
    if (this.#codes.length < rows) this.#codes = new Uint16Array(rows);
    this.#codes.fill(empty);
    for (const heaps of this.#heaps) heaps.clear();
    this.#counts.fill(0);
    this.#feasibleCount = 0;
    this.#scores.reset(rows);
    for (let index = 0; index < this.#cache.rows; index++) this.#update(index, true);
  }

  #update(index: number, objectChanged: boolean): void {
    if (index >= this.#codes.length) this.#grow();
    const node = this.#cache.nodeAt(index);
    const before = this.#codes[index]!;
    const after = node === undefined ? empty : this.#code(node);
    if (node === undefined) this.#scores.clear(index);
    else this.#scores.update(node, objectChanged);
    this.#codes[index] = after;
    for (const heaps of this.#heaps) heaps.update(index, after === fits);
    if (before === after) return;
    if (before === fits) this.#feasibleCount--;
    else if (before !== empty) this.#counts[before - 1]!--;
    if (after === fits) this.#feasibleCount++;
    else if (after !== empty) this.#counts[after - 1]!++;
  }

  #code(node: NodeInfo): number {
    const refusal = this.#filters.refusal(node) ?? this.#refusalBesideNominated(node);
    if (refusal === undefined) return fits;
    return this.#codeOf.get(refusal) ?? this.#codeByText(refusal);
  }

  #refusalBesideNominated(node: NodeInfo): Refusal | undefined {
    if (this.#nominated.size === 0) return undefined;
    const before = this.#nominated.before(this.#priority, node.name).filter(({ uid }) => this.#cache.nodeOf(uid) === undefined);
    if (before.length === 0) return undefined;
    return this.#cache.try(() => {
      for (const other of before) this.#cache.addPod(other, node.name);
      const refusal = this.#filters.refusal(node);
      for (const other of before) this.#cache.removePod(other.uid);
      return refusal;
    });
  }

  /** For plugins that make a new refusal each time: those that say the same are the same. */
  #codeByText(refusal: Refusal): number {
    const text = `${refusal.plugin}|${refusal.resolvable}|${refusal.reasons.join('|')}`;
    const known = this.#codeOfText.get(text);
    if (known !== undefined) return known;
    if (this.#refusals.length >= refusalsMax) return this.#refusals.length;
    const code = this.#refusals.push(refusal);
    this.#codeOf.set(refusal, code);
    this.#codeOfText.set(text, code);
    this.#counts.push(0);
    return code;
  }

  #grow(): void {
    const codes = new Uint16Array(this.#cache.resources.podCount.length).fill(empty);
    codes.set(this.#codes);
    this.#codes = codes;
    this.#scores.grow(codes.length);
  }
}

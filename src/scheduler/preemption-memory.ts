import type { NodeInfo } from './node-info.ts';
import type { Refusal } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { compareCandidates, type Candidate } from './victims.ts';

/** What would have to go from a node, or why that would not help. */
export type Outcome = Candidate | Refusal;

/** Kinds of preempting pods that are remembered; the one that came last longest ago is forgotten. */
const kindsMax = 16;

/**
 * What preemption would have to do on each node, for pods of one shape about which filters decide by the node alone: true until the node
 * changes. A burst of a thousand such pods looks at each node once.
 */
export class PreemptionMemory {
  readonly #kinds = new Map<string, KnownOutcomes>();

  of(pod: PodInfo, cache: SchedulerCache): KnownOutcomes {
    const key = `${pod.shape.id};${pod.priority}`;
    const known = this.#kinds.get(key) ?? new KnownOutcomes();
    this.#kinds.delete(key);
    this.#kinds.set(key, known);
    if (this.#kinds.size > kindsMax) this.#kinds.delete(this.#kinds.keys().next().value!);
    known.catchUp(cache);
    return known;
  }
}

export class KnownOutcomes {
  /** By row. */
  #byNode: (Outcome | undefined)[] = [];
  /** Rows that were looked at and have changed. */
  readonly #stale = new Set<number>();
  /** Rows below this have been looked at. */
  #reached = 0;
  /** A heap of candidates, the best on top. Those that are no longer in `#byNode` count for nothing. */
  #candidates: Candidate[] = [];
  #count = 0;
  /** How many of them would disturb no budget. */
  #clean = 0;
  #seen = 0;
  #budgetsVersion = 0;

  /** Forgets what may be different now. */
  catchUp(cache: SchedulerCache): void {
    const { log } = cache;
    const budgetsVersion = cache.objects.version('PodDisruptionBudget');
    if (!log.reaches(this.#seen) || budgetsVersion !== this.#budgetsVersion) this.#clear();
    else for (let position = this.#seen; position < log.end; position++) this.#forget(log.indexAt(position));
    this.#seen = log.end;
    this.#budgetsVersion = budgetsVersion;
  }

  /** The best of as many candidates as are wanted, or of all there are. */
  best(cache: SchedulerCache, wanted: number, look: (node: NodeInfo) => Outcome): Candidate | undefined {
    for (const row of this.#stale) {
      if (this.#enough(wanted)) break;
      this.#stale.delete(row);
      this.#look(row, cache, look);
    }
    while (!this.#enough(wanted) && this.#reached < cache.rows) this.#look(this.#reached++, cache, look);
    for (let top = this.#candidates[0]; top !== undefined; top = this.#candidates[0]) {
      if (this.#byNode[top.node.index] === top) return top;
      this.#takeTop();
    }
    return undefined;
  }

  /** How many of the nodes that were looked at are no candidates, by refusal. */
  refusals(): ReadonlyMap<Refusal, number> {
    const refusals = new Map<Refusal, number>();
    for (const outcome of this.#byNode)
      if (outcome !== undefined && 'plugin' in outcome) refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
    return refusals;
  }

  #clear(): void {
    this.#byNode = [];
    this.#candidates = [];
    this.#stale.clear();
    this.#reached = 0;
    this.#count = 0;
    this.#clean = 0;
  }

  /** As in Kubernetes, one that disturbs a budget is taken only after all nodes have been asked. */
  #enough(wanted: number): boolean {
    return this.#clean > 0 && this.#count >= wanted;
  }

  #forget(row: number): void {
    if (row >= this.#reached) return;
    const before = this.#byNode[row];
    if (before !== undefined && isCandidate(before)) this.#tally(before, -1);
    this.#byNode[row] = undefined;
    this.#stale.add(row);
  }

  #look(row: number, cache: SchedulerCache, look: (node: NodeInfo) => Outcome): void {
    const node = cache.nodeAt(row);
    if (node === undefined) return;
    const outcome = look(node);
    this.#byNode[row] = outcome;
    if (!isCandidate(outcome)) return;
    this.#tally(outcome, 1);
    this.#push(outcome);
  }

  #tally({ violations }: Candidate, by: 1 | -1): void {
    this.#count += by;
    if (violations === 0) this.#clean += by;
  }

  #push(candidate: Candidate): void {
    const heap = this.#candidates;
    // Of a node that changes again and again only the last is of use.
    if (heap.length > 2 * (this.#count + 64)) {
      this.#candidates = heap.filter((each) => this.#byNode[each.node.index] === each && each !== candidate).sort(before);
      return this.#push(candidate);
    }
    let at = heap.length;
    for (let parent = (at - 1) >> 1; at > 0 && before(candidate, heap[parent]!) < 0; parent = (at - 1) >> 1) {
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = candidate;
  }

  #takeTop(): void {
    const heap = this.#candidates;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!) < 0) child++;
      if (before(heap[child]!, last) >= 0) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** A node where the pod fits without anybody's going is none. */
const isCandidate = (outcome: Outcome): outcome is Candidate => 'victims' in outcome && outcome.victims.length > 0;

/** Of two that are equally good the first node. */
const before = (a: Candidate, b: Candidate): number => compareCandidates(a, b) || a.node.index - b.node.index;

import type { NodeInfo } from './node-info.ts';
import type { NodeSet } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile, ScorePlugin } from './profile.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

interface ActiveScore extends ScorePlugin {
  readonly state: unknown;
}

/** A score that only means something among all nodes that fit: what each node got before that. */
class RawScores {
  readonly score: ActiveScore;
  values = new Float64Array(0);
  /** How many nodes got something else than 0. */
  nonZero = 0;

  constructor(score: ActiveScore) {
    this.score = score;
  }

  set(index: number, value: number): void {
    if (this.values[index] !== 0) this.nonZero--;
    if (value !== 0) this.nonZero++;
    this.values[index] = value;
  }
}

const nobody: NodeSet = { indexes: new Int32Array(0), count: 0 };

/** The scores that depend on shape and node alone. */
export class ShapeScores {
  readonly #sample: PodInfo;
  /** These need no normalising and are summed up at once. */
  readonly #plain: readonly ActiveScore[];
  readonly #raw: readonly RawScores[];
  /** Weighted sum of the plain scores by node. */
  totals = new Float64Array(0);

  constructor(profile: Profile, sample: PodInfo, cache: SchedulerCache) {
    this.#sample = sample;
    const active: ActiveScore[] = [];
    for (const score of profile.nodeScores) {
      const { skip, state } = score.plugin.preScore?.(sample, cache, nobody) ?? {};
      if (skip !== true) active.push({ ...score, state });
    }
    this.#plain = active.filter(({ plugin }) => plugin.normalizeScore === undefined);
    this.#raw = active.filter(({ plugin }) => plugin.normalizeScore !== undefined).map((score) => new RawScores(score));
  }

  /** True if `totals` alone says which node is best: what else there is gives every node the same. */
  get decisive(): boolean {
    return this.#raw.every(({ nonZero }) => nonZero === 0);
  }

  reset(rows: number): void {
    this.totals = new Float64Array(rows);
    for (const raw of this.#raw) {
      raw.values = new Float64Array(rows);
      raw.nonZero = 0;
    }
  }

  grow(rows: number): void {
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wide = new Float64Array(rows);
      wide.set(old);
      return wide;
    };
    this.totals = wider(this.totals);
    for (const raw of this.#raw) raw.values = wider(raw.values);
  }

  clear(index: number): void {
    this.totals[index] = 0;
    for (const raw of this.#raw) raw.set(index, 0);
  }

  update(node: NodeInfo, objectChanged: boolean): void {
    let total = 0;
    for (const { plugin, weight, state } of this.#plain) total += weight * plugin.score!(this.#sample, node, state);
    this.totals[node.index] = total;
    for (const raw of this.#raw) {
      const { plugin, state } = raw.score;
      if (objectChanged || plugin.scoreReads === 'node') raw.set(node.index, plugin.score!(this.#sample, node, state));
    }
  }

  /** Adds the kept scores of the nodes in `feasible` to `totals` (by position). `scratch` is overwritten. */
  addTo(totals: Float64Array, feasible: NodeSet, scratch: Float64Array): void {
    const { indexes, count } = feasible;
    for (let i = 0; i < count; i++) totals[i]! += this.totals[indexes[i]!]!;
    for (const { score, values, nonZero } of this.#raw) {
      if (nonZero === 0) continue;
      for (let i = 0; i < count; i++) scratch[i] = values[indexes[i]!]!;
      score.plugin.normalizeScore!(scratch, feasible, score.state);
      for (let i = 0; i < count; i++) totals[i]! += score.weight * scratch[i]!;
    }
  }

  /** Weighted scores by plugin of each node in `feasible`, computed anew: for explanations. */
  byPlugin(nodes: readonly NodeInfo[], feasible: NodeSet): Map<string, number[]> {
    const scores = new Map<string, number[]>();
    for (const { plugin, weight, state } of [...this.#plain, ...this.#raw.map(({ score }) => score)]) {
      const values = Float64Array.from(nodes, (node) => plugin.score!(this.#sample, node, state));
      plugin.normalizeScore?.(values, feasible, state);
      scores.set(
        plugin.name,
        Array.from(values, (value) => weight * value),
      );
    }
    return scores;
  }
}

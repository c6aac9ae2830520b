import type { NodeInfo } from './node-info.ts';
import type { AnyPlugin, Refusal, SparseFilter } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

interface ActiveFilter {
  readonly plugin: AnyPlugin;
  readonly state: unknown;
}

/** PreFilter of some plugins for one pod (or for one that stands for its shape), and then Filter of those that have something to say. */
export class FilterRun {
  readonly #cache: SchedulerCache;
  readonly #pod: PodInfo;
  readonly #filters: readonly ActiveFilter[];
  readonly #notNamed: Refusal;
  /** If set, only these nodes come into question. */
  readonly names: ReadonlySet<string> | undefined;
  /** Set if PreFilter ruled out every node. */
  readonly refusalOfAll: Refusal | undefined;

  constructor(plugins: readonly AnyPlugin[], pod: PodInfo, cache: SchedulerCache) {
    this.#cache = cache;
    this.#pod = pod;
    const filters: ActiveFilter[] = [];
    const naming: string[] = [];
    const sparse: (SparseFilter | undefined)[] = [];
    let names: ReadonlySet<string> | undefined;
    for (const plugin of plugins) {
      const result = plugin.preFilter?.(pod, cache);
      this.refusalOfAll ??= result?.refusal;
      if (result?.nodes !== undefined) {
        naming.push(plugin.name);
        names = names === undefined ? result.nodes : intersection(names, result.nodes);
      }
      if (result?.skip === true || plugin.filter === undefined) continue;
      filters.push({ plugin, state: result?.state });
      sparse.push(result?.sparse);
    }
    this.#filters = filters;
    this.names = names;
    const free = names === undefined && this.refusalOfAll === undefined;
    this.sparse = free && sparse.every((one) => one !== undefined) ? sparse : undefined;
    this.#notNamed = notNamedRefusal(naming);
  }

  /** What the filters say in few words, if all of them do. */
  readonly sparse: readonly SparseFilter[] | undefined;

  /** True if every node will do. */
  get passesAll(): boolean {
    return this.#filters.length === 0 && this.names === undefined && this.refusalOfAll === undefined;
  }

  /** Why this node will not do, or undefined. */
  refusal(node: NodeInfo): Refusal | undefined {
    if (this.refusalOfAll !== undefined) return this.refusalOfAll;
    if (this.names !== undefined && !this.names.has(node.name)) return this.#notNamed;
    for (const { plugin, state } of this.#filters) {
      const refusal = plugin.filter!(this.#pod, node, state);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Keeps the nodes that will do at the front of `indexes`, in order; returns how many they are. `names` is not looked at. */
  keep(indexes: Int32Array, count: number): number {
    let left = this.refusalOfAll === undefined ? count : 0;
    for (const { plugin, state } of this.#filters) {
      if (left === 0) break;
      left = plugin.filterAll?.(this.#pod, indexes, left, state) ?? this.#keepOneByOne(plugin, state, indexes, left);
    }
    return left;
  }

  #keepOneByOne(plugin: AnyPlugin, state: unknown, indexes: Int32Array, count: number): number {
    let left = 0;
    for (let i = 0; i < count; i++) {
      const index = indexes[i]!;
      if (plugin.filter!(this.#pod, this.#cache.nodeAt(index)!, state) === undefined) indexes[left++] = index;
    }
    return left;
  }
}

/** What a node is told that PreFilter of these plugins left out. */
function notNamedRefusal(plugins: readonly string[]): Refusal {
  return { plugin: plugins[0] ?? '', reasons: [`node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(' ')}]`], resolvable: false };
}

export function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

import { ConfigurationError } from '../errors.ts';
import type { AnyPlugin } from './plugin.ts';

/** A plugin and how much its score counts (1 unless given). */
export interface WeightedPlugin {
  readonly plugin: AnyPlugin;
  readonly weight?: number;
}

/** The plugins for pods with one `spec.schedulerName`, in the order in which they are asked. */
export interface SchedulerProfile {
  /** `default-scheduler` unless given. */
  readonly schedulerName?: string;
  readonly plugins: readonly WeightedPlugin[];
}

export interface ScorePlugin {
  readonly plugin: AnyPlugin;
  readonly weight: number;
}

/** A profile taken apart by extension point. */
export class Profile {
  readonly schedulerName: string;
  readonly plugins: readonly AnyPlugin[];
  readonly #byName: ReadonlyMap<string, AnyPlugin>;
  /** Filters whose results are kept by shape and node. */
  readonly nodeFilters: readonly AnyPlugin[];
  /** Filters that are asked for every pod. */
  readonly clusterFilters: readonly AnyPlugin[];
  readonly nodeScores: readonly ScorePlugin[];
  readonly postFilters: readonly AnyPlugin[];
  readonly reserves: readonly AnyPlugin[];
  readonly permits: readonly AnyPlugin[];
  readonly preBinds: readonly AnyPlugin[];
  readonly binds: readonly AnyPlugin[];
  readonly postBinds: readonly AnyPlugin[];
  readonly clusterScores: readonly ScorePlugin[];

  constructor({ schedulerName = 'default-scheduler', plugins }: SchedulerProfile) {
    this.schedulerName = schedulerName;
    this.plugins = plugins.map(({ plugin }) => plugin);
    this.#byName = new Map(this.plugins.map((plugin) => [plugin.name, plugin]));
    if (this.#byName.size < plugins.length) {
      throw new ConfigurationError(
        `scheduler profile ${schedulerName}: two plugins have the same name: ${this.plugins.map(({ name }) => name).join(', ')}`,
      );
    }
    const filters = this.plugins.filter((plugin) => plugin.filter !== undefined || plugin.preFilter !== undefined);
    this.nodeFilters = filters.filter(({ filterReads = 'cluster' }) => filterReads !== 'cluster');
    this.clusterFilters = filters.filter(({ filterReads = 'cluster' }) => filterReads === 'cluster');
    this.postFilters = this.plugins.filter(({ postFilter }) => postFilter !== undefined);
    this.reserves = this.plugins.filter(({ reserve, unreserve }) => reserve !== undefined || unreserve !== undefined);
    this.permits = this.plugins.filter(({ permit }) => permit !== undefined);
    this.preBinds = this.plugins.filter(({ preBind }) => preBind !== undefined);
    this.binds = this.plugins.filter(({ bind }) => bind !== undefined);
    this.postBinds = this.plugins.filter(({ postBind }) => postBind !== undefined);
    const scores = plugins
      .filter(({ plugin }) => plugin.score !== undefined)
      .map(({ plugin, weight = 1 }) => ({ plugin, weight: checkedWeight(plugin, weight) }));
    this.nodeScores = scores.filter(({ plugin: { scoreReads = 'cluster' } }) => scoreReads !== 'cluster');
    this.clusterScores = scores.filter(({ plugin: { scoreReads = 'cluster' } }) => scoreReads === 'cluster');
  }

  plugin(name: string): AnyPlugin | undefined {
    return this.#byName.get(name);
  }

  /** Why the pod may not be scheduled yet, or undefined. */
  preEnqueue(pod: Parameters<NonNullable<AnyPlugin['preEnqueue']>>[0]): string | undefined {
    for (const plugin of this.plugins) {
      const reason = plugin.preEnqueue?.(pod);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}

function checkedWeight(plugin: AnyPlugin, weight: number): number {
  if (!Number.isInteger(weight) || weight < 1)
    throw new ConfigurationError(`scheduler plugin ${plugin.name}: weight: expected a whole number from 1, got ${weight}`);
  return weight;
}

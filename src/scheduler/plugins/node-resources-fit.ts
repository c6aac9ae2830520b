import { ConfigurationError } from '../../errors.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import type { PodShape } from '../pod-shape.ts';
import type { ClusterEvent, Refusal, SchedulerPlugin } from '../plugin.ts';
import {
  leastAllocated,
  mostAllocated,
  requestedToCapacityRatio,
  type ResourceWeight,
  type ShapePoint,
  type Utilization,
} from '../resource-scoring.ts';
import { ScoredResources } from '../scored-resources.ts';

const name = 'NodeResourcesFit';

export type ScoringStrategy =
  /** Prefers nodes with much left. The default, with cpu and memory of equal weight. */
  | { readonly type: 'LeastAllocated'; readonly resources?: readonly ResourceWeight[] }
  /** Prefers nodes with little left. */
  | { readonly type: 'MostAllocated'; readonly resources?: readonly ResourceWeight[] }
  /** Prefers by how full the node will be: a line through the points of `shape` (utilization 0..100, score 0..10). */
  | { readonly type: 'RequestedToCapacityRatio'; readonly resources?: readonly ResourceWeight[]; readonly shape: readonly ShapePoint[] };

export interface NodeResourcesFitArgs {
  readonly scoringStrategy?: ScoringStrategy;
  /** Extended resources that are not checked: somebody else looks after them. */
  readonly ignoredResources?: readonly string[];
  /** The same for all resources with such a prefix: `example.com` for `example.com/gpu`. */
  readonly ignoredResourceGroups?: readonly string[];
}

const cpuAndMemory: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/**
 * Refuses nodes that lack what the pod asks for, and prefers by what is left.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/resource-bin-packing/
 */
export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): SchedulerPlugin {
  const ignored = ignoredTest(args);
  const refusals = new Map<string, Refusal>();
  const scored = new ScoredResources(args.scoringStrategy?.resources ?? cpuAndMemory, utilizationOf(args.scoringStrategy), 'scoring');
  return {
    name,
    filterReads: 'node',
    scoreReads: 'node',
    filter: ({ shape }, node) => (fits(shape, node, ignored) ? undefined : refusalFor(refusals, shape, node, ignored)),
    score: ({ shape }, node) => scored.score(shape, node),
    isSchedulableAfter: (event, pod) => mayFitAfter(event, pod, ignored),
  };
}

type Ignored = (resource: string) => boolean;

function fits({ columns: { columns, amounts } }: PodShape, { index, resources }: NodeInfo, ignored: Ignored | undefined): boolean {
  if (resources.podCount[index]! + 1 > resources.podLimit[index]!) return false;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    if (amounts[i]! > resources.allocatable[column]![index]! - resources.requested[column]![index]!) {
      if (ignored?.(resources.names[column]!) !== true) return false;
    }
  }
  return true;
}

/** One object for each set of lacking resources, so that refusals can be told apart by identity. */
function refusalFor(refusals: Map<string, Refusal>, shape: PodShape, node: NodeInfo, ignored: Ignored | undefined): Refusal {
  const { index, resources } = node;
  const reasons: string[] = [];
  let resolvable = true;
  if (resources.podCount[index]! + 1 > resources.podLimit[index]!) reasons.push('Too many pods');
  const { columns, amounts } = shape.columns;
  for (const [i, column] of columns.entries()) {
    const allocatable = resources.allocatable[column]![index]!;
    const resource = resources.names[column]!;
    if (amounts[i]! <= allocatable - resources.requested[column]![index]! || ignored?.(resource) === true) continue;
    reasons.push(`Insufficient ${resource}`);
    if (amounts[i]! > allocatable) resolvable = false;
  }
  const key = `${resolvable}|${reasons.join('|')}`;
  let refusal = refusals.get(key);
  if (refusal === undefined) {
    refusal = { plugin: name, reasons, resolvable };
    refusals.set(key, refusal);
  }
  return refusal;
}

function mayFitAfter(event: ClusterEvent, { shape }: PodInfo, ignored: Ignored | undefined): boolean {
  switch (event.type) {
    case 'pod-removed':
    case 'node-added':
    case 'node-updated':
      return fits(shape, event.node, ignored);
    case 'pod-updated':
      return fits(shape, event.node, ignored);
    default:
      return false;
  }
}

function ignoredTest({ ignoredResources = [], ignoredResourceGroups = [] }: NodeResourcesFitArgs): Ignored | undefined {
  if (ignoredResources.length === 0 && ignoredResourceGroups.length === 0) return undefined;
  const names = new Set(ignoredResources);
  const groups = new Set(ignoredResourceGroups);
  for (const group of groups)
    if (group.includes('/')) throw new ConfigurationError(`${name}: ignoredResourceGroups: ${group}: expected the part before the slash`);
  return (resource) => resource.includes('/') && (names.has(resource) || groups.has(resource.slice(0, resource.indexOf('/'))));
}

function utilizationOf(strategy: ScoringStrategy | undefined): Utilization {
  switch (strategy?.type) {
    case undefined:
    case 'LeastAllocated':
      return leastAllocated;
    case 'MostAllocated':
      return mostAllocated;
    case 'RequestedToCapacityRatio':
      return requestedToCapacityRatio(strategy.shape);
    default:
      throw new ConfigurationError(`${name}: scoringStrategy.type: expected ${strategies.join(', ')}, got ${JSON.stringify(strategy)}`);
  }
}

const strategies: readonly ScoringStrategy['type'][] = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

import type { NodeManifest, PodManifest } from './api/generated/models.ts';
import type { Stored } from './api/object.ts';
import { Quantity } from './api/quantity.ts';
import type { View } from './api/view.ts';
import type { ClusterOptions, NodeOptions } from './cluster-options.ts';
import { readyStatus } from './controllers/node-health.ts';
import { ManualClock } from './env/manual-clock.ts';
import { nodeKind } from './kinds/node.ts';
import { SimulatedRuntime } from './runtimes/simulated-runtime.ts';
import { MemoryStore } from './stores/memory-store.ts';

/** How a what-if is played. Everything has a default. */
export interface ForkOptions extends Pick<ClusterOptions, 'seed' | 'logger' | 'controllers' | 'scheduler' | 'nodeHealth'> {
  /** What the Pods of a node do in the fork. A `SimulatedRuntime` in which every image runs for ever, unless given. */
  readonly runtime?: (nodeName: string) => SimulatedRuntime;
  /** Stands at the present of the forked cluster unless given. */
  readonly clock?: ManualClock;
}

/**
 * What a fork of a cluster is made from: its kinds, admission and control loops, and none of what leads to the outside. A host's own
 * scheduler remembers and so cannot serve two clusters: the fork has the default one unless given another.
 */
export function forkedOptions(options: ClusterOptions, now: number, view: View, fork: ForkOptions): ClusterOptions {
  const { runtime = () => new SimulatedRuntime(), ...given } = fork;
  const { name, kinds, admission, controllers, extraControllers, nodeHealth, serviceCidr, nodePorts, events } = options;
  const kept = { name, kinds, admission, controllers, extraControllers, nodeHealth, serviceCidr, nodePorts, events };
  return {
    ...(Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as ClusterOptions),
    ...(options.scheduler === 'none' ? { scheduler: 'none' } : {}),
    clock: new ManualClock(now),
    ...given,
    store: new MemoryStore(),
    // A node that is lost here is lost there.
    nodes: view
      .list(nodeKind)
      .filter((node) => readyStatus(node) === 'True')
      .map((node) => simulatedNode(node, view, runtime(node.metadata.name))),
  };
}

/** A node that offers what the other does, on which the same Pods run. */
function simulatedNode(node: Stored<NodeManifest>, view: View, runtime: SimulatedRuntime): NodeOptions {
  const isOver = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
  const pods = view.podsOnNode(node.metadata.name) as readonly Stored<PodManifest>[];
  runtime.assume(pods.filter(({ status }) => !isOver(status?.phase)));
  const { capacity = {}, allocatable = {} } = node.status ?? {};
  const reserved = Object.entries(allocatable).flatMap(([resource, left]): [string, string][] => {
    const all = capacity[resource];
    return all === undefined || all === left ? [] : [[resource, Quantity.parse(all).sub(Quantity.parse(left)).toString()]];
  });
  return {
    name: node.metadata.name,
    runtime,
    capacity: Object.fromEntries(Object.entries(capacity).map(([resource, amount]) => [resource, String(amount)])),
    ...(reserved.length === 0 ? {} : { reserved: Object.fromEntries(reserved) }),
    ...(node.metadata.labels === undefined ? {} : { labels: node.metadata.labels }),
    ...(node.spec?.podCIDR === undefined ? {} : { podCidr: node.spec.podCIDR }),
  };
}

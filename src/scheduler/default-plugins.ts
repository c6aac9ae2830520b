import { defaultPreemption, type DefaultPreemptionArgs } from './plugins/default-preemption.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { interPodAffinity, type InterPodAffinityArgs } from './plugins/inter-pod-affinity.ts';
import { nodeAffinity, type NodeAffinityArgs } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesBalancedAllocation, type NodeResourcesBalancedAllocationArgs } from './plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFit, type NodeResourcesFitArgs } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts';
import { podTopologySpread, type PodTopologySpreadArgs } from './plugins/pod-topology-spread.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';
import { volumeBinding } from './plugins/volume-binding.ts';
import { volumeRestrictions } from './plugins/volume-restrictions.ts';
import { volumeZone } from './plugins/volume-zone.ts';
import type { WeightedPlugin } from './profile.ts';
import type { AnyPlugin } from './plugin.ts';

/** Arguments by plugin; what is absent has Kubernetes' defaults. */
export interface DefaultPluginArgs {
  readonly NodeAffinity?: NodeAffinityArgs;
  readonly NodeResourcesFit?: NodeResourcesFitArgs;
  readonly PodTopologySpread?: PodTopologySpreadArgs;
  readonly InterPodAffinity?: InterPodAffinityArgs;
  readonly DefaultPreemption?: DefaultPreemptionArgs;
  readonly NodeResourcesBalancedAllocation?: NodeResourcesBalancedAllocationArgs;
}

/**
 * Kubernetes' default plugins with their weights, made anew at each call. Filter, add or reweigh them as you like.
 *
 * Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 *
 * @example
 * const mine: SchedulerPlugin = { name: 'Mine', score: (_pod, node) => (node.name === 'n1' ? 100 : 0) };
 * const plugins = [...defaultPlugins(), { plugin: mine, weight: 5 }];
 */
export function defaultPlugins(args: DefaultPluginArgs = {}): readonly WeightedPlugin[] {
  return [
    weighted(schedulingGates()),
    weighted(prioritySort()),
    weighted(nodeUnschedulable()),
    weighted(nodeName()),
    weighted(taintToleration(), 3),
    weighted(nodeAffinity(args.NodeAffinity), 2),
    weighted(nodePorts()),
    weighted(nodeResourcesFit(args.NodeResourcesFit)),
    weighted(volumeRestrictions()),
    weighted(nodeVolumeLimits()),
    weighted(volumeBinding()),
    weighted(volumeZone()),
    weighted(podTopologySpread(args.PodTopologySpread), 2),
    weighted(interPodAffinity(args.InterPodAffinity), 2),
    weighted(defaultPreemption(args.DefaultPreemption)),
    weighted(nodeResourcesBalancedAllocation(args.NodeResourcesBalancedAllocation)),
    weighted(imageLocality()),
  ];
}

const weighted = (plugin: AnyPlugin, weight = 1): WeightedPlugin => ({ plugin, weight });

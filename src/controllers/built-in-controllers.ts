import type { KindIndex } from '../api/kind-index.ts';
import { ConfigurationError } from '../errors.ts';
import { AddressPool } from './address-pool.ts';
import { clusterRoleAggregation } from './cluster-role-aggregation.ts';
import type { Controller } from './controller.ts';
import { cronJobController } from './cron-job-controller.ts';
import { disruptionController } from './disruption-controller.ts';
import { daemonSets } from './daemonset.ts';
import { deployments } from './deployment.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { endpoints } from './endpoints.ts';
import { ephemeralVolumes } from './ephemeral-volumes.ts';
import { garbageCollector } from './garbage-collector.ts';
import { horizontalPodAutoscaling } from './horizontal-pod-autoscaling.ts';
import { jobController } from './job-controller.ts';
import { loadBalancerAddresses } from './load-balancer-addresses.ts';
import { namespaceController } from './namespace-controller.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { persistentVolumeBinder } from './persistent-volume-binder.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';
import { replicaSets } from './replicaset.ts';
import { replicationManager } from './replication-manager.ts';
import { resourceQuota } from './resource-quota.ts';
import { serviceAccounts } from './service-accounts.ts';
import { statefulSets } from './statefulset.ts';
import { taintEviction } from './taint-eviction.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';
import { unsupportedFields } from './unsupported-fields.ts';
import { claimProtection, volumeProtection } from './volume-protection.ts';

/** What the built-in control loops are made with. */
export interface ControllerEnv {
  readonly kinds: KindIndex;
  /** How long a node may be silent, in milliseconds: 50,000 unless given. */
  readonly nodeGracePeriodMs?: number | undefined;
  /** How often autoscalers look, in milliseconds: 15,000 unless given. */
  readonly autoscalerSyncPeriodMs?: number | undefined;
  /** Addresses and ranges for Services of type LoadBalancer; without them nobody gives them any. */
  readonly loadBalancerAddresses?: readonly string[] | undefined;
}

/** Every control loop a cluster can run, in the order in which they run in a pass: node health first, so that others see it. */
export function builtInControllers(env: ControllerEnv): readonly Controller[] {
  return [
    nodeLifecycle(env.nodeGracePeriodMs),
    taintEviction,
    podGarbageCollector,
    deployments,
    replicationManager,
    replicaSets,
    daemonSets,
    statefulSets,
    cronJobController(),
    jobController,
    ttlAfterFinished,
    horizontalPodAutoscaling(env.kinds, env.autoscalerSyncPeriodMs),
    ephemeralVolumes,
    persistentVolumeBinder,
    claimProtection,
    volumeProtection,
    disruptionController(env.kinds),
    endpointSlices(),
    endpoints(),
    ...(env.loadBalancerAddresses === undefined ? [] : [loadBalancerAddresses(new AddressPool(env.loadBalancerAddresses))]),
    serviceAccounts,
    clusterRoleAggregation,
    namespaceController(env.kinds),
    garbageCollector(env.kinds),
    resourceQuota(env.kinds),
    unsupportedFields(),
  ];
}

/**
 * Picks control loops as kube-controller-manager's `--controllers` does: `all`, `none`, names, and `-name` to leave one out.
 * Throws `ConfigurationError` for a name there is not.
 */
export function selectControllers(selection: string, known: readonly Controller[]): readonly Controller[] {
  const words = selection
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  for (const word of words) {
    const name = word.replace(/^-/, '');
    if (name !== 'all' && name !== '*' && name !== 'none' && !known.some((controller) => controller.name === name)) {
      throw new ConfigurationError(
        `controllers: there is no controller ${JSON.stringify(name)}; there are ${known.map((controller) => controller.name).join(', ')}`,
      );
    }
  }
  if (words.includes('none')) return [];
  const all = words.includes('all') || words.includes('*');
  return known.filter((controller) => !words.includes(`-${controller.name}`) && (all || words.includes(controller.name)));
}

import type { RuntimeEnv } from '../runtime.ts';
import type { ProcessOwner } from './process-owner.ts';

/** What every container, network and volume of ours says about itself. Nothing without these labels is ever touched. */
export const labels = {
  /** `sandbox`, `container`, `network`, `overlay`, `relay-network`, `relay`, `volume`, `helper`. */
  role: 'coxswain.role',
  cluster: 'coxswain.cluster',
  node: 'coxswain.node',
  ownerPid: 'coxswain.owner.pid',
  ownerStart: 'coxswain.owner.start',
  ownerHost: 'coxswain.owner.host',
  /** `kill` or `keep`: whether it may outlive its owner. */
  onHostDeath: 'coxswain.on-host-death',
  podUid: 'coxswain.pod.uid',
  podName: 'coxswain.pod.name',
  podNamespace: 'coxswain.pod.namespace',
  sandboxAttempt: 'coxswain.sandbox.attempt',
  /** A `PodPlan`, for the next host. */
  plan: 'coxswain.pod.plan',
  container: 'coxswain.container',
  /** A `ContainerConfig.type`. */
  containerType: 'coxswain.container.type',
  attempt: 'coxswain.container.attempt',
  image: 'coxswain.container.image',
  /** The container's declared ports as JSON: probes name them. */
  ports: 'coxswain.container.ports',
  messagePolicy: 'coxswain.container.message-policy',
  /** Which slice of the relay's range an engine has. */
  relaySlice: 'coxswain.relay.slice',
} as const;

export type Labels = Readonly<Record<string, string>>;
export type Role = 'sandbox' | 'container' | 'network' | 'overlay' | 'relay-network' | 'relay' | 'volume' | 'helper';

/** In the place of a node's name: what the nodes of a process share on an engine. No node can be called that. */
export const allNodes = '*';

/** The labels that say whose something is. */
export function ownLabels(env: Pick<RuntimeEnv, 'clusterId' | 'nodeName' | 'onHostDeath'>, owner: ProcessOwner, role: Role): Labels {
  return {
    [labels.role]: role,
    [labels.cluster]: env.clusterId,
    [labels.node]: env.nodeName,
    [labels.onHostDeath]: env.onHostDeath,
    [labels.ownerPid]: String(owner.pid),
    [labels.ownerStart]: owner.start,
    [labels.ownerHost]: owner.host,
  };
}

/** The labels of what the nodes of a process share on an engine. */
export const sharedLabels = (
  { clusterId, onHostDeath }: Pick<RuntimeEnv, 'clusterId' | 'onHostDeath'>,
  owner: ProcessOwner,
  role: Role,
): Labels => ownLabels({ clusterId, onHostDeath, nodeName: allNodes }, owner, role);

/**
 * The labels of an engine's volume that holds a persistent volume. If objects outlive the host, so does what they speak of: then nothing
 * says whose it is but the cluster's name, and no sweep takes it.
 */
export function volumeLabels(env: RuntimeEnv, owner: ProcessOwner): Labels {
  if (env.volumesDir === undefined) return ownLabels(env, owner, 'volume');
  return { [labels.role]: 'volume', [labels.cluster]: env.clusterId };
}

/** The labels of the network that all nodes of a cluster share: it belongs to none of them. */
export function overlayLabels(clusterId: string): Labels {
  return { [labels.role]: 'overlay', [labels.cluster]: clusterId };
}

/** A filter of the engine's API that lets through the network that all nodes of a cluster share. */
export const overlayFilter = (clusterId: string): string => filterOf(overlayLabels(clusterId));

const filterOf = (wanted: Labels): string => JSON.stringify({ label: Object.entries(wanted).map(([key, value]) => `${key}=${value}`) });

/** A filter of the engine's API that lets through what belongs to one node, with further labels if given. */
export function nodeFilter(env: Pick<RuntimeEnv, 'clusterId' | 'nodeName'>, more: Labels = {}): string {
  return filterOf({ [labels.cluster]: env.clusterId, [labels.node]: env.nodeName, ...more });
}

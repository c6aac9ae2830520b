import type { RuntimeCondition } from '../runtime.ts';
import type { HostRules } from './host-rules.ts';
import type { SharedNetwork } from './shared-network.ts';

export interface PodNetworkReach {
  /** The network that pods share with those of other engines; undefined if there is none. */
  readonly shared: SharedNetwork | undefined;
  /** Whom they reach without. */
  readonly rules: HostRules['reach'];
  /** Why there is no relay though one was wanted. */
  readonly noRelay: string | undefined;
}

/** What a node's status says about whom its pods reach by address: `True` if those of other nodes too. */
export function podNetworkCondition({ shared, rules, noRelay }: PodNetworkReach): RuntimeCondition {
  const type = 'coxswain.dev/PodNetwork';
  if (shared !== undefined) return { type, ...shared.condition };
  const why = noRelay === undefined ? '' : `. There is no relay: ${noRelay}`;
  if (rules === 'rules') {
    const message = `pods reach those of all nodes whose engines are on the same machine, by rules of its kernel${why}`;
    return { type, status: 'True', reason: 'HostRules', message };
  }
  const message =
    "pods reach by address only those of this node; what they send to the address of another node's pod is not refused: it takes the " +
    "ordinary way of the engine's machine, where as a rule nobody answers. The option relay, a swarm of the engines, or root on their " +
    `machine helps${why}`;
  return { type, status: 'False', reason: 'NodeOnly', message };
}

import type { RuntimeCondition } from '../runtime.ts';
import type { HostRules } from './host-rules.ts';
import type { OverlayNetwork } from './overlay-network.ts';

/** What a node's status says about whom its pods reach by address: `True` if those of other nodes too. */
export function podNetworkCondition(overlay: OverlayNetwork | undefined, rules: HostRules['reach']): RuntimeCondition {
  const type = 'coxswain.dev/PodNetwork';
  if (overlay !== undefined) {
    const message = `pods reach those of all nodes whose engines are in the same swarm, by the overlay network ${overlay.name}`;
    return { type, status: 'True', reason: 'Overlay', message };
  }
  if (rules === 'rules') {
    const message = 'pods reach those of all nodes whose engines are on the same machine, by rules of its kernel';
    return { type, status: 'True', reason: 'HostRules', message };
  }
  const message =
    "pods reach by address only those of this node; what they send to the address of another node's pod is not refused: it takes the " +
    "ordinary way of the engine's machine, where as a rule nobody answers. Let the engines form a swarm, or run as root on their machine";
  return { type, status: 'False', reason: 'NodeOnly', message };
}

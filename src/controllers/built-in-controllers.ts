import type { KindIndex } from '../api/kind-index.ts';
import { ConfigurationError } from '../errors.ts';
import type { Controller } from './controller.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { endpoints } from './endpoints.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace-controller.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';
import { replicationManager } from './replication-manager.ts';
import { serviceAccounts } from './service-accounts.ts';
import { taintEviction } from './taint-eviction.ts';
import { unsupportedFields } from './unsupported-fields.ts';

/** What the built-in control loops are made with. */
export interface ControllerEnv {
  readonly kinds: KindIndex;
  /** How long a node may be silent, in milliseconds: 50,000 unless given. */
  readonly nodeGracePeriodMs?: number | undefined;
}

/** Every control loop a cluster can run, in the order in which they run in a pass: node health first, so that others see it. */
export function builtInControllers(env: ControllerEnv): readonly Controller[] {
  return [
    nodeLifecycle(env.nodeGracePeriodMs),
    taintEviction,
    podGarbageCollector,
    replicationManager,
    endpointSlices(),
    endpoints(),
    serviceAccounts,
    namespaceController(env.kinds),
    garbageCollector(env.kinds),
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

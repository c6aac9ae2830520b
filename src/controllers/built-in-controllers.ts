import { ConfigurationError } from '../errors.ts';
import type { Controller } from './controller.ts';
import { replicationManager } from './replication-manager.ts';

/** Every control loop a cluster can run, in the order in which they run in a pass. */
export const builtInControllers: readonly Controller[] = [replicationManager];

/**
 * Picks control loops as kube-controller-manager's `--controllers` does: `all`, `none`, names, and `-name` to leave one out.
 * Throws `ConfigurationError` for a name there is not.
 */
export function selectControllers(selection: string, known: readonly Controller[] = builtInControllers): readonly Controller[] {
  const words = selection.split(',').map((word) => word.trim()).filter((word) => word !== '');
  for (const word of words) {
    const name = word.replace(/^-/, '');
    if (name !== 'all' && name !== '*' && name !== 'none' && !known.some((controller) => controller.name === name)) {
      throw new ConfigurationError(`controllers: there is no controller ${JSON.stringify(name)}; there are ${known.map((controller) => controller.name).join(', ')}`);
    }
  }
  if (words.includes('none')) return [];
  const all = words.includes('all') || words.includes('*');
  return known.filter((controller) => !words.includes(`-${controller.name}`) && (all || words.includes(controller.name)));
}

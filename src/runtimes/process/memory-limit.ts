import { Quantity } from '../../api/quantity.ts';
import type { ContainerConfig } from '../runtime.ts';

/** The memory a container may use, in bytes; undefined if there is no limit. */
export function memoryLimit(config: ContainerConfig): number | undefined {
  const limit = config.container.resources?.limits?.memory;
  return limit === undefined ? undefined : Quantity.parse(limit).toInteger();
}

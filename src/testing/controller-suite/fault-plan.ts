/**
 * What goes wrong. `crash-before`: the process dies before the write; `crash-after`: right after it; `conflict`: the store says that
 * somebody else was faster; `lost-answer`: the write takes effect, and the answer is an error; `stale`: from this write on controllers
 * see the world without its newest change.
 */
export const controllerFaults = ['crash-before', 'crash-after', 'conflict', 'lost-answer', 'stale'] as const;

export type ControllerFault = (typeof controllerFaults)[number];

/** One fault at one write of a scenario. */
export interface FaultPlan {
  readonly fault: ControllerFault;
  /** Counts the writes of controllers in the calm run, from 0. Events are not counted. */
  readonly write: number;
}

/** Every plan for a scenario that makes so many writes. */
export function faultPlans(writes: number): readonly FaultPlan[] {
  return Array.from({ length: writes }, (_, write) => controllerFaults.map((fault) => ({ fault, write }))).flat();
}

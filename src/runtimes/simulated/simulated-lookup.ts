import { unknownContainer } from '../runtime-failure.ts';
import type { SimulatedContainer } from './simulated-container.ts';
import type { FaultTarget } from './simulated-faults.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import type { SimulatedSandbox } from './simulated-sandbox.ts';

export interface FoundContainer {
  readonly sandbox: SimulatedSandbox;
  readonly container: SimulatedContainer;
}

/** @throws ClosedError unless the node is open; RuntimeError if it has no such container. */
export function findContainer(gate: SimulatedGate, machine: SimulatedMachine, id: string): FoundContainer {
  gate.requireOpen();
  const found = machine.container(id);
  if (found === undefined) throw unknownContainer(id);
  return found;
}

/** What a fault is aimed at. */
export const targetOf = ({ sandbox, container }: FoundContainer): Omit<FaultTarget, 'node'> => ({
  pod: sandbox.podName,
  container: container.name,
  image: container.image.name,
  attempt: container.attempt,
});

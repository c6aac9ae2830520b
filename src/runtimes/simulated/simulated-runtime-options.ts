import type { SimulatedFault, SimulatedFaults } from './simulated-faults.ts';
import type { SimulatedDuration, SimulatedImage } from './simulated-image.ts';

/** How long things take on simulated nodes, where the image does not say. Drawn from the cluster's seed. */
export interface SimulatedDurations {
  /** 2 to 10 ms. */
  readonly pullMs?: SimulatedDuration;
  /** 1 to 3 ms. */
  readonly sandboxMs?: SimulatedDuration;
  /** 1 to 3 ms. */
  readonly startMs?: SimulatedDuration;
  /** 1 to 5 ms. */
  readonly stopMs?: SimulatedDuration;
}

export interface SimulatedRuntimeOptions {
  /** What containers of an image do, by its name as manifests write it. */
  readonly images?: Readonly<Record<string, SimulatedImage>>;
  /** An image that is not listed: `run` (default; it runs for ever) or `refuse` (`RUNTIME_IMAGE_NOT_FOUND`). */
  readonly unknownImages?: 'run' | 'refuse';
  readonly durations?: SimulatedDurations;
  /** What goes wrong. Hand the same `SimulatedFaults` to every node to script a whole cluster. */
  readonly faults?: SimulatedFaults | readonly SimulatedFault[];
  /** What the `handler` of a RuntimeClass may be on this node. None unless given: Pods of such a class wait, and an Event says why. */
  readonly runtimeHandlers?: readonly string[];
  /** 8 cpu, 32Gi memory, 110 pods, 100Gi ephemeral-storage unless given. */
  readonly capacity?: Readonly<Record<string, string>>;
}

export const defaultCapacity = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
export const defaultDurations: Required<SimulatedDurations> = { pullMs: [2, 10], sandboxMs: [1, 3], startMs: [1, 3], stopMs: [1, 5] };

import type { Instant } from '../env/clock.ts';
import type { PodInfo } from './pod-info.ts';

/** Where a pod that is not bound stands. */
export type QueueState = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'in-flight';

/** A pod in the scheduling queue and what happened to it so far. Changed by the queue alone. */
export interface QueuedPod {
  readonly uid: string;
  pod: PodInfo;
  state: QueueState;
  /** Grows with every entry into the queue of due pods: of two pods of one priority the lower goes first. */
  sequence: number;
  attempts: number;
  /** When the last attempt failed; undefined before the first. */
  failedAt: Instant | undefined;
  /** The plugins that refused it in the last attempt. */
  refusedBy: readonly string[];
  /** True if something happened during its attempt that may make it fit: it need not wait for another event. */
  wokenInFlight: boolean;
  /** Its place in the heap that holds it. */
  heapIndex: number;
}

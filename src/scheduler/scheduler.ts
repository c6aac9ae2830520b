import type { Instant } from '../env/clock.ts';
import type { ObjectChange, PlannedEvent, PlannedWrite } from '../controllers/controller.ts';
import type { StoredObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';

/** What plans and changes are made of is the same for schedulers and controllers. */
export type { ObjectChange, PlannedEvent, PlannedWrite } from '../controllers/controller.ts';

/** What one pass wants done. The loop applies the writes and tells the scheduler how each ended. */
export interface SchedulingPlan {
  /** Binds, status conditions (`PodScheduled`), evictions of preemption victims, nominations. */
  readonly writes: readonly PlannedWrite[];
  readonly events: readonly PlannedEvent[];
  /** When the next pass is due without any change (back-off, flush of the unschedulable pool); undefined: none. */
  readonly wakeAt: Instant | undefined;
  /** True if pods were left over because the pass used up its slice. */
  readonly more: boolean;
}

/** Why one node was refused, or how it scored. */
export interface NodeExplanation {
  readonly node: string;
  readonly feasible: boolean;
  /** If refused: the plugin and its reason in Kubernetes' words (`Insufficient cpu`). */
  readonly refusedBy?: { readonly plugin: string; readonly reasons: readonly string[]; readonly resolvable: boolean };
  /** If feasible: weighted score by plugin, and their sum. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly total?: number;
}

export interface PodExplanation {
  readonly pod: string;
  /** `0/5 nodes are available: ...` if no node fits, `waiting for scheduling gates: [...]` if the pod may not be placed yet, else undefined. */
  readonly message: string | undefined;
  readonly nodes: readonly NodeExplanation[];
}

/**
 * Places pending pods. Pure towards the world: it reads the view, keeps an incremental picture fed by `onChanges`, and returns a
 * plan. The default scheduler runs Kubernetes' plugin points; a host may bring its own.
 */
export interface Scheduler {
  readonly name: string;
  /** True if pods with this `spec.schedulerName` are its business. */
  handles(schedulerName: string): boolean;
  /** Changes of pods, nodes and whatever else it reads, in order; once at the start with everything there is as `added`. */
  onChanges(changes: readonly ObjectChange[], view: ViewReader): void;
  /**
   * Schedules what is due at `now`. `budget` tells how long it may go on: it returns true while there is time left.
   * A pod that was placed is assumed there until `onWritten` says that the write failed. Called in every pass after changes came,
   * so what `onWritten` brought about (the Scheduled Event) is told in the next plan.
   */
  schedule(view: ViewReader, now: Instant, budget: () => boolean): SchedulingPlan;
  /** How the write at `index` of the last plan ended: undefined if well. Called for each write, in order. */
  onWritten(write: PlannedWrite, error: Error | undefined, now: Instant): void;
  /** Per node, why (not). Does not change anything. */
  explain(view: ViewReader, pod: StoredObject): PodExplanation;
}

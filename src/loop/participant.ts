import type { Instant } from '../env/clock.ts';
import type { ObjectChange } from '../controllers/controller.ts';

export type { ObjectChange } from '../controllers/controller.ts';

/** What a participant has to say after a step. */
export interface StepReport {
  /** Runtime calls, writes or other work that was started and has not ended. */
  readonly inFlight: number;
  /** When it wants to be stepped again at the latest; undefined: only when something changes. */
  readonly wakeAt: Instant | undefined;
  /** True if the step did anything (started, finished or wrote something). */
  readonly progressed: boolean;
}

/** Asks to be told of the changes of one more object (or, with false, no longer): `<kind>/<namespace>/<name>`, of the core group. */
export type Follow = (reference: string, on: boolean) => void;

/**
 * What the loop drives besides controllers: kubelets, proxies, samplers. It is told of changes, does what is due in `step`, and
 * asks to be woken through `wake` when something that it started has ended. It owns what it starts, and ends it in `close`.
 */
export interface Participant {
  readonly name: string;
  /**
   * If set, the participant belongs to one node and is told only of changes of Pods bound to it, of its own Node, and of the
   * objects it follows; otherwise of every change. Keeps thousands of kubelets cheap.
   */
  readonly nodeName?: string;
  /** Called once before the first step. `wake` may be called at any time, from any callback, and is cheap; so may `follow`. */
  start(wake: () => void, follow?: Follow): void;
  /**
   * Changes of the view since the last call, in order, of all kinds; the first call carries everything that exists already, as `added`.
   * Must return at once and must not throw.
   */
  onChanges(changes: readonly ObjectChange[]): void;
  /** Does what is due at `now`; starts asynchronous work but does not wait for it. Must not throw. */
  step(now: Instant): StepReport;
  /** Ends everything it started. May be repeated. `onChanges` and `step` are not called after it. */
  close(): Promise<void>;
}

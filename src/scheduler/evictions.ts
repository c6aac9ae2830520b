import type { PodCondition } from '../api/generated/models.ts';
import { formatTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import { podKind } from '../kinds/pod.ts';
import type { StoredPod } from './pod-info.ts';
import type { PlannedWrite } from './scheduler.ts';

/**
 * Pods that have to make way: first their status says why, then they are deleted. Two writes to one object cannot be in one
 * plan, so the second waits for the end of the first.
 */
export class Evictions {
  readonly #second = new Map<PlannedWrite, PlannedWrite>();
  #due: PlannedWrite[] = [];

  /** Adds the first write for a victim; a pod that is being deleted already needs none. */
  evict(victim: StoredPod, schedulerName: string, now: Instant, into: PlannedWrite[]): void {
    if (victim.metadata.deletionTimestamp !== undefined) return;
    const remove: PlannedWrite = { verb: 'delete', kind: podKind, object: victim };
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(now),
    };
    const others = (victim.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
    const object: StoredPod = { ...victim, status: { ...victim.status, conditions: [...others, condition] } };
    const mark: PlannedWrite = { verb: 'update-status', kind: podKind, object };
    this.#second.set(mark, remove);
    into.push(mark);
  }

  /** A write ended, well or not: a victim is deleted even if it could not be told why. */
  written(write: PlannedWrite): void {
    const next = this.#second.get(write);
    if (next === undefined) return;
    this.#second.delete(write);
    this.#due.push(next);
  }

  takeWrites(into: PlannedWrite[]): void {
    into.push(...this.#due);
    this.#due = [];
  }

  /** True if a pass would bring an eviction further. */
  get busy(): boolean {
    return this.#due.length > 0 || this.#second.size > 0;
  }
}

import { PodHeap } from './pod-heap.ts';
import type { QueuedPod } from './queued-pod.ts';

/**
 * The unschedulable pods, in groups of those that are alike (shape, relations, and the plugins that refused them): what may
 * wake one of a group may wake all, so one question is asked for each group and not for each of 100,000 pods.
 */
export class ParkedPods {
  readonly #groups = new Map<string, Set<QueuedPod>>();
  readonly #keys = new Map<QueuedPod, string>();
  readonly #byAge = new PodHeap((a, b) => (a.failedAt! - b.failedAt! || a.sequence - b.sequence) < 0);

  get size(): number {
    return this.#keys.size;
  }

  /** `failedAt` must be set, and stay as it is while the pod is here. */
  add(queued: QueuedPod): void {
    const key = `${queued.pod.groupKey}|${queued.refusedBy.join()}`;
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, new Set([queued]));
    else group.add(queued);
    this.#keys.set(queued, key);
    this.#byAge.push(queued);
  }

  remove(queued: QueuedPod): void {
    const key = this.#keys.get(queued);
    if (key === undefined) return;
    this.#keys.delete(queued);
    this.#byAge.remove(queued);
    const group = this.#groups.get(key);
    group?.delete(queued);
    if (group?.size === 0) this.#groups.delete(key);
  }

  /** The one that failed longest ago. */
  oldest(): QueuedPod | undefined {
    return this.#byAge.peek();
  }

  /** Takes out and returns all pods of the groups for whose sample `test` is true. */
  takeIf(test: (sample: QueuedPod) => boolean): readonly QueuedPod[] {
    const taken: QueuedPod[] = [];
    for (const [key, group] of this.#groups) {
      const [sample] = group;
      if (sample === undefined || !test(sample)) continue;
      for (const queued of group) {
        this.#keys.delete(queued);
        this.#byAge.remove(queued);
        taken.push(queued);
      }
      this.#groups.delete(key);
    }
    return taken;
  }
}

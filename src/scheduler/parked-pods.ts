import type { QueuedPod } from './queued-pod.ts';

/**
 * The unschedulable pods, in groups of those that are alike (shape, relations, and the plugins that refused them): what may
 * wake one of a group may wake all, so one question is asked for each group and not for each of 100,000 pods.
 */
export class ParkedPods {
  readonly #groups = new Map<string, Set<QueuedPod>>();
  /** In the order in which they were parked. */
  readonly #all = new Map<QueuedPod, string>();

  get size(): number {
    return this.#all.size;
  }

  add(queued: QueuedPod): void {
    const key = `${queued.pod.groupKey}|${queued.refusedBy.join()}`;
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, new Set([queued]));
    else group.add(queued);
    this.#all.set(queued, key);
  }

  remove(queued: QueuedPod): void {
    const key = this.#all.get(queued);
    if (key === undefined) return;
    this.#all.delete(queued);
    const group = this.#groups.get(key);
    group?.delete(queued);
    if (group?.size === 0) this.#groups.delete(key);
  }

  /** The one that has been here longest. */
  oldest(): QueuedPod | undefined {
    const next = this.#all.keys().next();
    return next.done === true ? undefined : next.value;
  }

  /** Takes out and returns all pods of the groups for whose sample `test` is true. */
  takeIf(test: (sample: QueuedPod) => boolean): readonly QueuedPod[] {
    const taken: QueuedPod[] = [];
    for (const [key, group] of this.#groups) {
      const [sample] = group;
      if (sample === undefined || !test(sample)) continue;
      for (const queued of group) {
        this.#all.delete(queued);
        taken.push(queued);
      }
      this.#groups.delete(key);
    }
    return taken;
  }
}

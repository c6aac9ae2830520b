import type { Pod } from './pods.ts';
import type { Service } from './service-endpoints.ts';

interface Known<T> {
  readonly pod: Pod;
  readonly found: T;
}

interface KnownService<T> {
  readonly service: Service;
  /** By the uid of the Pod. */
  readonly byPod: Map<string, Known<T>>;
  /** The Pods as they were asked for last, and what was found out about each. */
  pods: readonly Pod[];
  found: readonly T[];
}

/**
 * What was found out about Pods and Services that have not changed since. A Service of ten thousand Pods asks for all of them
 * whenever one has changed.
 */
export class KnownEndpoints<T> {
  readonly #find: (service: Service, pod: Pod) => T;
  readonly #onOld: (found: T) => void;
  readonly #services = new Map<string, KnownService<T>>();

  /** `onOld`: what was found out does not hold any more; the Pod has changed, or is gone. */
  constructor(find: (service: Service, pod: Pod) => T, onOld: (found: T) => void = () => undefined) {
    this.#find = find;
    this.#onOld = onOld;
  }

  /** What holds for each of a Service's Pods, in their order. */
  of(key: string, service: Service, pods: readonly Pod[]): readonly T[] {
    let known = this.#services.get(key);
    if (known?.service !== service) {
      this.forget(key);
      this.#services.set(key, (known = { service, byPod: new Map(), pods: [], found: [] }));
    }
    const { byPod, pods: before, found: foundBefore } = known;
    const found: T[] = [];
    const passed: Pod[] = [];
    const moved = new Set<string>();
    // Most are where they were, and the same: no more than a comparison each. Those that are gone are passed over.
    let at = 0;
    for (const pod of pods) {
      if (before[at] === pod) {
        found.push(foundBefore[at++]!);
        continue;
      }
      const { uid } = pod.metadata;
      const old = byPod.get(uid);
      if (old !== undefined) {
        while (at < before.length && before[at] !== old.pod) passed.push(before[at++]!);
        at++;
        moved.add(uid);
      }
      found.push(old?.pod === pod ? old.found : this.#look(known, pod, old));
    }
    for (; at < before.length; at++) passed.push(before[at]!);
    for (const { metadata } of passed) {
      const old = moved.has(metadata.uid) ? undefined : byPod.get(metadata.uid);
      if (old === undefined) continue;
      byPod.delete(metadata.uid);
      this.#onOld(old.found);
    }
    known.pods = pods;
    known.found = found;
    return found;
  }

  /** What holds for one Pod of a Service, as it was last asked for. */
  get(key: string, uid: string): T | undefined {
    return this.#services.get(key)?.byPod.get(uid)?.found;
  }

  forget(key: string): void {
    for (const { found } of this.#services.get(key)?.byPod.values() ?? []) this.#onOld(found);
    this.#services.delete(key);
  }

  #look({ service, byPod }: KnownService<T>, pod: Pod, old: Known<T> | undefined): T {
    if (old !== undefined) this.#onOld(old.found);
    const found = this.#find(service, pod);
    byPod.set(pod.metadata.uid, { pod, found });
    return found;
  }
}

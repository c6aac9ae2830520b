import type { Pod } from './pods.ts';
import type { Service } from './service-endpoints.ts';

/**
 * What was found out about Pods and Services that have not changed since. A Service of ten thousand Pods asks for all of them
 * whenever one has changed.
 */
export class KnownEndpoints<T> {
  readonly #find: (service: Service, pod: Pod) => T;
  /** By the Service's key, then by the uid of the Pod. */
  readonly #services = new Map<
    string,
    { readonly service: Service; readonly byPod: Map<string, { readonly pod: Pod; readonly found: T }> }
  >();

  constructor(find: (service: Service, pod: Pod) => T) {
    this.#find = find;
  }

  /** What holds for each of a Service's Pods, in their order. */
  of(key: string, service: Service, pods: readonly Pod[]): readonly T[] {
    const before = this.#services.get(key);
    const old = before?.service === service ? before.byPod : undefined;
    const byPod: NonNullable<typeof old> = new Map();
    const all = pods.map((pod) => {
      const known = old?.get(pod.metadata.uid);
      const entry = known?.pod === pod ? known : { pod, found: this.#find(service, pod) };
      byPod.set(pod.metadata.uid, entry);
      return entry.found;
    });
    this.#services.set(key, { service, byPod });
    return all;
  }

  forget(key: string): void {
    this.#services.delete(key);
  }
}

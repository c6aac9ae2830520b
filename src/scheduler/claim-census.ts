import type { PodInfo } from './pod-info.ts';

/** How many pods on nodes use each PersistentVolumeClaim. */
export class ClaimCensus {
  /** By `namespace/name`. */
  readonly #users = new Map<string, number>();

  count(pod: PodInfo, delta: 1 | -1): void {
    for (const { persistentVolumeClaim } of pod.object.spec?.volumes ?? []) {
      if (persistentVolumeClaim === undefined) continue;
      const key = `${pod.namespace}/${persistentVolumeClaim.claimName}`;
      const users = (this.#users.get(key) ?? 0) + delta;
      if (users === 0) this.#users.delete(key);
      else this.#users.set(key, users);
    }
  }

  users(namespace: string, claim: string): number {
    return this.#users.get(`${namespace}/${claim}`) ?? 0;
  }
}

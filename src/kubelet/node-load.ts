import type { PodSpec, Quantity } from '../api/generated/models.ts';
import { isExtendedResource } from '../kinds/resource-names.ts';
import { addAmounts } from './pod-requests.ts';
import type { Amounts, PodRequests } from './pod-requests.ts';
import type { Verdict } from './pod-memory.ts';

/** What the pods of a node use in all; kept up to date pod by pod. */
export class NodeLoad {
  readonly #requests: PodRequests;
  readonly #allocatable: Amounts;
  readonly #used = new Map<string, number>();
  readonly #pods = new Map<string, Amounts>();

  constructor(allocatable: Readonly<Record<string, Quantity>>, requests: PodRequests) {
    this.#requests = requests;
    this.#allocatable = requests.amounts(allocatable);
  }

  take(uid: string, spec: PodSpec): void {
    if (this.#pods.has(uid)) return;
    const requests = this.#requests.of(spec);
    this.#pods.set(uid, requests);
    addAmounts(this.#used, requests);
  }

  release(uid: string): void {
    const requests = this.#pods.get(uid);
    if (requests === undefined) return;
    this.#pods.delete(uid);
    for (const [resource, amount] of requests) this.#used.set(resource, (this.#used.get(resource) ?? 0) - amount);
  }

  /** Why a further pod does not fit; undefined if it does. */
  shortage(spec: PodSpec): Verdict | undefined {
    const podsMax = this.#allocatable.get('pods');
    if (podsMax !== undefined && this.#pods.size + 1 > podsMax) return outOf('pods', 1, this.#pods.size, podsMax);
    for (const [resource, requested] of this.#requests.of(spec)) {
      // What the node does not have at all is looked after by somebody else: a scheduler let the pod come here.
      if (requested === 0 || (isExtendedResource(resource) && !this.#allocatable.has(resource))) continue;
      const used = this.#used.get(resource) ?? 0;
      const capacity = this.#allocatable.get(resource) ?? 0;
      if (requested + used > capacity) return outOf(resource, requested, used, capacity);
    }
    return undefined;
  }
}

function outOf(resource: string, requested: number, used: number, capacity: number): Verdict {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message, rejected: true };
}

import type { PodSpec, Quantity } from '../api/generated/models.ts';
import type { QuantityCache } from '../api/quantity-cache.ts';
import { addAmounts, amountsOf, requestsOf } from './pod-requests.ts';
import type { Amounts } from './pod-requests.ts';
import type { Verdict } from './pod-memory.ts';

/** What the pods of a node use in all; kept up to date pod by pod. */
export class NodeLoad {
  readonly #quantities: QuantityCache;
  readonly #allocatable: Amounts;
  readonly #used = new Map<string, number>();
  readonly #pods = new Map<string, Amounts>();
  /** By the containers, which all pods of a template share. */
  readonly #requests = new WeakMap<PodSpec['containers'], { readonly spec: PodSpec; readonly amounts: Amounts }>();

  constructor(allocatable: Readonly<Record<string, Quantity>>, quantities: QuantityCache) {
    this.#quantities = quantities;
    this.#allocatable = amountsOf(allocatable, quantities);
  }

  take(uid: string, spec: PodSpec): void {
    if (this.#pods.has(uid)) return;
    const requests = this.#requestsOf(spec);
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
    for (const [resource, requested] of this.#requestsOf(spec)) {
      if (requested === 0) continue;
      const used = this.#used.get(resource) ?? 0;
      const capacity = this.#allocatable.get(resource) ?? 0;
      if (requested + used > capacity) return outOf(resource, requested, used, capacity);
    }
    return undefined;
  }

  #requestsOf(spec: PodSpec): Amounts {
    const known = this.#requests.get(spec.containers);
    if (known !== undefined && known.spec.initContainers === spec.initContainers && known.spec.overhead === spec.overhead)
      return known.amounts;
    const amounts = requestsOf(spec, this.#quantities);
    this.#requests.set(spec.containers, { spec, amounts });
    return amounts;
  }
}

function outOf(resource: string, requested: number, used: number, capacity: number): Verdict {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message, rejected: true };
}

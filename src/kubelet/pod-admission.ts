import type { Container, NodeManifest, PodSpec, Quantity } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { QuantityCache } from '../api/quantity-cache.ts';
import type { StoredPod } from './pod-containers.ts';
import type { Verdict } from './pod-memory.ts';

/** Amounts by resource: CPU in thousandths, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

const none: Amounts = new Map<string, number>();

/** CPU counts in thousandths, everything else in whole units. */
export function amountsOf(list: Readonly<Record<string, Quantity>> | undefined, quantities: QuantityCache): Amounts {
  if (list === undefined) return none;
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(list)) {
    amounts.set(resource, resource === 'cpu' ? quantities.milli(quantity) : quantities.integer(quantity));
  }
  return amounts;
}

/**
 * What a pod asks of its node: the sum of its containers and sidecars, or what an init container needs beside the sidecars before
 * it, whichever is more; plus overhead.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function requestsOf(spec: PodSpec, quantities: QuantityCache): Amounts {
  const asked = (container: Container): Amounts => amountsOf(container.resources?.requests, quantities);
  const total = new Map<string, number>();
  for (const container of spec.containers) add(total, asked(container));
  const sidecars = new Map<string, number>();
  const most = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(sidecars, asked(container));
      atLeast(most, sidecars);
    } else atLeast(most, add(new Map(sidecars), asked(container)));
  }
  add(total, sidecars);
  atLeast(total, most);
  return add(total, amountsOf(spec.overhead, quantities));
}

function add(into: Map<string, number>, amounts: Amounts): Map<string, number> {
  for (const [resource, amount] of amounts) into.set(resource, (into.get(resource) ?? 0) + amount);
  return into;
}

function atLeast(into: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) if (amount > (into.get(resource) ?? 0)) into.set(resource, amount);
}

/** What the pods of a node use in all; kept up to date pod by pod. */
export class NodeLoad {
  readonly #quantities: QuantityCache;
  readonly #allocatable: Amounts;
  readonly #used = new Map<string, number>();
  readonly #pods = new Map<string, Amounts>();
  readonly #requests = new WeakMap<PodSpec, Amounts>();

  constructor(allocatable: Readonly<Record<string, Quantity>>, quantities: QuantityCache) {
    this.#quantities = quantities;
    this.#allocatable = amountsOf(allocatable, quantities);
  }

  take(uid: string, spec: PodSpec): void {
    if (this.#pods.has(uid)) return;
    const requests = this.#requestsOf(spec);
    this.#pods.set(uid, requests);
    add(this.#used, requests);
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
    let known = this.#requests.get(spec);
    if (known === undefined) {
      known = requestsOf(spec, this.#quantities);
      this.#requests.set(spec, known);
    }
    return known;
  }
}

function outOf(resource: string, requested: number, used: number, capacity: number): Verdict {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message, rejected: true };
}

/** Why a pod may not be on this node whatever room there is: its selector, or a taint that drives it out. */
export function misplaced(pod: StoredPod, node: Stored<NodeManifest>, matchesAffinity: (pod: StoredPod, node: Stored<NodeManifest>) => boolean): Verdict | undefined {
  if (!matchesAffinity(pod, node)) {
    return { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector", rejected: true };
  }
  const tolerations = pod.spec?.tolerations ?? [];
  const driven = (node.spec?.taints ?? []).some(
    (taint) =>
      taint.effect === 'NoExecute' &&
      !tolerations.some(
        ({ key, operator = 'Equal', value = '', effect }) =>
          (effect === undefined || effect === '' || effect === taint.effect) &&
          (key === undefined || key === '' || key === taint.key) &&
          (operator === 'Exists' || value === (taint.value ?? '')),
      ),
  );
  return driven ? { reason: 'TaintToleration', message: 'Predicate TaintToleration failed: node(s) had untolerated taint', rejected: true } : undefined;
}

import type { Container, PodSpec, Quantity } from '../api/generated/models.ts';
import { QuantityCache } from '../api/quantity-cache.ts';

/** Amounts by resource: CPU in thousandths, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

/** CPU counts in thousandths, everything else in whole units. */
function amountsOf(list: Readonly<Record<string, Quantity>> | undefined, quantities: QuantityCache): Amounts {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(list ?? {})) {
    amounts.set(resource, resource === 'cpu' ? quantities.milli(quantity) : quantities.integer(quantity));
  }
  return amounts;
}

/**
 * What a pod asks of its node: the sum of its containers and sidecars, or what an init container needs beside the sidecars before
 * it, whichever is more; plus overhead.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
function requestsOf(spec: PodSpec, quantities: QuantityCache): Amounts {
  const asked = (container: Container): Amounts => amountsOf(container.resources?.requests, quantities);
  const total = new Map<string, number>();
  for (const container of spec.containers) addAmounts(total, asked(container));
  const sidecars = new Map<string, number>();
  const most = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addAmounts(sidecars, asked(container));
      atLeast(most, sidecars);
    } else atLeast(most, addAmounts(new Map(sidecars), asked(container)));
  }
  addAmounts(total, sidecars);
  atLeast(total, most);
  return addAmounts(total, amountsOf(spec.overhead, quantities));
}

export function addAmounts(into: Map<string, number>, amounts: Amounts): Map<string, number> {
  for (const [resource, amount] of amounts) into.set(resource, (into.get(resource) ?? 0) + amount);
  return into;
}

function atLeast(into: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) if (amount > (into.get(resource) ?? 0)) into.set(resource, amount);
}

/** What pods ask for, found out once for all pods of a template, whichever their nodes. */
export class PodRequests {
  readonly #quantities = new QuantityCache();
  /** By the containers, which all pods of a template share. */
  readonly #known = new WeakMap<PodSpec['containers'], Known>();

  amounts(list: Readonly<Record<string, Quantity>>): Amounts {
    return amountsOf(list, this.#quantities);
  }

  of(spec: PodSpec): Amounts {
    const { containers, initContainers, overhead } = spec;
    const known = this.#known.get(containers);
    if (known !== undefined && known.initContainers === initContainers && known.overhead === overhead) return known.amounts;
    const amounts = requestsOf(spec, this.#quantities);
    this.#known.set(containers, { initContainers, overhead, amounts });
    return amounts;
  }
}

interface Known {
  readonly initContainers: PodSpec['initContainers'];
  readonly overhead: PodSpec['overhead'];
  readonly amounts: Amounts;
}

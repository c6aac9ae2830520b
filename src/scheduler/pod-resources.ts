import type { Container, PodSpec } from '../api/generated/models.ts';
import type { QuantityCache } from '../api/quantity-cache.ts';

/** Amounts by resource name: thousandths for cpu, whole units for everything else. */
export type Amounts = ReadonlyMap<string, number>;

/** What a container without requests counts as when nodes are scored: 100m CPU, 200 MiB. */
const unstatedCpuMilli = 100;
const unstatedMemoryBytes = 200 * 1024 * 1024;

/** What cannot be read (validation lets no such thing through) counts as nothing: one bad object stops nobody else. */
export function amountOf(resource: string, quantity: string | number, quantities: QuantityCache): number {
  try {
    return resource === 'cpu' ? quantities.milli(quantity) : quantities.integer(quantity);
  } catch {
    return 0;
  }
}

/**
 * What a pod asks for: the sum over its containers and sidecars, or what an init container needs together with the sidecars
 * started before it, whichever is more; and the overhead. With `scoring`, containers that state no cpu or memory count as small ones.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequests(spec: PodSpec, quantities: QuantityCache, scoring: boolean): Map<string, number> {
  const total = new Map<string, number>();
  for (const container of spec.containers) add(total, containerRequests(container, quantities, scoring));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const requests = containerRequests(container, quantities, scoring);
    if (container.restartPolicy === 'Always') {
      add(total, requests);
      add(sidecars, requests);
    } else {
      add(requests, sidecars);
      raise(peak, requests);
    }
  }
  raise(total, peak);
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) {
    total.set(name, (total.get(name) ?? 0) + amountOf(name, quantity, quantities));
  }
  return total;
}

function containerRequests(container: Container, quantities: QuantityCache, scoring: boolean): Map<string, number> {
  const requests = new Map<string, number>();
  for (const [name, quantity] of Object.entries(container.resources?.requests ?? {}))
    requests.set(name, amountOf(name, quantity, quantities));
  if (scoring && !requests.has('cpu')) requests.set('cpu', unstatedCpuMilli);
  if (scoring && !requests.has('memory')) requests.set('memory', unstatedMemoryBytes);
  return requests;
}

function add(into: Map<string, number>, amounts: Amounts): void {
  for (const [name, amount] of amounts) into.set(name, (into.get(name) ?? 0) + amount);
}

function raise(into: Map<string, number>, amounts: Amounts): void {
  for (const [name, amount] of amounts) into.set(name, Math.max(into.get(name) ?? 0, amount));
}

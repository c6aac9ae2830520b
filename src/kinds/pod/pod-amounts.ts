import type { Container, PodSpec } from '../../api/generated/models.ts';
import { Quantity } from '../../api/quantity.ts';

/** Exact amounts by resource name. */
export type AmountTable = ReadonlyMap<string, Quantity>;

/**
 * What a Pod requests, or is limited to, as a whole: the sum over its containers and sidecars, or what an init container needs
 * together with the sidecars before it, whichever is more; and the overhead. Exact, in the notation of the manifest: for what
 * people read. (The scheduler and the kubelet count in numbers.)
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function podAmounts(spec: PodSpec, list: 'requests' | 'limits'): AmountTable {
  const total = new Map<string, Quantity>();
  for (const container of spec.containers) add(total, amounts(container, list));
  const sidecars = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container, list);
    if (container.restartPolicy === 'Always') {
      add(total, own);
      add(sidecars, own);
      raise(peak, sidecars);
    } else raise(peak, add(new Map(sidecars), own));
  }
  raise(total, peak);
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    if (list === 'requests' || total.has(name)) add(total, new Map([[name, Quantity.parse(text)]]));
  }
  return total;
}

const amounts = (container: Container, list: 'requests' | 'limits'): AmountTable =>
  new Map(Object.entries(container.resources?.[list] ?? {}).map(([name, text]) => [name, Quantity.parse(text)]));

function add(into: Map<string, Quantity>, more: AmountTable): Map<string, Quantity> {
  for (const [name, amount] of more) into.set(name, into.get(name)?.add(amount) ?? amount);
  return into;
}

function raise(into: Map<string, Quantity>, floor: AmountTable): void {
  for (const [name, amount] of floor) {
    const now = into.get(name);
    if (now === undefined || amount.compare(now) > 0) into.set(name, amount);
  }
}

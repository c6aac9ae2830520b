import type { ViewReader } from '../api/view-reader.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Service } from './service-endpoints.ts';

/** Services by their namespace and one label of their selector, remembered for a list of Services as it stands. */
export class ServiceLookup {
  readonly #known = new WeakMap<readonly Service[], ReadonlyMap<string, readonly Service[]>>();

  matching(
    view: ViewReader,
    pod: { readonly metadata: { readonly namespace?: string; readonly labels?: { readonly [key: string]: string } } },
  ): readonly Service[] {
    const { namespace, labels } = pod.metadata;
    const services = view.list(serviceKind, { namespace });
    if (services.length === 0 || labels === undefined) return [];
    let index = this.#known.get(services);
    if (index === undefined) this.#known.set(services, (index = byFirstLabel(services)));
    const found: Service[] = [];
    for (const key in labels) {
      for (const service of index.get(`${key}=${labels[key]}`) ?? []) if (selects(service, labels)) found.push(service);
    }
    return found;
  }
}

function byFirstLabel(services: readonly Service[]): ReadonlyMap<string, readonly Service[]> {
  const index = new Map<string, Service[]>();
  for (const service of services) {
    const first = Object.entries(service.spec?.selector ?? {})[0];
    if (first === undefined) continue;
    const key = `${first[0]}=${first[1]}`;
    const known = index.get(key);
    if (known === undefined) index.set(key, [service]);
    else known.push(service);
  }
  return index;
}

function selects(service: Service, labels: { readonly [key: string]: string } | undefined): boolean {
  return Object.entries(service.spec?.selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

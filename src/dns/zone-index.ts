import ipaddr from 'ipaddr.js';
import type { EndpointSliceManifest, ServiceManifest } from '../api/generated/models.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import type { ObjectChange } from '../loop/participant.ts';

type Service = Stored<ServiceManifest>;
type Slice = Stored<EndpointSliceManifest>;

/** One ready address behind a Service. */
export interface ZoneEndpoint {
  readonly ip: string;
  /** The endpoint's hostname; where it has none, its address with dashes, as in Kubernetes. */
  readonly hostname: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** A Service whose name answers. */
export interface ZoneService {
  readonly namespace: string;
  readonly name: string;
  readonly spec: NonNullable<ServiceManifest['spec']>;
}

/** Whom an address belongs to. */
export interface AddressOwner {
  readonly service: ZoneService;
  /** Undefined for a ClusterIP. */
  readonly hostname: string | undefined;
}

/** The objects that names come from, as the changes tell them. Keys are `namespace/name`. */
export class ZoneIndex {
  readonly #namespaces = new Set<string>();
  readonly #services = new Map<string, Service>();
  /** Service -> slice name -> slice. */
  readonly #slices = new Map<string, Map<string, Slice>>();
  /** Address -> objects that have it, as `Kind/namespace/name`. */
  readonly #addresses = new Map<string, Set<string>>();
  #version = 0;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  take({ type, object, previous }: ObjectChange): void {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    if (object.kind === 'Namespace') {
      if (type === 'deleted') this.#namespaces.delete(object.metadata.name);
      else this.#namespaces.add(object.metadata.name);
    } else if (object.kind === 'Service') {
      this.#readdress('Service', key, clusterIPs(this.#services.get(key)), type === 'deleted' ? [] : clusterIPs(object as Service));
      if (type === 'deleted') this.#services.delete(key);
      else this.#services.set(key, object as Service);
    } else if (object.kind === 'EndpointSlice') {
      this.#takeSlice(type === 'deleted' ? undefined : (object as Slice), previous ?? (type === 'deleted' ? object : undefined));
    } else {
      return;
    }
    this.#version++;
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name);
  }

  service(namespace: string, name: string): ZoneService | undefined {
    const service = this.#services.get(`${namespace}/${name}`);
    return service && { namespace, name, spec: service.spec ?? {} };
  }

  /** The ready endpoints of a Service, each address once, in an order that does not depend on that of events. */
  endpoints(namespace: string, name: string): readonly ZoneEndpoint[] {
    const slices = [...(this.#slices.get(`${namespace}/${name}`)?.values() ?? [])];
    slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const found = new Map<string, ZoneEndpoint>();
    for (const endpoint of slices.flatMap(endpointsOf)) {
      const before = found.get(endpoint.ip);
      // One address in several slices (one per set of ports).
      found.set(endpoint.ip, before === undefined ? endpoint : { ...before, ports: [...before.ports, ...endpoint.ports] });
    }
    return [...found.values()];
  }

  /** Whom an address belongs to: a Service's ClusterIP before endpoints. */
  ownersOf(ip: string): readonly AddressOwner[] {
    const owners = [...(this.#addresses.get(canonical(ip)) ?? [])].sort().toReversed();
    const services = owners.filter((owner) => owner.startsWith('Service/'));
    if (services.length > 0) return services.flatMap((owner) => this.#owner(owner.slice('Service/'.length), undefined));
    return owners.flatMap((owner) => {
      const key = owner.slice('Endpoint/'.length);
      const [namespace = '', name = ''] = key.split('/');
      const endpoint = this.endpoints(namespace, name).find((each) => canonical(each.ip) === canonical(ip));
      return endpoint === undefined ? [] : this.#owner(key, endpoint.hostname);
    });
  }

  #owner(key: string, hostname: string | undefined): readonly AddressOwner[] {
    const [namespace = '', name = ''] = key.split('/');
    const service = this.service(namespace, name);
    return service === undefined ? [] : [{ service, hostname }];
  }

  #takeSlice(slice: Slice | undefined, previous: StoredObject | undefined): void {
    const [before, now] = [previous && ownerOf(previous), slice && ownerOf(slice)];
    const name = (slice ?? previous)?.metadata.name ?? '';
    for (const key of new Set([before, now])) {
      if (key === undefined) continue;
      const slices = this.#slices.get(key) ?? new Map<string, Slice>();
      const addresses = (): readonly string[] => [...slices.values()].flatMap((each) => each.endpoints.flatMap((one) => one.addresses));
      const old = addresses();
      if (slice === undefined || key !== now) slices.delete(name);
      else slices.set(name, slice);
      if (slices.size === 0) this.#slices.delete(key);
      else this.#slices.set(key, slices);
      this.#readdress('Endpoint', key, old, addresses());
    }
  }

  #readdress(kind: 'Service' | 'Endpoint', key: string, before: readonly string[], now: readonly string[]): void {
    const owner = `${kind}/${key}`;
    for (const ip of before.map(canonical)) {
      const owners = this.#addresses.get(ip);
      owners?.delete(owner);
      if (owners?.size === 0) this.#addresses.delete(ip);
    }
    for (const ip of now.map(canonical)) {
      const owners = this.#addresses.get(ip);
      if (owners === undefined) this.#addresses.set(ip, new Set([owner]));
      else owners.add(owner);
    }
  }
}

/** ClusterIPs that are addresses. */
export function clusterIPs(service: Pick<ServiceManifest, 'spec'> | undefined): readonly string[] {
  const { clusterIPs: all, clusterIP } = service?.spec ?? {};
  return (all ?? (clusterIP === undefined ? [] : [clusterIP])).filter((ip) => ip !== '' && ip !== 'None');
}

function ownerOf(slice: StoredObject): string | undefined {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'];
  return service === undefined ? undefined : `${slice.metadata.namespace ?? ''}/${service}`;
}

function endpointsOf(slice: Slice): readonly ZoneEndpoint[] {
  if (slice.addressType === 'FQDN') return [];
  const ports = (slice.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port }) =>
    port === undefined ? [] : [{ name, protocol, port }],
  );
  return slice.endpoints
    .filter(({ conditions }) => conditions?.ready ?? true)
    .flatMap(({ addresses, hostname }) => addresses.map((ip) => ({ ip, hostname: (hostname ?? dashed(ip)).toLowerCase(), ports })));
}

/** `10.1.2.3` -> `10-1-2-3`, `fd00::1` -> `fd00--1`. */
export const dashed = (ip: string): string => ip.replaceAll(/[.:]/g, '-');

/** One spelling for each address. */
export function canonical(ip: string): string {
  return ipaddr.isValid(ip) ? ipaddr.parse(ip).toNormalizedString() : ip;
}

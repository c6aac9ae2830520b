import type { DiscoveryEndpointPort, Endpoint as SliceEndpoint } from '../api/generated/models.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { nodeKind } from '../kinds/node.ts';
import { endpointOf, hostnameOf, type Endpoint, type EndpointPort, type Service } from './service-endpoints.ts';

const zoneLabel = 'topology.kubernetes.io/zone';

/** Ports that endpoints have in common, with their text. */
export interface PortList {
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly key: string;
}

const listsMax = 1000;

/** As a rule all Pods of a Service have the same ports: they are held once. */
export class PortLists {
  readonly #byKey = new Map<string, PortList>();

  of(given: readonly EndpointPort[]): PortList {
    const ports = slicePorts(given);
    const key = JSON.stringify(ports);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= listsMax) this.#byKey.clear();
    const list = { ports, key };
    this.#byKey.set(key, list);
    return list;
  }
}

/** A Pod that has an endpoint, and what is the same every time it is asked for. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly list: PortList;
  /** As it was told last, by the zones there were. */
  told: SliceEndpoint | undefined;
  zones: Zones | undefined;
  /** The Pod has changed, or is gone. */
  isOld: boolean;
  /** The plan in which it found its place last. */
  placedIn: object | undefined;
}

export function candidateOf(service: Service, pod: Endpoint['pod'], lists: PortLists): Candidate | undefined {
  const endpoint = endpointOf(service, pod);
  if (endpoint === undefined) return undefined;
  return { endpoint, list: lists.of(endpoint.ports), told: undefined, zones: undefined, isOld: false, placedIn: undefined };
}

/** Finds who an endpoint of a slice is now. */
export interface Finder {
  readonly places: SlicePlaces;
  readonly of: (uid: string) => Candidate | undefined;
}

/** Who was found for the endpoints of a slice: as long as they hold nobody needs to be looked up. */
export class SlicePlaces {
  readonly #known = new WeakMap<readonly SliceEndpoint[], readonly (Candidate | undefined)[]>();

  of(endpoints: readonly SliceEndpoint[], find: Finder['of']): readonly (Candidate | undefined)[] {
    const known = this.#known.get(endpoints);
    if (known?.every((candidate) => candidate?.isOld === false) === true) return known;
    const found = endpoints.map(({ targetRef }) => find(targetRef?.uid ?? ''));
    if (Object.isFrozen(endpoints)) this.#known.set(endpoints, found);
    return found;
  }
}

function slicePorts(ports: readonly EndpointPort[]): readonly DiscoveryEndpointPort[] {
  return ports.map(({ name, port, protocol, appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
}

/** Says the endpoint anew if its node has moved. */
export function tell(zones: Zones, service: Service, candidate: Candidate): void {
  const zone = zones.get(candidate.endpoint.pod.spec?.nodeName ?? '');
  candidate.zones = zones;
  if (candidate.told === undefined || candidate.told.zone !== zone) candidate.told = sliceEndpoint(service, candidate.endpoint, zone);
}

/** The zones of the nodes that have one, by the names of the nodes. */
export type Zones = ReadonlyMap<string, string>;

/** The same object as long as no node's zone has changed. */
export class NodeZones {
  #nodes: readonly unknown[] | undefined;
  #zones: Zones = new Map();

  of(view: ViewReader): Zones {
    const nodes = view.list(nodeKind);
    if (nodes === this.#nodes) return this.#zones;
    this.#nodes = nodes;
    const zones = new Map<string, string>();
    let same = true;
    for (const { metadata } of nodes) {
      const zone = metadata.labels?.[zoneLabel];
      if (zone === undefined) continue;
      zones.set(metadata.name, zone);
      same &&= this.#zones.get(metadata.name) === zone;
    }
    if (!same || zones.size !== this.#zones.size) this.#zones = zones;
    return this.#zones;
  }
}

function sliceEndpoint(service: Service, endpoint: Endpoint, zone: string | undefined): SliceEndpoint {
  const { pod, address, ready, serving, terminating } = endpoint;
  const nodeName = pod.spec?.nodeName;
  const hostname = hostnameOf(service, pod);
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    ...(zone === undefined ? {} : { zone }),
  };
}

import type { DiscoveryEndpointPort, Endpoint as SliceEndpoint, EndpointSliceManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { endpointSliceKind } from '../kinds/endpoint-slice.ts';
import { nodeKind } from '../kinds/node.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Controller, Plan, PlannedWrite } from './controller.ts';
import { controllerOf, controllerRef } from './pods.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import {
  endpointOf,
  endpointTriggers,
  hasSelector,
  hostnameOf,
  podsOf,
  type Endpoint,
  type EndpointPort,
  type Service,
} from './service-endpoints.ts';
import { ServiceLookup } from './service-lookup.ts';

const endpointsMax = 100;
const managedBy = 'endpointslice-controller.k8s.io';
const serviceLabel = 'kubernetes.io/service-name';
const zoneLabel = 'topology.kubernetes.io/zone';

type Slice = Stored<EndpointSliceManifest>;

/**
 * Keeps EndpointSlices of at most 100 endpoints for every Service with a selector. An endpoint stays in its slice, so that one
 * Pod's change rewrites one slice.
 * Source: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
export function endpointSlices(): Controller {
  const known = new KnownEndpoints(candidateOf);
  return {
    name: 'endpoint-slice',
    triggers: [
      ...endpointTriggers(new ServiceLookup()),
      {
        kind: endpointSliceKind,
        keys: ({ object }) => {
          const owner = controllerOf(object);
          return owner?.kind === 'Service' ? [`${object.metadata.namespace}/${owner.name}`] : [];
        },
      },
    ],
    reconcile(view, key): Plan {
      const [namespace, name] = key.split('/') as [string, string];
      const service = view.get(serviceKind, namespace, name);
      if (service === undefined || service.metadata.deletionTimestamp !== undefined || !hasSelector(service)) {
        known.forget(key);
        return { writes: [] };
      }
      const slices = view
        .controlledBy(endpointSliceKind, service.metadata.uid)
        .filter((slice) => slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedBy);
      return { writes: plan(view, service, known.of(key, service, podsOf(view, service)), slices) };
    },
  };
}

/** A Pod that has an endpoint, and what is the same every time it is asked for. */
interface Candidate {
  readonly endpoint: Endpoint;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly portsKey: string;
  /** As it was told last, for the zone its node was in. */
  told: SliceEndpoint | undefined;
}

function candidateOf(service: Service, pod: Endpoint['pod']): Candidate | undefined {
  const endpoint = endpointOf(service, pod);
  if (endpoint === undefined) return undefined;
  const ports = slicePorts(endpoint.ports);
  return { endpoint, ports, portsKey: JSON.stringify(ports), told: undefined };
}

/** The endpoints that share a list of ports, with the slices that have it now. */
interface PortGroup {
  readonly ports: readonly DiscoveryEndpointPort[];
  /** By the uid of the Pod. */
  readonly wanted: Map<string, Candidate>;
  readonly slices: Slice[];
}

function plan(
  view: ViewReader,
  service: Service,
  candidates: readonly (Candidate | undefined)[],
  slices: readonly Slice[],
): PlannedWrite[] {
  const groups = new Map<string, PortGroup>();
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    let group = groups.get(candidate.portsKey);
    if (group === undefined) groups.set(candidate.portsKey, (group = { ports: candidate.ports, wanted: new Map(), slices: [] }));
    group.wanted.set(candidate.endpoint.pod.metadata.uid, candidate);
    tell(view, service, candidate);
  }
  const writes: PlannedWrite[] = [];
  for (const slice of slices) {
    const group = groups.get(JSON.stringify(slice.ports ?? []));
    if (group === undefined) writes.push({ verb: 'delete', kind: endpointSliceKind, object: slice });
    else group.slices.push(slice);
  }
  const names = new Set(slices.map((slice) => slice.metadata.name));
  for (const group of groups.values()) writes.push(...fill(service, group, names));
  return writes;
}

/** Endpoints stay where they are; new ones fill free places, then new slices. Slices that end up empty go. */
function fill(service: Service, { ports, wanted, slices }: PortGroup, names: Set<string>): PlannedWrite[] {
  const left = new Map(wanted);
  const contents = slices.map((slice) => ({
    slice,
    endpoints: (slice.endpoints ?? []).flatMap((endpoint) => {
      const uid = endpoint.targetRef?.uid ?? '';
      const next = left.get(uid);
      left.delete(uid);
      if (next === undefined) return [];
      // What is stored stays the same object, and is seen to be the same at once from then on.
      if (next.told !== endpoint && deepEqual(next.told, endpoint)) next.told = endpoint;
      return [next.told!];
    }),
  }));
  const newcomers = Array.from(left.values(), ({ told }) => told!);
  for (const content of contents) content.endpoints.push(...newcomers.splice(0, Math.max(0, endpointsMax - content.endpoints.length)));
  const writes: PlannedWrite[] = [];
  for (const { slice, endpoints } of contents) {
    if (endpoints.length === 0) writes.push({ verb: 'delete', kind: endpointSliceKind, object: slice });
    else if (!deepEqual(endpoints, slice.endpoints) || !deepEqual(labelsOf(service), slice.metadata.labels)) {
      writes.push({
        verb: 'update',
        kind: endpointSliceKind,
        object: { ...slice, metadata: { ...slice.metadata, labels: labelsOf(service) }, endpoints } as KubeObject,
      });
    }
  }
  // The ports are part of the name: a slice of other ports that is gone already does not make room for a double of a new one.
  const portsText = JSON.stringify(ports);
  for (let place = 0; newcomers.length > 0; place++) {
    const name = childName(`${service.metadata.name}-`, { ownerUid: service.metadata.uid, slot: `${portsText} ${place}` });
    if (names.has(name)) continue;
    names.add(name);
    writes.push({ verb: 'create', kind: endpointSliceKind, object: newSlice(service, name, ports, newcomers.splice(0, endpointsMax)) });
  }
  return writes;
}

function newSlice(
  service: Service,
  name: string,
  ports: readonly DiscoveryEndpointPort[],
  endpoints: readonly SliceEndpoint[],
): EndpointSliceManifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: service.metadata.namespace ?? '',
      generateName: `${service.metadata.name}-`,
      name,
      labels: labelsOf(service),
      ownerReferences: [controllerRef(serviceKind, service)],
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  };
}

function labelsOf(service: Service): Readonly<Record<string, string>> {
  return {
    ...service.metadata.labels,
    ...(service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
    [serviceLabel]: service.metadata.name,
    'endpointslice.kubernetes.io/managed-by': managedBy,
  };
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
function tell(view: ViewReader, service: Service, candidate: Candidate): void {
  const { nodeName } = candidate.endpoint.pod.spec ?? {};
  const zone = nodeName === undefined ? undefined : view.get(nodeKind, undefined, nodeName)?.metadata.labels?.[zoneLabel];
  if (candidate.told === undefined || candidate.told.zone !== zone) candidate.told = sliceEndpoint(service, candidate.endpoint, zone);
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

import type { DiscoveryEndpointPort, Endpoint as SliceEndpoint, EndpointSliceManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { endpointSliceKind } from '../kinds/endpoint-slice.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Controller, Plan, PlannedWrite } from './controller.ts';
import { controllerOf, controllerRef } from './pods.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import { endpointTriggers, hasSelector, podsOf, type Service } from './service-endpoints.ts';
import { ServiceLookup } from './service-lookup.ts';
import {
  candidateOf,
  NodeZones,
  PortLists,
  SlicePlaces,
  tell,
  type Candidate,
  type Finder,
  type PortList,
  type Zones,
} from './slice-candidates.ts';

const endpointsMax = 100;
const managedBy = 'endpointslice-controller.k8s.io';
const serviceLabel = 'kubernetes.io/service-name';

type Slice = Stored<EndpointSliceManifest>;

/**
 * Keeps EndpointSlices of at most 100 endpoints for every Service with a selector. An endpoint stays in its slice, so that one
 * Pod's change rewrites one slice.
 * Source: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
export function endpointSlices(): Controller {
  const lists = new PortLists();
  const zones = new NodeZones();
  const places = new SlicePlaces();
  const known = new KnownEndpoints(
    (service, pod) => candidateOf(service, pod, lists),
    (candidate) => {
      if (candidate !== undefined) candidate.isOld = true;
    },
  );
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
      const candidates = known.of(key, service, podsOf(view, service));
      return { writes: plan(zones.of(view), service, candidates, { places, of: (uid) => known.get(key, uid) }, slices) };
    },
  };
}

/** The endpoints that share a list of ports, with the slices that have it now. */
interface PortGroup {
  readonly list: PortList;
  readonly wanted: Candidate[];
  readonly slices: Slice[];
}

function plan(
  zones: Zones,
  service: Service,
  candidates: readonly (Candidate | undefined)[],
  find: Finder,
  slices: readonly Slice[],
): PlannedWrite[] {
  const groups = new Map<string, PortGroup>();
  let group: PortGroup | undefined;
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const { list } = candidate;
    if (group?.list !== list) group = groups.get(list.key);
    if (group === undefined) groups.set(list.key, (group = { list, wanted: [], slices: [] }));
    group.wanted.push(candidate);
    if (candidate.zones !== zones) tell(zones, service, candidate);
  }
  const writes: PlannedWrite[] = [];
  for (const slice of slices) {
    const its = groups.get(JSON.stringify(slice.ports ?? []));
    if (its === undefined) writes.push({ verb: 'delete', kind: endpointSliceKind, object: slice });
    else its.slices.push(slice);
  }
  const names = new Set(slices.map((slice) => slice.metadata.name));
  for (const each of groups.values()) writes.push(...fill(service, each, find, names));
  return writes;
}

/** Endpoints stay where they are; new ones fill free places, then new slices. Slices that end up empty go. */
function fill(service: Service, { list, wanted, slices }: PortGroup, find: Finder, names: Set<string>): PlannedWrite[] {
  const mark = {};
  const contents = slices.map((slice) => ({ slice, endpoints: keptOf(slice.endpoints ?? none, list, find, mark) }));
  const newcomers: SliceEndpoint[] = [];
  for (const candidate of wanted) if (candidate.placedIn !== mark) newcomers.push(candidate.told!);
  for (const content of contents) {
    if (newcomers.length === 0) break;
    const places = endpointsMax - content.endpoints.length;
    if (places > 0) content.endpoints = [...content.endpoints, ...newcomers.splice(0, places)];
  }
  const labels = labelsOf(service);
  const writes: PlannedWrite[] = [];
  for (const { slice, endpoints } of contents) {
    if (endpoints.length === 0) writes.push({ verb: 'delete', kind: endpointSliceKind, object: slice });
    else if (!deepEqual(endpoints, slice.endpoints) || !deepEqual(labels, slice.metadata.labels)) {
      writes.push({
        verb: 'update',
        kind: endpointSliceKind,
        object: { ...slice, metadata: { ...slice.metadata, labels }, endpoints } as KubeObject,
      });
    }
  }
  // The ports are part of the name: a slice of other ports that is gone already does not make room for a double of a new one.
  for (let place = 0; newcomers.length > 0; place++) {
    const name = childName(`${service.metadata.name}-`, { ownerUid: service.metadata.uid, slot: `${list.key} ${place}` });
    if (names.has(name)) continue;
    names.add(name);
    const endpoints = newcomers.splice(0, endpointsMax);
    writes.push({ verb: 'create', kind: endpointSliceKind, object: newSlice(service, name, list.ports, endpoints) });
  }
  return writes;
}

const none: readonly SliceEndpoint[] = [];

/** What a slice keeps, as it is now: the very same list, if that is all of it. Whoever has a place is marked. */
function keptOf(endpoints: readonly SliceEndpoint[], list: PortList, find: Finder, mark: object): readonly SliceEndpoint[] {
  let kept: SliceEndpoint[] | undefined;
  const found = find.places.of(endpoints, find.of);
  for (const [i, endpoint] of endpoints.entries()) {
    const candidate = found[i];
    const next = candidate?.list.key === list.key && candidate.placedIn !== mark ? candidate : undefined;
    if (next !== undefined) {
      next.placedIn = mark;
      // What is stored stays the same object, and is seen to be the same at once from then on.
      if (next.told !== endpoint && deepEqual(next.told, endpoint)) next.told = endpoint;
    }
    if (next?.told === endpoint) {
      kept?.push(endpoint);
      continue;
    }
    kept ??= endpoints.slice(0, i);
    if (next !== undefined) kept.push(next.told!);
  }
  return kept ?? endpoints;
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

import type { EndpointAddress, EndpointPort, EndpointsManifest, EndpointSubset } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KubeObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { endpointsKind } from '../kinds/endpoints.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Controller, Plan } from './controller.ts';
import { endpointOf, endpointTriggers, hasSelector, hostnameOf, podsOf, type Endpoint, type Service } from './service-endpoints.ts';
import { ServiceLookup } from './service-lookup.ts';

/** More addresses than this are cut off, and an annotation says so. */
const addressesMax = 1000;
const overCapacity = 'endpoints.kubernetes.io/over-capacity';

/**
 * Keeps the older Endpoints object of every Service with a selector.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
 */
export function endpoints(): Controller {
  return {
    name: 'endpoints',
    triggers: [
      ...endpointTriggers(new ServiceLookup()),
      { kind: endpointsKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    ],
    reconcile(view, key): Plan {
      const [namespace, name] = key.split('/') as [string, string];
      const service = view.get(serviceKind, namespace, name);
      const existing = view.get(endpointsKind, namespace, name);
      if (service === undefined) {
        // Kubernetes' own rule: Endpoints nobody can own go with the Service of their name, if a controller made them.
        const ours = existing !== undefined && existing.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
        return ours ? { writes: [{ verb: 'delete', kind: endpointsKind, object: existing }] } : { writes: [] };
      }
      if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return { writes: [] };
      const wanted = wantedEndpoints(view, service);
      if (existing === undefined) return { writes: [{ verb: 'create', kind: endpointsKind, object: wanted }] };
      const metadata = {
        ...existing.metadata,
        labels: wanted.metadata?.labels ?? {},
        annotations: { ...existing.metadata.annotations, ...wanted.metadata?.annotations },
      };
      if (wanted.metadata?.annotations?.[overCapacity] === undefined) delete (metadata.annotations as Record<string, string>)[overCapacity];
      if (Object.keys(metadata.annotations).length === 0) delete (metadata as { annotations?: unknown }).annotations;
      const next = { ...existing, metadata, ...(wanted.subsets === undefined ? {} : { subsets: wanted.subsets }) };
      if (wanted.subsets === undefined) delete (next as { subsets?: unknown }).subsets;
      return deepEqual(next, existing) ? { writes: [] } : { writes: [{ verb: 'update', kind: endpointsKind, object: next as KubeObject }] };
    },
  };
}

function wantedEndpoints(view: ViewReader, service: Service): EndpointsManifest {
  const { namespace = '', name } = service.metadata;
  const all = podsOf(view, service)
    .flatMap((pod) => endpointOf(service, pod) ?? [])
    .filter((endpoint) => !endpoint.terminating || service.spec?.publishNotReadyAddresses === true);
  const kept = all.length <= addressesMax ? all : [...all].sort((a, b) => Number(b.ready) - Number(a.ready)).slice(0, addressesMax);
  const subsets = pack(service, kept);
  const labels: Record<string, string> = { ...service.metadata.labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  if (service.spec?.clusterIP === 'None') labels['service.kubernetes.io/headless'] = '';
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { namespace, name, labels, ...(all.length > addressesMax ? { annotations: { [overCapacity]: 'truncated' } } : {}) },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

/** Addresses with the same ports share a subset; everything is sorted, so that the same Pods give the same object. */
function pack(service: Service, endpoints: readonly Endpoint[]): readonly EndpointSubset[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const endpoint of endpoints) {
    const ports = endpoint.ports
      .map(({ name, port, protocol, appProtocol }) => ({
        ...(name === '' ? {} : { name }),
        port,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      }))
      .sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)));
    // A headless Service may have no ports; any other one needs a port to be reached at.
    if (ports.length === 0 && (service.spec?.clusterIP !== 'None' || (service.spec.ports ?? []).length > 0)) continue;
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, ready: [], notReady: [] }));
    (endpoint.ready ? group.ready : group.notReady).push(addressOf(service, endpoint));
  }
  return [...groups]
    .sort(([a], [b]) => compare(a, b))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length === 0 ? {} : { addresses: ready.sort(byAddress) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byAddress) }),
      ...(ports.length === 0 ? {} : { ports }),
    }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byAddress = (a: EndpointAddress, b: EndpointAddress): number =>
  compare(a.ip, b.ip) || compare(a.targetRef?.uid ?? '', b.targetRef?.uid ?? '');

function addressOf(service: Service, { pod, address }: Endpoint): EndpointAddress {
  const hostname = hostnameOf(service, pod);
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ip: address,
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

import type { EndpointAddress, EndpointPort, EndpointsManifest, EndpointSubset } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import { deepFreeze, type KubeObject, type Stored } from '../api/object.ts';
import { endpointsKind } from '../kinds/endpoints.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Controller, Plan } from './controller.ts';
import { inHashOrder } from './endpoint-ports.ts';
import { triggerTime, triggerTimeAnnotation } from './endpoints-trigger-time.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import { isFinished, type Pod } from './pods.ts';
import {
  addressedEndpoint,
  endpointOf,
  endpointTriggers,
  hasSelector,
  hostnameOf,
  podsOf,
  type Endpoint,
  type Service,
} from './service-endpoints.ts';
import { ServiceLookup } from './service-lookup.ts';

/** More addresses than this are cut off, and an annotation says so. */
const addressesMax = 1000;
const overCapacity = 'endpoints.kubernetes.io/over-capacity';

/**
 * Keeps the older Endpoints object of every Service with a selector.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
 */
export function endpoints(): Controller {
  const known = new KnownEndpoints(listedOf);
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
        known.forget(key);
        // Kubernetes' own rule: Endpoints nobody can own go with the Service of their name, if a controller made them.
        const ours = existing !== undefined && existing.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
        return ours ? { writes: [{ verb: 'delete', kind: endpointsKind, object: existing }] } : { writes: [] };
      }
      if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return { writes: [] };
      const pods = podsOf(view, service);
      const wanted = wantedEndpoints(service, known.of(key, service, pods));
      if (existing === undefined)
        return { writes: [{ verb: 'create', kind: endpointsKind, object: marked(service, pods, wanted, undefined) }] };
      if (!differs(wanted, existing)) return { writes: [] };
      return { writes: [{ verb: 'update', kind: endpointsKind, object: marked(service, pods, wanted, existing) }] };
    },
  };
}

/**
 * A Pod that has ended though its restartPolicy would have had it go on (its node gave it up) stays listed among those that are not
 * ready, as Kubernetes 1.20 had it: this object is for old readers, who see it as they did. EndpointSlices, and so the service proxy,
 * leave out everything that has ended; so does this where addresses that are not ready are published.
 */
function listedEndpoint(service: Service, pod: Pod): Endpoint | undefined {
  if (!isFinished(pod)) return endpointOf(service, pod);
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const wouldGoOn = policy === 'Always' || (policy === 'OnFailure' && pod.status?.phase === 'Failed');
  if (!wouldGoOn || service.spec?.publishNotReadyAddresses === true) return undefined;
  const endpoint = addressedEndpoint(service, pod);
  return endpoint && { ...endpoint, ready: false };
}

/** A Pod that is listed, and what is the same every time it is asked for. */
interface Listed {
  readonly endpoint: Endpoint;
  readonly address: EndpointAddress;
  readonly ports: readonly EndpointPort[];
  readonly portsKey: string;
}

function listedOf(service: Service, pod: Pod): Listed | undefined {
  const endpoint = listedEndpoint(service, pod);
  if (endpoint === undefined) return undefined;
  const ports = endpoint.ports.map(({ name, port, protocol, appProtocol }) => ({
    ...(name === '' ? {} : { name }),
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
  return { endpoint, address: deepFreeze(addressOf(service, endpoint)), ports, portsKey: JSON.stringify(ports) };
}

/** Whether something else than what a Pod's newest revision is must be written. */
function differs(wanted: EndpointsManifest, existing: Stored<EndpointsManifest>): boolean {
  const truncated = (endpoints: EndpointsManifest): string | undefined => endpoints.metadata?.annotations?.[overCapacity];
  if (truncated(wanted) !== truncated(existing) || !deepEqual(wanted.metadata?.labels, existing.metadata.labels)) return true;
  return !sameSubsets(wanted.subsets, existing.subsets);
}

function sameSubsets(a: readonly EndpointSubset[] = [], b: readonly EndpointSubset[] = []): boolean {
  return (
    a.length === b.length &&
    a.every((subset, i) => {
      const other = b[i]!;
      return (
        deepEqual(subset.ports ?? [], other.ports ?? []) &&
        sameAddresses(subset.addresses, other.addresses) &&
        sameAddresses(subset.notReadyAddresses, other.notReadyAddresses)
      );
    })
  );
}

/** The same but for the revisions of the Pods. */
function sameAddresses(a: readonly EndpointAddress[] | undefined, b: readonly EndpointAddress[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((address, i) => address === b[i] || deepEqual(withoutRevision(address), withoutRevision(b[i]!)));
}

function withoutRevision(address: EndpointAddress): unknown {
  const { resourceVersion: _revision, ...targetRef } = address.targetRef ?? {};
  return { ...address, targetRef };
}

/** What is to be stored: the annotations of others stay; when it was that something changed is noted. */
function marked(
  service: Service,
  pods: readonly Pod[],
  wanted: EndpointsManifest,
  existing: Stored<EndpointsManifest> | undefined,
): KubeObject {
  const { [overCapacity]: _truncated, [triggerTimeAnnotation]: _time, ...others } = existing?.metadata.annotations ?? {};
  const time = triggerTime(service, pods, existing, wanted);
  const annotations = { ...others, ...wanted.metadata?.annotations, ...(time === undefined ? {} : { [triggerTimeAnnotation]: time }) };
  const { annotations: _old, ...metadata } = { ...existing?.metadata, ...wanted.metadata } as Record<string, unknown>;
  const { subsets: _subsets, ...rest } = existing ?? {};
  return {
    ...rest,
    ...wanted,
    metadata: { ...metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
  } as KubeObject;
}

function wantedEndpoints(service: Service, found: readonly (Listed | undefined)[]): EndpointsManifest {
  const { namespace = '', name } = service.metadata;
  const always = service.spec?.publishNotReadyAddresses === true;
  const all = found.filter((each) => each !== undefined && (!each.endpoint.terminating || always)) as readonly Listed[];
  const kept = all.length <= addressesMax ? all : readyFirst(all).slice(0, addressesMax);
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

const readyFirst = (listed: readonly Listed[]): readonly Listed[] => [
  ...listed.filter(({ endpoint }) => endpoint.ready),
  ...listed.filter(({ endpoint }) => !endpoint.ready),
];

/** Addresses with the same ports share a subset; everything is sorted, so that the same Pods give the same object. */
function pack(service: Service, listed: readonly Listed[]): readonly EndpointSubset[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const { endpoint, address, ports, portsKey } of listed) {
    // A headless Service may have no ports; any other one needs a port to be reached at.
    if (ports.length === 0 && (service.spec?.clusterIP !== 'None' || (service.spec.ports ?? []).length > 0)) continue;
    let group = groups.get(portsKey);
    if (group === undefined) groups.set(portsKey, (group = { ports: inHashOrder(ports), ready: [], notReady: [] }));
    (endpoint.ready ? group.ready : group.notReady).push(address);
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
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name,
      uid: pod.metadata.uid,
      resourceVersion: pod.metadata.resourceVersion,
    },
  };
}

import type { EndpointsManifest, PodManifest, ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { podKind } from '../kinds/pod.ts';
import { serviceKind } from '../kinds/service.ts';
import type { ObjectChange, Trigger } from './controller.ts';
import { isFinished, isReady, type Pod } from './pods.ts';
import type { ServiceLookup } from './service-lookup.ts';

export type Service = Stored<ServiceManifest>;
export type Endpoints = Stored<EndpointsManifest>;

/** A Pod as an endpoint of a Service. */
export interface Endpoint {
  readonly pod: Pod;
  readonly address: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly ports: readonly EndpointPort[];
}

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string | undefined;
}

/** True for Services whose endpoints are found by selector. */
export const hasSelector = (service: Service): boolean =>
  service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0;

/** The Pods a Service selects. */
export function podsOf(view: ViewReader, service: Service): readonly Pod[] {
  const [first, ...rest] = Object.entries(service.spec?.selector ?? {});
  if (first === undefined) return [];
  const pods = view.withLabel(podKind, service.metadata.namespace ?? '', first[0], first[1]);
  return rest.length === 0 ? pods : pods.filter((pod) => rest.every(([key, value]) => pod.metadata.labels?.[key] === value));
}

/** Service and Pod changes that can change endpoints; `lookup` finds the Services of a Pod. */
export function endpointTriggers(lookup: ServiceLookup): readonly Trigger[] {
  const keyOf = (object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string =>
    `${object.metadata.namespace}/${object.metadata.name}`;
  return [
    { kind: serviceKind, keys: ({ object }) => [keyOf(object)] },
    {
      kind: podKind,
      keys: (change, view) => {
        if (!matters(change)) return [];
        const { object, previous } = change;
        const now = lookup.matching(view, object);
        if (previous === undefined || previous.metadata.labels === object.metadata.labels) return now.map(keyOf);
        return new Set([...now, ...lookup.matching(view, previous)].map(keyOf));
      },
    },
  ];
}

/** Whether a change of a Pod can show in an endpoint. */
function matters({ type, object, previous }: ObjectChange): boolean {
  const now = object as Stored<PodManifest>;
  if (type === 'added') return (now.status?.podIP ?? '') !== '';
  if (type === 'deleted') return true;
  const was = previous as Stored<PodManifest>;
  return (
    was.status?.podIP !== now.status?.podIP ||
    isReady(was) !== isReady(now) ||
    was.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    was.metadata.labels !== now.metadata.labels ||
    isFinished(was) !== isFinished(now)
  );
}

/** The Pod as an endpoint of the Service; undefined while it has no address, and once it has ended. */
export function endpointOf(service: Service, pod: Pod): Endpoint | undefined {
  return isFinished(pod) ? undefined : addressedEndpoint(service, pod);
}

/** The same, whether it has ended or not. */
export function addressedEndpoint(service: Service, pod: Pod): Endpoint | undefined {
  const address = pod.status?.podIP;
  if (address === undefined || address === '') return undefined;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  const always = service.spec?.publishNotReadyAddresses === true;
  const ports = (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    return number === undefined
      ? []
      : [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', appProtocol: port.appProtocol }];
  });
  return { pod, address, serving, terminating, ready: always || (serving && !terminating), ports };
}

/** The port a Service port means on this Pod: a number, or the container port with that name. */
function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const named = container.ports?.find((each) => each.name === target && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (named !== undefined) return named.containerPort;
  }
  return undefined;
}

/** The name a Pod has inside the Service: set where Pod and Service agree on a subdomain. */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname !== undefined && hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

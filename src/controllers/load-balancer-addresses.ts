import type { LoadBalancerIngress, ServiceManifest } from '../api/generated/models.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { serviceKind } from '../kinds/service.ts';
import type { AddressPool } from './address-pool.ts';
import type { Controller, ObjectChange, PlannedEvent, PlannedWrite } from './controller.ts';

type Service = Stored<ServiceManifest>;

const isBalanced = ({ spec, metadata }: Service): boolean => spec?.type === 'LoadBalancer' && metadata.deletionTimestamp === undefined;

const ingressOf = ({ status }: Service): readonly LoadBalancerIngress[] => status?.loadBalancer?.ingress ?? [];

/** `address/protocol/port` of everything the Service answers at. */
const placesAt = ({ spec }: Service, address: string): readonly string[] =>
  (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${address}/${protocol}/${port}`);

/** Whether a change can matter: few Services have a load balancer. */
const concerns = ({ object, previous }: ObjectChange): boolean =>
  [object, previous].some((each) => each !== undefined && (isBalanced(each as Service) || ingressOf(each as Service).length > 0));

/** Who has which place: those that have an address first, then the oldest. */
function byAge(a: Service, b: Service): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

/**
 * Gives Services of type LoadBalancer an address of the host's: the one that `spec.loadBalancerIP` names, if it is the host's, or the first at
 * which none of their ports is taken. An address stays with its Service. Services with a `loadBalancerClass` are somebody else's.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
 */
export function loadBalancerAddresses(pool: AddressPool): Controller {
  return {
    name: 'service-lb',
    triggers: [{ kind: serviceKind, keys: (change) => (concerns(change) ? [''] : []) }],
    initialKeys: () => [''],
    reconcile(view) {
      const writes: PlannedWrite[] = [];
      const events: PlannedEvent[] = [];
      const all = view.list(serviceKind);
      const ours = all.filter((service) => isBalanced(service) && (service.spec?.loadBalancerClass ?? '') === '').sort(byAge);
      const taken = new Set<string>();
      const waiting: Service[] = [];
      for (const service of ours) {
        const kept = keptAddress(service, pool, taken);
        if (kept === undefined) waiting.push(service);
        else for (const place of placesAt(service, kept)) taken.add(place);
      }
      for (const service of waiting) {
        const address = chooseAddress(service, pool, taken);
        if (address === undefined) {
          events.push(event(service, 'Warning', 'SyncLoadBalancerFailed', noAddress(service)));
          if (ingressOf(service).length > 0) writes.push(statusWrite(service, []));
          continue;
        }
        for (const place of placesAt(service, address)) taken.add(place);
        writes.push(statusWrite(service, [{ ip: address, ipMode: 'VIP' }]));
        events.push(event(service, 'Normal', 'EnsuredLoadBalancer', `Ensured load balancer at ${address}`));
      }
      // Those that are none any more.
      for (const service of all) {
        if (service.spec?.type !== 'LoadBalancer' && ingressOf(service).length > 0) {
          writes.push(statusWrite(service, []));
          events.push(event(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer'));
        }
      }
      return { writes, events };
    },
  };
}

/** The address the Service has, if it may keep it. */
function keptAddress(service: Service, pool: AddressPool, taken: ReadonlySet<string>): string | undefined {
  const [ingress] = ingressOf(service);
  const address = ingress?.ip;
  const wanted = service.spec?.loadBalancerIP ?? '';
  if (address === undefined || !pool.includes(address) || (wanted !== '' && wanted !== address)) return undefined;
  return placesAt(service, address).some((place) => taken.has(place)) ? undefined : address;
}

function chooseAddress(service: Service, pool: AddressPool, taken: ReadonlySet<string>): string | undefined {
  const isFree = (address: string): boolean => !placesAt(service, address).some((place) => taken.has(place));
  const wanted = service.spec?.loadBalancerIP ?? '';
  if (wanted !== '') return pool.includes(wanted) && isFree(wanted) ? wanted : undefined;
  for (const address of pool.addresses()) if (isFree(address)) return address;
  return undefined;
}

function noAddress({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join(', ');
  const wanted = spec?.loadBalancerIP ?? '';
  return wanted === ''
    ? `Error syncing load balancer: no address of loadBalancerAddresses is free at ${ports}`
    : `Error syncing load balancer: ${wanted} (spec.loadBalancerIP) is none of loadBalancerAddresses, or taken at ${ports}`;
}

const statusWrite = (service: Service, ingress: readonly LoadBalancerIngress[]): PlannedWrite => ({
  verb: 'update-status',
  kind: serviceKind,
  object: {
    ...service,
    status: { ...service.status, loadBalancer: ingress.length === 0 ? {} : { ingress: [...ingress] } },
  } as unknown as KubeObject,
});

const event = ({ metadata }: Service, type: PlannedEvent['type'], reason: string, message: string): PlannedEvent => ({
  regarding: { apiVersion: 'v1', kind: 'Service', name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid },
  type,
  reason,
  message,
});

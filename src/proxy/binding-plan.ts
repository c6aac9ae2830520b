import type { ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { AddressRanges } from './address-ranges.ts';
import type { BackendAddress, ListenerRole } from './service-proxy.ts';

/** Which addresses the host lends to Services. */
export interface LentAddresses {
  /** Whether ClusterIPs are bound where the machine allows it. */
  readonly clusterIPs: boolean;
  /** Where NodePorts answer. */
  readonly nodePorts: readonly string[];
  /** What LoadBalancers and externalIPs may use. */
  readonly external: AddressRanges;
  /** Where a free port stands in for a ClusterIP that cannot be bound. Undefined: nothing does. */
  readonly standIn: string | undefined;
  /** An address and port of the host's choosing (port 0: any free one), besides all others. */
  readonly forPort: ((service: Stored<ServiceManifest>, port: ServicePort) => BackendAddress | undefined) | undefined;
}

/** One address a Service port should answer at. */
export interface BindingPlan {
  /** Tells bindings of one Service port apart; the same as long as the same socket will do. */
  readonly key: string;
  readonly role: ListenerRole;
  readonly address: string;
  readonly port: number;
  /** Clients that may connect; undefined for all. */
  readonly sourceRanges: readonly string[] | undefined;
  /** The address to use, with any free port, where this one cannot be bound. */
  readonly standIn: string | undefined;
  /** Set if the binding must not be made; the reason. */
  readonly refused: string | undefined;
}

/** Where a Service port should answer, most particular first; no address and port twice. */
export function planBindings(service: Stored<ServiceManifest>, port: ServicePort, lent: LentAddresses): readonly BindingPlan[] {
  const { spec = {}, status } = service;
  const plans: BindingPlan[] = [];
  const add = (role: ListenerRole, address: string, portNumber: number, more: Partial<BindingPlan> = {}): void => {
    if (portNumber !== 0 && plans.some((plan) => plan.address === address && plan.port === portNumber)) return;
    const key = `${role}|${address}|${portNumber}|${more.sourceRanges?.join() ?? ''}`;
    plans.push({ key, role, address, port: portNumber, sourceRanges: undefined, standIn: undefined, refused: undefined, ...more });
  };
  const lentOr = (address: string): string | undefined =>
    lent.external.includes(address) ? undefined : `${address} is not among the external addresses the host lends to Services`;

  const chosen = lent.forPort?.(service, port);
  if (chosen !== undefined) add('host', chosen.host, chosen.port);
  if (spec.type === 'ExternalName') return plans;
  for (const address of clusterIPs(spec)) {
    const standIn = chosen === undefined ? lent.standIn : undefined;
    if (lent.clusterIPs) add('cluster-ip', address, port.port, { standIn });
    else if (standIn !== undefined) add('host', standIn, 0);
  }
  if (port.nodePort !== undefined && port.nodePort !== 0) for (const address of lent.nodePorts) add('node-port', address, port.nodePort);
  for (const { ip, ipMode } of (spec.type === 'LoadBalancer' && status?.loadBalancer?.ingress) || []) {
    if (ip !== undefined && ipMode !== 'Proxy') {
      add('load-balancer', ip, port.port, { refused: lentOr(ip), sourceRanges: sourceRanges(spec.loadBalancerSourceRanges) });
    }
  }
  for (const ip of spec.externalIPs ?? []) add('external-ip', ip, port.port, { refused: lentOr(ip) });
  return plans;
}

function clusterIPs(spec: NonNullable<ServiceManifest['spec']>): readonly string[] {
  const all = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return all.filter((address) => address !== '' && address !== 'None');
}

const sourceRanges = (ranges: readonly string[] | undefined): readonly string[] | undefined =>
  ranges === undefined || ranges.length === 0 ? undefined : ranges;

import type { Endpoint, EndpointSliceManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';

/** One address and port that slices name for a Service port. */
export interface EndpointTarget {
  /** Tells targets apart: pod, address and port. */
  readonly key: string;
  /** Undefined for an endpoint that is no pod of this cluster. */
  readonly podUid: string | undefined;
  readonly ip: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** The endpoints of one Service port. */
export interface EndpointSelection {
  /** All that the slices name. */
  readonly known: readonly EndpointTarget[];
  /** Those that get traffic. */
  readonly chosen: readonly EndpointTarget[];
  /** True if the chosen ones are terminating, taken because nothing is ready. */
  readonly fallback: boolean;
}

/** Which endpoints to look for. */
export interface SelectionQuery {
  readonly portName: string;
  readonly protocol: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Pods that are never chosen any more. */
  readonly excluded: ReadonlySet<string>;
}

type Slice = Stored<EndpointSliceManifest>;

/**
 * Chooses among endpoints as kube-proxy does: those that are ready (an absent condition counts as ready); if there are none, those that
 * are terminating and still serve. Slices of the Service's address family are used; those of the other only if it has none. Kubernetes:
 * "Virtual IPs and Service Proxies", "Traffic to terminating endpoints".
 */
export function selectEndpoints(slices: readonly Slice[], query: SelectionQuery): EndpointSelection {
  const ofFamily = slices.filter((slice) => slice.addressType === query.family);
  const usable = ofFamily.length > 0 ? ofFamily : slices.filter((slice) => slice.addressType !== 'FQDN');
  const found = new Map<string, EndpointTarget>();
  for (const slice of usable) {
    const port = slice.ports?.find(({ name = '', protocol = 'TCP' }) => name === query.portName && protocol === query.protocol)?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints) {
      const target = targetOf(endpoint, port);
      const before = target && found.get(target.key);
      // The same address in two slices: while it moves from one to the other the better word counts.
      if (target !== undefined && (before === undefined || (target.ready && !before.ready))) found.set(target.key, target);
    }
  }
  const known = [...found.values()];
  const open = known.filter(({ podUid }) => podUid === undefined || !query.excluded.has(podUid));
  const ready = open.filter((target) => target.ready);
  if (ready.length > 0) return { known, chosen: ready, fallback: false };
  const lastResort = open.filter((target) => target.serving && target.terminating);
  return { known, chosen: lastResort, fallback: lastResort.length > 0 };
}

function targetOf(endpoint: Endpoint, port: number): EndpointTarget | undefined {
  const ip = endpoint.addresses[0];
  if (ip === undefined) return undefined;
  const podUid = endpoint.targetRef?.kind === 'Pod' ? endpoint.targetRef.uid : undefined;
  const ready = endpoint.conditions?.ready ?? true;
  return {
    key: `${podUid ?? ''}|${ip}|${port}`,
    podUid,
    ip,
    port,
    ready,
    serving: endpoint.conditions?.serving ?? ready,
    terminating: endpoint.conditions?.terminating ?? false,
  };
}

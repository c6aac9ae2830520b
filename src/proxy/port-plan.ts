import type { EndpointSliceManifest, ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { BalancingPolicy } from './balancer.ts';
import { planBindings, type BindingPlan, type LentAddresses } from './binding-plan.ts';
import { selectEndpoints, type EndpointSelection } from './endpoint-selection.ts';
import type { HoldPolicy } from './hold-queue.ts';
import { protocolAnnotation, protocolMode, type StreamMode } from './protocol-mode.ts';
import type { TrafficMode } from './service-proxy.ts';

/** Set on a Service: which balancing policy its ports use. */
export const balancingAnnotation = 'coxswain.dev/balancing';
/** Set on a Service: how many requests may wait while it has no backend. 0 or absent: none. */
export const holdRequestsAnnotation = 'coxswain.dev/hold-requests';
/** Set on a Service: how many seconds a request may wait, 60 by default. */
export const holdSecondsAnnotation = 'coxswain.dev/hold-seconds';

/** What the host decides for all Services. */
export interface PlanSettings {
  readonly lent: LentAddresses;
  readonly balancing: BalancingPolicy;
  readonly defaultMode: StreamMode;
  readonly hold: ((service: Stored<ServiceManifest>) => HoldPolicy | undefined) | undefined;
}

/** One port of a Service as it should be. */
export interface PortPlan {
  /** Tells ports of a Service apart over its updates: name and protocol. */
  readonly id: string;
  readonly portName: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly mode: TrafficMode;
  readonly balancing: BalancingPolicy;
  readonly affinityMs: number | undefined;
  readonly hold: HoldPolicy | undefined;
  readonly bindings: readonly BindingPlan[];
  readonly endpoints: EndpointSelection;
}

const policies: readonly BalancingPolicy[] = ['round-robin', 'least-connections', 'random-of-two'];

/**
 * What is to be done for a Service, computed from the objects alone.
 * @param excluded Uids of pods that were reported as drained.
 */
export function planPorts(
  service: Stored<ServiceManifest>,
  slices: readonly Stored<EndpointSliceManifest>[],
  excluded: ReadonlySet<string>,
  settings: PlanSettings,
): readonly PortPlan[] {
  const annotations = service.metadata.annotations ?? {};
  const balancing = policies.find((policy) => policy === annotations[balancingAnnotation]) ?? settings.balancing;
  const hold = settings.hold?.(service) ?? annotatedHold(annotations);
  const affinityMs = affinity(service);
  const family = service.spec?.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  return (service.spec?.ports ?? []).map((port) => {
    const portName = port.name ?? '';
    const protocol = protocolOf(port);
    return {
      id: `${portName}/${protocol}`,
      portName,
      protocol,
      port: port.port,
      mode: protocolMode(port, annotations[protocolAnnotation], settings.defaultMode),
      balancing,
      affinityMs,
      hold,
      bindings: planBindings(service, port, settings.lent),
      endpoints:
        service.spec?.type === 'ExternalName'
          ? external(service.spec.externalName ?? '', port)
          : selectEndpoints(slices, { portName, protocol, family, excluded }),
    };
  });
}

function protocolOf({ protocol }: ServicePort): PortPlan['protocol'] {
  return protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP';
}

/** 10,800 s unless `sessionAffinityConfig` says otherwise: Kubernetes, "Session stickiness timeout". */
function affinity({ spec }: Stored<ServiceManifest>): number | undefined {
  return spec?.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * 1_000 : undefined;
}

function annotatedHold(annotations: Readonly<Record<string, string>>): HoldPolicy | undefined {
  const maxRequests = Number(annotations[holdRequestsAnnotation] ?? 0);
  const seconds = Number(annotations[holdSecondsAnnotation] ?? 60);
  return Number.isInteger(maxRequests) && maxRequests > 0 && seconds > 0 ? { maxRequests, maxWaitMs: seconds * 1_000 } : undefined;
}

/** A Service that is another name for something outside: what the host binds for it leads there. */
function external(host: string, { port }: ServicePort): EndpointSelection {
  const target = { key: `|${host}|${port}`, podUid: undefined, ip: host, port, ready: true, serving: true, terminating: false };
  return { known: [target], chosen: [target], fallback: false };
}

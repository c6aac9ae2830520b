import type { Participant } from '../loop/participant.ts';

/** Where a Service port answers on this machine. */
export interface ServiceListener {
  readonly service: { readonly namespace: string; readonly name: string };
  /** '' for an unnamed port. */
  readonly portName: string;
  readonly protocol: 'TCP' | 'UDP';
  /** `http` if requests are balanced one by one (`appProtocol: http`, `kubernetes.io/ws`, or the annotation `coxswain.dev/protocol`). */
  readonly mode: 'tcp' | 'udp' | 'http';
  /** The port of the Service. */
  readonly port: number;
  readonly address: string;
  /** The port that answers at `address`: equal to `port` where the ClusterIP itself can be bound. */
  readonly localPort: number;
}

/** Counted since the proxy started; for each Service and for each pod. */
export interface TrafficCounters {
  readonly requests: number;
  readonly connections: number;
  readonly errors: number;
  readonly inFlight: number;
  /** Sum of latencies of finished requests (HTTP) or lifetimes of connections, in milliseconds. */
  readonly latencyMsSum: number;
  /** Cumulative counts of latencies up to each bound of `latencyBucketsMs`, and in all. */
  readonly latencyBuckets: readonly number[];
}

/** Turns a pod's uid and target port into something the proxy can connect to (the runtime knows). */
export type BackendResolver = (
  podUid: string,
  ip: string,
  port: number,
  protocol: 'TCP' | 'UDP',
) => { readonly host: string; readonly port: number } | undefined;

/**
 * Carries Service traffic: follows Services and EndpointSlices, swaps backend lists atomically, counts. When an endpoint goes,
 * no new request reaches it, what is in flight is finished, and the side table `drained` of the view gets an entry
 * (pod uid -> time) which the kubelet waits for.
 */
export interface ServiceProxy extends Participant {
  /** All listeners now open. */
  listeners(): readonly ServiceListener[];
  /** Counters of a Service, over all its ports; undefined if nothing was counted. */
  serviceCounters(namespace: string, name: string): TrafficCounters | undefined;
  podCounters(podUid: string): TrafficCounters | undefined;
  /** Requests and connections in flight to a pod. */
  inFlight(podUid: string): number;
}

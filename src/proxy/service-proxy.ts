import type { Participant } from '../loop/participant.ts';

/** Which of a Service's addresses a listener is. */
export type ListenerRole = 'cluster-ip' | 'node-port' | 'load-balancer' | 'external-ip' | 'host';

/**
 * How the traffic of a Service port is carried: datagrams, connections, HTTP requests balanced one by one, or (`auto`) each connection
 * by what it turns out to carry.
 */
export type TrafficMode = 'tcp' | 'udp' | 'http' | 'auto';

/** A Service, by name. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Where a Service port answers on this machine. */
export interface ServiceListener {
  readonly service: ServiceName;
  /** '' for an unnamed port. */
  readonly portName: string;
  readonly protocol: 'TCP' | 'UDP';
  /** Follows from `appProtocol`, the annotation `coxswain.dev/protocol`, and the port's name. */
  readonly mode: TrafficMode;
  /** `host` for an address of the host's choosing, and for the one that stands in for a ClusterIP this machine cannot bind. */
  readonly role: ListenerRole;
  /** The port of the Service. */
  readonly port: number;
  readonly address: string;
  /** The port that answers at `address`: equal to `port` where the ClusterIP itself can be bound. Stable while the Service lives. */
  readonly localPort: number;
}

/** An address of a Service that does not answer, and why: shown to people, repeated by the proxy until it works. */
export interface ListenerProblem {
  readonly service: ServiceName;
  readonly portName: string;
  readonly role: ListenerRole;
  readonly address: string;
  readonly port: number;
  /** The machine's code (`EADDRINUSE`, `EACCES`, ...), or `NOT_ALLOWED` for an address the host did not lend, `UNSUPPORTED` for SCTP. */
  readonly code: string;
  readonly message: string;
}

/** Counted since the proxy started; for each Service and for each pod. */
export interface TrafficCounters {
  /** HTTP requests begun. For a pod: those that were sent to it, repeats included. */
  readonly requests: number;
  /** TCP connections accepted and UDP flows begun; for a pod: those opened to it. */
  readonly connections: number;
  /** Requests and connections that were refused, cut or answered by the proxy itself (502, 503, 504). Clients that gave up are none. */
  readonly errors: number;
  /** HTTP responses of pods with a status of 500 or more. */
  readonly serverErrors: number;
  /** Requests, TCP connections and WebSockets not finished yet. */
  readonly inFlight: number;
  /** Sum of latencies of finished requests (HTTP, WebSockets left out) or lifetimes of connections, in milliseconds. */
  readonly latencyMsSum: number;
  /** Cumulative counts of latencies up to each bound of `latencyBucketsMs`, and in all. */
  readonly latencyBuckets: readonly number[];
}

/** What is counted for a Service besides its traffic. */
export interface ServiceCounters extends TrafficCounters {
  /** Requests and connections that wait for a first backend now. */
  readonly held: number;
  /** All that ever waited. */
  readonly heldTotal: number;
}

/**
 * Turns a pod's uid and target port into something the proxy can connect to (the runtime knows). Asked for every new connection,
 * so it should be a look-up. Undefined: not reachable now; the proxy tries another pod.
 */
export type BackendResolver = (podUid: string, ip: string, port: number, protocol: 'TCP' | 'UDP') => BackendAddress | undefined;

export interface BackendAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Carries Service traffic: follows Services, EndpointSlices and Pods through `onChanges`, swaps backend lists atomically, counts.
 *
 * Only ready endpoints get traffic; where there is none, those that are terminating but still serve (as kube-proxy does). When an
 * endpoint leaves, no new request reaches it and what is in flight is finished. A pod with a deletionTimestamp that no Service port
 * would choose any more and that has nothing in flight is reported once, from `step`, to the callback its maker gave
 * (`markDrained(podUid, atMs)`, which writes the side table `drained` of the view); it is never chosen again. A pod behind no
 * Service is reported in the next step.
 */
export interface ServiceProxy extends Participant {
  /** Upper bounds, in milliseconds, of `TrafficCounters.latencyBuckets` (one more bucket than bounds: the last counts all). */
  readonly latencyBucketsMs: readonly number[];
  /** All listeners now open. */
  listeners(): readonly ServiceListener[];
  /** Addresses that should answer and do not. */
  problems(): readonly ListenerProblem[];
  /** Counters of a Service, over all its ports; undefined if the proxy knows no such Service. */
  serviceCounters(namespace: string, name: string): ServiceCounters | undefined;
  /** Counters of a pod; undefined if it is behind no Service. Kept until the pod's object is gone and nothing is in flight. */
  podCounters(podUid: string): TrafficCounters | undefined;
  /** Requests and connections in flight to a pod. */
  inFlight(podUid: string): number;
}

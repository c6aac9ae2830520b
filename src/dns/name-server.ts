import type { Participant } from '../loop/participant.ts';

/** Where a name server answers, over UDP and TCP alike. */
export interface NameServerAddress {
  readonly address: string;
  readonly port: number;
}

/** Counted since the server started. */
export interface NameServerCounters {
  readonly queries: number;
  /** Answered from the cluster: an address, an alias, "no such name". */
  readonly answered: number;
  /** Passed on to somebody else. */
  readonly forwarded: number;
  /** Refused, malformed, or without an answer from anybody. */
  readonly failed: number;
}

/**
 * Answers the names of Services and pods as Kubernetes' DNS specification (1.1.0) says: `<service>.<namespace>.svc.<zone>` (A, AAAA, and
 * CNAME for ExternalName), `<hostname>.<service>.<namespace>.svc.<zone>` for endpoints, `_<port>._<protocol>.<service>...` (SRV), the
 * reverse names of both (PTR), `dns-version.<zone>` (TXT). It follows Services, EndpointSlices and Namespaces through `onChanges`;
 * answers are of the objects it was told of last.
 */
export interface NameServer extends Participant {
  /** Undefined until it is bound. */
  address(): NameServerAddress | undefined;
  /** Why it is not bound, in words; undefined if it is, or is about to be. It tries again by itself. */
  problem(): string | undefined;
  counters(): NameServerCounters;
}

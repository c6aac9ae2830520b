/** What a balancing policy may look at. */
export interface BackendLoad {
  /** Requests and connections now carried to this pod through all Services. */
  readonly inFlight: number;
}

/**
 * Chooses one of the backends of a Service port for a request or connection without a session. One object serves one Service
 * port and may remember where it was; the list may be another one at every call.
 */
export interface Balancer {
  /** The index of the chosen one. `backends` has at least one element. */
  pick(backends: readonly BackendLoad[]): number;
}

/** Names of the policies that come with the package. */
export type BalancingPolicy = 'round-robin' | 'least-connections' | 'random-of-two';

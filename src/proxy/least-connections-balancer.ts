import type { Balancer, BackendLoad } from './balancer.ts';

/** The one with the least in flight; equals take turns. */
export class LeastConnectionsBalancer implements Balancer {
  #from = 0;

  pick(backends: readonly BackendLoad[]): number {
    const from = this.#from % backends.length;
    let best = from;
    for (let i = 1; i < backends.length; i++) {
      const index = (from + i) % backends.length;
      if (backends[index]!.inFlight < backends[best]!.inFlight) best = index;
    }
    this.#from = best + 1;
    return best;
  }
}

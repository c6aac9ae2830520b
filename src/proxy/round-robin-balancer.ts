import type { Balancer, BackendLoad } from './balancer.ts';

/** One after the other. What is added or removed shifts the turn by one place at most. */
export class RoundRobinBalancer implements Balancer {
  #next = 0;

  pick(backends: readonly BackendLoad[]): number {
    const index = this.#next % backends.length;
    this.#next = index + 1;
    return index;
  }
}

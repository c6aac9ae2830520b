import type { Random } from '../env/random.ts';
import type { Balancer, BackendLoad } from './balancer.ts';

/** Draws two and takes the one with less in flight: nearly as even as looking at all of them, at the cost of two (Mitzenmacher, 2001). */
export class RandomOfTwoBalancer implements Balancer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(backends: readonly BackendLoad[]): number {
    const count = backends.length;
    if (count === 1) return 0;
    const first = this.#random.integer(count);
    const other = this.#random.integer(count - 1);
    const second = other < first ? other : other + 1;
    return backends[second]!.inFlight < backends[first]!.inFlight ? second : first;
  }
}

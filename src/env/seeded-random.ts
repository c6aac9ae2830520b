import type { Random } from './random.ts';

/** A 32-bit FNV-1a hash of a text, the way a label becomes a seed. */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A small, fast generator (mulberry32). Statistically fine for simulations, worthless for secrets. */
export class SeededRandom implements Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  integer(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  fork(label: string): Random {
    return new SeededRandom(hash32(label, (this.#seed ^ 0x811c9dc5) >>> 0));
  }
}

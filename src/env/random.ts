/** Seeded chance: names, jitter, tie-breaks. The same seed gives the same numbers. Never for anything secret. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  integer(bound: number): number;
  /** An independent source whose numbers follow from this one's seed and `label`, not from how much was drawn before. */
  fork(label: string): Random;
}

/** Chance for everything secret: tokens, keys, passwords. */
export interface SecureRandom {
  bytes(length: number): Uint8Array;
}
